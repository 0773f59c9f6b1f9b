package dev.aiopipe.engine.process;

import dev.aiopipe.engine.linux.NativeAccess;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Has a child lead a session, and so a process group, of its own. The JDK has no way to, so the program {@code setsid}
 * (util-linux, or busybox) is started in the program's place, and becomes it.
 */
final class OwnGroup {
    private static final List<String> PLACES = List.of("/usr/bin/setsid", "/bin/setsid");

    private OwnGroup() {}

    /**
     * Returns the command that becomes the builder's.
     *
     * @throws IOException if there is no {@code setsid}, or the program is missing, which would be found out too late
     *     otherwise
     */
    static List<String> command(ProcessBuilder builder) throws IOException {
        NativeAccess.hasLibC(); // loaded here, or the first signal would wait for that
        List<String> command = new ArrayList<>();
        command.add(setsid());
        command.add(DescriptorPassing.resolve(builder));
        command.addAll(builder.command().subList(1, builder.command().size()));
        return command;
    }

    private static String setsid() throws IOException {
        for (String place : PLACES) {
            if (new File(place).canExecute()) {
                return place;
            }
        }
        throw new IOException("no program setsid, which gives a child a process group of its own: " + PLACES);
    }
}
