package dev.aiopipe.examples;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.EOFException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** Child processes that answer each line with a line. Each worker has one question at a time. */
public final class WorkerPool implements AutoCloseable {
    // begin
    private final List<AsyncProcess> workers;
    private final Queue<AsyncProcess> idle;

    /** Starts the workers. */
    public WorkerPool(ProcessBuilder program, int size) {
        workers = Stream.generate(() -> AsyncPipes.start(program)).limit(size).toList().stream()
                .map(CompletableFuture::join)
                .toList();
        idle = new ConcurrentLinkedQueue<>(workers);
    }

    /** Asks an idle worker. A worker that is late or has ended does not become idle again. */
    public CompletableFuture<String> ask(String question, Duration patience) {
        AsyncProcess worker = idle.poll();
        if (worker == null) {
            return CompletableFuture.failedFuture(new IllegalStateException("all workers are busy"));
        }
        return worker.stdin()
                .writeLine(question)
                .thenCompose(written -> worker.stdout().withTimeout(patience).readLine()) // the read itself times out
                .thenApply(answer -> {
                    if (answer == null) {
                        throw new CompletionException(new EOFException("the worker has ended"));
                    }
                    idle.add(worker);
                    return answer;
                });
    }

    /** Ends the workers, silent ones too: closes their stdin, and sends signals after the grace. */
    @Override
    public void close() {
        CompletableFuture<?>[] stops = workers.stream()
                .map(worker -> worker.stop(Duration.ofMillis(200)))
                .toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(stops).join();
        workers.forEach(AsyncProcess::close);
    }
    // end

    /**
     * Asks two workers.
     *
     * @param args the questions
     */
    public static void main(String[] args) {
        try (WorkerPool pool = new WorkerPool(new ProcessBuilder("cat"), 2)) {
            for (String question : args) {
                System.out.println(pool.ask(question, Duration.ofSeconds(5)).join());
            }
        }
    }
}
