package dev.aiopipe.engine.process;

import dev.aiopipe.Signal;
import dev.aiopipe.engine.linux.ProcessSignals;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;

/**
 * Sends signals to a child, or to all of the process group that it leads.
 *
 * <p>The JDK's {@link ProcessHandle} sends TERM and KILL to a single process, and compares its start time first. All
 * else is for {@link ProcessSignals}.
 */
final class ChildSignals {
    private final Process process;
    private final boolean ownGroup;
    private final Signal stopSignal;
    private volatile boolean groupGone;

    ChildSignals(Process process, boolean ownGroup, Signal stopSignal) {
        this.process = process;
        this.ownGroup = ownGroup;
        this.stopSignal = stopSignal;
    }

    /** Sends a signal; does nothing if all that could get it has ended. */
    void send(Signal signal) throws IOException {
        if (ownGroup) {
            sendToGroup(signal);
        } else {
            sendToChild(signal);
        }
    }

    /**
     * Asks the child to end. Not by {@link Process#destroy}, which closes the JDK's streams, so that last words are
     * lost in the fallback.
     */
    void stop() throws IOException {
        send(stopSignal);
    }

    /** Kills the child, or what is left of its group, if the system lets us. Does not wait. */
    void kill() {
        if (process.isAlive()) {
            process.toHandle().destroyForcibly();
        }
        if (ownGroup) {
            try {
                sendToGroup(Signal.KILL);
            } catch (IOException e) {
                Threads.report(e); // whoever kills wants to go on
            }
        }
    }

    boolean hasGroup() {
        return ownGroup;
    }

    private void sendToChild(Signal signal) throws IOException {
        switch (signal) {
            case TERM -> process.toHandle().destroy();
            case KILL -> process.toHandle().destroyForcibly();
            default -> ProcessSignals.send(process.pid(), signal.name(), signal.number(), process::isAlive);
        }
    }

    /**
     * The number of a group is not given away while anybody is in it. If the child has exited, and a process of its pid
     * lives, nobody was in it, and both numbers are a stranger's.
     */
    private void sendToGroup(Signal signal) throws IOException {
        boolean alive = process.isAlive();
        if (groupGone || (!alive && ProcessHandle.of(process.pid()).isPresent())) {
            return;
        }
        if (!ProcessSignals.sendToGroup(process.pid(), signal.name(), signal.number())) {
            groupGone = !alive;
            sendToChild(signal); // perhaps it has not become the leader of its group yet
        }
    }
}
