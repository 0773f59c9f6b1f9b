package dev.aiopipe.testkit;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;

/** The open descriptors of this process. */
public final class Descriptors {
    private static final File DIRECTORY = new File("/proc/self/fd");

    private Descriptors() {}

    /**
     * Lists the open descriptors without those that the JVM opens when it pleases.
     *
     * @return the target of each by its number; empty where there is no {@code /proc}
     */
    public static Map<Integer, String> open() {
        Map<Integer, String> found = new TreeMap<>();
        String[] numbers = DIRECTORY.list();
        for (String number : numbers == null ? new String[0] : numbers) {
            try {
                String target = Files.readSymbolicLink(DIRECTORY.toPath().resolve(number))
                        .toString();
                if (!isTheJvms(target)) {
                    found.put(Integer.valueOf(number), target);
                }
            } catch (IOException e) {
                continue; // closed since it was listed, as the listing's own one is
            }
        }
        return found;
    }

    /** Counts the open ends of pipes. */
    public static int pipes() {
        return (int) open().values().stream()
                .filter(target -> target.startsWith("pipe:"))
                .count();
    }

    static boolean areVisible() {
        return DIRECTORY.isDirectory();
    }

    private static boolean isTheJvms(String target) {
        return target.endsWith(".jar")
                || target.endsWith("/modules")
                || target.endsWith("random")
                || target.startsWith("/tmp/ffi") // where JNA's library keeps the code that it makes
                || target.startsWith("/proc/");
    }
}
