package dev.aiopipe.jvm;

import dev.aiopipe.engine.Child;
import dev.aiopipe.engine.Stop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Stops a child, and drains its outputs meanwhile. All of this runs on the default executor: the user's may be shut down by now, or be
 * waiting for the child. Only what follows on the exit is for the user's.
 */
final class Stopping {
    private static final Continuations CONTINUATIONS = new Continuations(Continuations.DEFAULT);

    private Stopping() {}

    static PipeFuture<Integer> of(
            Child child, Stream<Source> outputs, Duration grace, boolean descendants, Continuations continuations) {
        Stop steps = Stop.of(child, grace, descendants, Continuations.DEFAULT);
        List<Drain> drains = // before the child can react: they see who reads now
                outputs.flatMap(output -> Drain.of(output, CONTINUATIONS).stream())
                        .toList();
        CompletableFuture<Integer> stop = steps.begin();
        CompletableFuture<Integer> stopped = stop.whenComplete((code, failure) -> drains.forEach(Drain::end));
        return Relayed.of(stopped, () -> stop.cancel(false), continuations);
    }
}
