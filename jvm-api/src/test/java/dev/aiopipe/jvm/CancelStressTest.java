package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads that are given up at any moment while lines arrive at any moment: each line is delivered once, in order. */
@ExtendWith(NothingLeft.class)
class CancelStressTest {
    private static final int CANCELS = 100_000;

    private final Random random = new Random(4);
    private int next;

    @ParameterizedTest
    @EnumSource
    @DisplayName("J02 R28 reads that are cancelled at random lose no line")
    void cancelAtRandom(Kind kind) throws Exception {
        try (Link link = kind.open()) {
            Thread feeder = feed(link.writer());
            for (int i = 0; i < CANCELS; i++) {
                CompletableFuture<String> line = link.reader().readLine();
                spin();
                if (!line.cancel(true)) {
                    check(get(line));
                }
            }
            finish(link, feeder);
        }
    }

    @Test
    @DisplayName("J02 reads whose time is over at random lose no line")
    void timeoutsAtRandom() throws Exception {
        try (Link link = Kind.PIPE.open()) {
            Thread feeder = feed(link.writer());
            for (int i = 0; i < CANCELS / 10; i++) {
                Duration time = Duration.ofNanos(random.nextInt(50_000));
                try {
                    check(link.reader().withTimeout(time).readLine().get());
                } catch (ExecutionException e) {
                    assertEquals(TimeoutException.class, e.getCause().getClass());
                }
            }
            finish(link, feeder);
        }
    }

    @Test
    @DisplayName("J02 futures that somebody else completes at random lose no line")
    void completedAtRandom() throws Exception {
        try (Link link = Kind.PIPE.open()) {
            Thread feeder = feed(link.writer());
            for (int i = 0; i < CANCELS; i++) {
                CompletableFuture<String> line = link.reader().readLine();
                Thread other = i % 100 == 0 ? new Thread(() -> line.complete("mine")) : null;
                if (other != null) {
                    other.start();
                }
                spin();
                line.complete("mine");
                if (!get(line).equals("mine")) {
                    check(get(line));
                }
                if (other != null) {
                    other.join();
                }
            }
            finish(link, feeder);
        }
    }

    private void spin() {
        for (int i = random.nextInt(200); i > 0; i--) {
            Thread.onSpinWait();
        }
    }

    private void check(String line) {
        assertEquals(Integer.toString(next++), line);
    }

    private void finish(Link link, Thread feeder) throws InterruptedException {
        feeder.interrupt();
        for (String line = get(link.reader().readLine());
                line != null;
                line = get(link.reader().readLine())) {
            check(line);
        }
        feeder.join();
    }

    /** Writes lines, often in pieces, until it is interrupted. */
    private static Thread feed(AsyncPipeWriter writer) {
        Thread feeder = new Thread(() -> {
            Random random = new Random(7);
            for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                String line = i + "\n";
                int split = random.nextInt(line.length());
                writer.write(line.substring(0, split)).join();
                Thread.yield();
                writer.write(line.substring(split)).join();
                for (int pause = random.nextInt(2_000); pause > 0; pause--) {
                    Thread.onSpinWait();
                }
            }
            writer.close();
        });
        feeder.start();
        return feeder;
    }
}
