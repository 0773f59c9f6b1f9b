package dev.aiopipe.testkit;

import dev.aiopipe.AioPipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;

/** Collects garbage. */
public final class Garbage {
    private Garbage() {}

    /** Returns when all that was garbage before has been collected, and its cleaning is done. */
    public static void collect() {
        // The cleaner's order is not defined: the second pipe is closed after all that the first collection found.
        for (int i = 0; i < 2; i++) {
            Set<String> lost = losePipe();
            Await.until("the lost pipe is closed", () -> {
                System.gc();
                return Collections.disjoint(lost, Descriptors.open().values());
            });
        }
    }

    private static Set<String> losePipe() {
        Set<String> before = new HashSet<>(Descriptors.open().values());
        try {
            AioPipe.create();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Set<String> lost = new HashSet<>(Descriptors.open().values());
        lost.removeAll(before);
        lost.removeIf(target -> !target.startsWith("pipe:"));
        return lost;
    }
}
