package dev.aiopipe.testkit;

import dev.aiopipe.AioPipe;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Collections;
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

    /**
     * Returns the target of the descriptors of a pipe that nothing refers to; empty where there is no {@code /proc}.
     */
    private static Set<String> losePipe() {
        if (Descriptors.open().isEmpty()) {
            return Set.of();
        }
        try {
            File end = AioPipe.create().rx().forChild().redirect().file();
            return Set.of(Files.readSymbolicLink(end.toPath()).toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
