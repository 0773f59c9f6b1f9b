package dev.aiopipe.examples;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.EOFException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/**
 * A pool of workers that answer a line with a line. A request has a time limit. If its worker dies or hangs, the worker
 * is started anew, and the request is given to another one. No thread waits for a worker.
 *
 * <pre>
 * java -cp … dev.aiopipe.examples.Supervisor cat -- one two three
 * </pre>
 *
 * <p>A command prefix takes the workers elsewhere, here or in the list of {@link #main}: {@code ssh host cat -- …},
 * {@code kubectl exec -i pod -- cat -- …}. The requests come after the last {@code --}.
 */
public final class Supervisor implements AutoCloseable {
    // begin
    private static final int MAX_TRIES = 3;

    private final List<Worker> workers;
    private final Idle idle = new Idle();

    /** Starts a worker by each of the commands. Each try to answer a request may take as long as the limit. */
    public Supervisor(List<List<String>> commands, Duration limit) {
        workers = commands.stream().map(command -> new Worker(command, limit)).toList();
        workers.forEach(idle::put);
    }

    /** Has a worker answer. Fails with an IOException if three workers have died or hung over the request. */
    public CompletableFuture<String> ask(String request) {
        return ask(request, 1);
    }

    private CompletableFuture<String> ask(String request, int attempt) {
        return idle.take()
                .thenCompose(worker -> worker.ask(request).whenComplete((answer, failure) -> {
                    if (failure == null) {
                        idle.put(worker);
                    } else {
                        worker.restart().whenComplete((child, noStart) -> idle.put(worker));
                    }
                }))
                .exceptionallyCompose(failure -> attempt < MAX_TRIES
                        ? ask(request, attempt + 1)
                        : CompletableFuture.failedFuture(new IOException("no worker answers: " + request, failure)));
    }

    /** Ends the workers, also those that hang. What is asked, or was asked and is not answered yet, fails. */
    @Override
    public void close() {
        CompletableFuture.allOf(workers.stream().map(Worker::end).toArray(CompletableFuture<?>[]::new))
                .join();
    }

    /** One child after the other, each started by the same command. */
    private static final class Worker {
        private final ProcessBuilder program;
        private final Duration limit;
        private volatile CompletableFuture<AsyncProcess> child;
        private boolean ended;

        Worker(List<String> command, Duration limit) {
            this.program = new ProcessBuilder(command).redirectError(Redirect.INHERIT);
            this.limit = limit;
            this.child = AsyncPipes.start(program);
        }

        CompletableFuture<String> ask(String request) {
            return child.thenCompose(it -> {
                        it.stdin().writeLine(request); // a request that can't be written is not answered either
                        return it.stdout().withTimeout(limit).readLine(); // the read itself times out
                    })
                    .thenApply(answer -> {
                        if (answer == null) {
                            throw new CompletionException(new EOFException("the worker has ended"));
                        }
                        return answer;
                    });
        }

        synchronized CompletableFuture<AsyncProcess> restart() {
            if (!ended) {
                child = stop().thenCompose(stopped -> AsyncPipes.start(program));
            }
            return child;
        }

        synchronized CompletableFuture<Void> end() {
            ended = true;
            return stop();
        }

        /** Closes the child's stdin, and sends signals after the grace. A child that can't be started needs no stop. */
        private CompletableFuture<Void> stop() {
            return child.thenCompose(it -> it.stop(Duration.ofMillis(200)).whenComplete((code, failure) -> it.close()))
                    .handle((code, failure) -> null);
        }
    }

    // end

    /** The workers that have nothing to do, or the requests that wait for one. Never both. */
    private static final class Idle {
        private final Queue<Worker> workers = new ArrayDeque<>();
        private final Queue<CompletableFuture<Worker>> requests = new ArrayDeque<>();

        synchronized CompletableFuture<Worker> take() {
            CompletableFuture<Worker> request = new CompletableFuture<>();
            Worker worker = workers.poll();
            if (worker == null) {
                requests.add(request);
            } else {
                request.complete(worker);
            }
            return request;
        }

        synchronized void put(Worker worker) {
            CompletableFuture<Worker> request = requests.poll();
            if (request == null) {
                workers.add(worker);
            } else {
                request.completeAsync(() -> worker); // not on this stack, which would grow with each request
            }
        }
    }

    /**
     * Has two workers answer.
     *
     * @param args the worker's command, {@code --}, and the requests
     */
    public static void main(String[] args) {
        List<String> arguments = List.of(args);
        int separator = arguments.lastIndexOf("--");
        List<String> command = arguments.subList(0, separator);
        // A prefix for each worker, such as List.of("ssh", "host"), List.of("kubectl", "exec", "-i", "pod", "--").
        List<List<String>> places = List.of(List.of(), List.of());
        List<List<String>> commands = places.stream()
                .map(place -> Stream.concat(place.stream(), command.stream()).toList())
                .toList();
        try (Supervisor supervisor = new Supervisor(commands, Duration.ofSeconds(5))) {
            List<String> requests = arguments.subList(separator + 1, arguments.size());
            List<CompletableFuture<String>> answers =
                    requests.stream().map(supervisor::ask).toList();
            answers.forEach(answer -> System.out.println(answer.join()));
        }
    }
}
