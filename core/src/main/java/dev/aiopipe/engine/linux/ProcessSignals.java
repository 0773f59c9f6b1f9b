package dev.aiopipe.engine.linux;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.function.BooleanSupplier;

/**
 * Sends signals to processes. A pid that the system has given to another process meanwhile is not hit: a pidfd
 * (pidfd_open(2)) stays with the process that it was opened for, and the caller says after the opening whether that was
 * the right one.
 */
public final class ProcessSignals {
    private ProcessSignals() {}

    /**
     * Sends a signal to one process. The first call loads JNA, which takes a tenth of a second.
     *
     * @param pid the process
     * @param name of the signal, for where there is no C library: {@code kill -s} takes it
     * @param signal the signal's number
     * @param isOurs whether the process has not been waited for, so that the pid is its own
     * @return false if the process has ended
     * @throws IOException if the system refuses
     */
    public static boolean send(long pid, String name, int signal, BooleanSupplier isOurs) throws IOException {
        if (!NativeAccess.hasLibC()) {
            return isOurs.getAsBoolean() && sendByShell(Long.toString(pid), name);
        }
        int pidfd = LibC.openPid(pid);
        if (pidfd < 0 && LibC.isNoProcess()) {
            return false;
        }
        try {
            if (!isOurs.getAsBoolean()) {
                return false;
            }
            // an old kernel has no pidfd, and some containers forbid it
            int result = pidfd < 0 ? LibC.kill(pid, signal) : LibC.signalPid(pidfd, signal);
            return sent(result, "signal " + name + " to process " + pid);
        } finally {
            if (pidfd >= 0) {
                LibC.close(pidfd);
            }
        }
    }

    /**
     * Sends a signal to all of a process group.
     *
     * @param group the pid of its leader, or of the leader that it had
     * @param name of the signal
     * @param signal the signal's number
     * @return false if nobody is in it
     * @throws IOException if the system refuses
     */
    public static boolean sendToGroup(long group, String name, int signal) throws IOException {
        if (NativeAccess.hasLibC()) {
            return sent(LibC.kill(-group, signal), "signal " + name + " to process group " + group);
        }
        return sendByShell("-" + group, name);
    }

    private static boolean sent(int result, String what) throws IOException {
        if (result != 0 && !LibC.isNoProcess()) {
            throw LibC.failure(what);
        }
        return result == 0;
    }

    /** False also if the system refuses: the shell does not say why. */
    private static boolean sendByShell(String target, String name) throws IOException {
        Process shell = new ProcessBuilder("/bin/sh", "-c", "kill -s \"$1\" -- \"$2\"", "sh", name, target)
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return shell.waitFor() == 0;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
