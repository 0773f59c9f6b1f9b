package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Passes one line after the other to an action, up to the end of the stream. The next line follows when the action is
 * done with the one before.
 */
public final class LineLoop extends ReadLoop implements PipeFuture.Operation, BusyReader {
    /** For an action that is done when it returns. */
    public static final CompletionStage<?> DONE = CompletableFuture.completedStage(null);

    private final boolean readsOn;
    private final Function<? super String, ? extends CompletionStage<?>> action;
    private final PipeFuture<@Nullable Void> future;
    private volatile boolean acting; // a stage that the action returned is not done
    private volatile @Nullable Throwable failure; // of that stage

    /**
     * Makes a loop that has read nothing yet.
     *
     * @param readsOn true if the action is done when it returns, so that the loop reads on for sure
     */
    public LineLoop(
            ReaderView view,
            ReadOp<String> line,
            boolean readsOn,
            Function<? super String, ? extends CompletionStage<?>> action) {
        super(view, line);
        this.readsOn = readsOn;
        this.action = action;
        this.future = new PipeFuture<>(view.callbacks(), this);
    }

    public PipeFuture<@Nullable Void> begin() {
        if (readsOn) {
            view.input().enter(this);
        }
        schedule();
        return future;
    }

    @Override
    protected boolean step() throws Throwable {
        if (acting) {
            return false;
        } else if (failure != null) {
            throw failure;
        }
        Object line = take();
        if (line == ReadOp.MORE) {
            return false;
        } else if (line == null) {
            if (leave()) {
                future.succeed(null);
            }
            return false;
        }
        act((String) line);
        return true;
    }

    private void act(String line) {
        CompletionStage<?> stage = Objects.requireNonNull(action.apply(line), "the action gave no stage");
        if (stage != DONE) {
            acting = true;
            stage.whenComplete((ignored, thrown) -> {
                failure = FutureFailures.unwrapped(thrown);
                acting = false;
                schedule();
            });
        }
    }

    /** Ends this. Returns true for the first caller. */
    private boolean leave() {
        boolean first = stop();
        if (first && readsOn) {
            view.input().leave(this);
        }
        return first;
    }

    @Override
    protected void failed(Throwable why) {
        if (leave()) {
            future.fail(why);
        }
    }

    @Override
    public boolean readsOn(@Nullable Object stopper) {
        return true;
    }

    @Override
    public boolean withdraw() {
        return leave();
    }
}
