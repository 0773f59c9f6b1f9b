package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.ExtendWith;

/** A blocked view parks a virtual thread. In the benchmarks VirtualThreads shows that the JDK's own streams starve. */
@ExtendWith(NothingLeft.class)
class VirtualThreadsTest {
    private static final int THREADS = 1_000;

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "there are no virtual threads before JDK 21")
    @DisplayName("J06 1,000 virtual threads blocked in asInputStream leave the scheduler to others")
    void thousandBlockedReads() throws Throwable {
        List<Link> links = new ArrayList<>();
        ExecutorService threads = virtualThreads();
        try {
            List<CompletableFuture<Integer>> reads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Link link = Kind.PIPE.open();
                links.add(link);
                reads.add(CompletableFuture.supplyAsync(
                        () -> readOne(link.reader().asInputStream()), threads));
            }
            assertEquals("runs", get(CompletableFuture.supplyAsync(() -> "runs", threads)));

            for (int i = 0; i < THREADS; i++) {
                OutputStream out = links.get(i).writer().asOutputStream();
                out.write(i % 256);
            }
            for (int i = 0; i < THREADS; i++) {
                assertEquals(i % 256, get(reads.get(i)));
            }
        } finally {
            threads.shutdownNow();
            links.forEach(Link::close);
        }
    }

    private static int readOne(InputStream in) {
        try {
            return in.read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By reflection: this is compiled for JDK 17. */
    private static ExecutorService virtualThreads() throws Throwable {
        return (ExecutorService) MethodHandles.publicLookup()
                .findStatic(
                        Executors.class,
                        "newVirtualThreadPerTaskExecutor",
                        MethodType.methodType(ExecutorService.class))
                .invoke();
    }
}
