package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.future.SerialTask;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Hands one line after the other to an action, each when the action is through with the one before, up to the end of
 * the stream.
 */
public final class LineLoop extends ReadTask implements PipeFuture.Operation, BusyReader {
    /** For an action that is through when it returns. */
    public static final CompletionStage<?> THROUGH = CompletableFuture.completedStage(null);

    private final boolean readsOn;
    private final Function<? super String, ? extends CompletionStage<?>> action;
    private final PipeFuture<@Nullable Void> future;
    private final SerialTask turns;
    private volatile boolean acting; // a stage that the action gave is not through
    private volatile @Nullable Throwable failure; // of that stage

    /** One whose action is through when it returns reads on for sure; what another one waits for, nobody knows. */
    public LineLoop(
            ReaderView view,
            ReadOp<String> line,
            boolean readsOn,
            Function<? super String, ? extends CompletionStage<?>> action) {
        super(view, line);
        this.readsOn = readsOn;
        this.action = action;
        this.future = new PipeFuture<>(view.callbacks(), this);
        this.turns = new SerialTask(view.callbacks(), this::turn, this::refused);
    }

    public PipeFuture<@Nullable Void> begin() {
        if (readsOn) {
            view.input().enter(this);
        }
        turns.schedule();
        return future;
    }

    @Override
    protected void onWake() {
        turns.schedule();
    }

    private void turn() {
        while (!acting) {
            try {
                if (failure != null) {
                    throw failure;
                }
                Object line = take();
                if (line == ReadOp.MORE) {
                    return;
                } else if (line == null) {
                    if (leave()) {
                        future.succeed(null);
                    }
                    return;
                }
                act((String) line);
                if (turns.isUsedUp()) {
                    return;
                }
            } catch (Throwable e) {
                if (leave()) {
                    future.fail(e);
                }
                return;
            }
        }
    }

    private void act(String line) {
        CompletionStage<?> stage = Objects.requireNonNull(action.apply(line), "the action gave no stage");
        if (stage != THROUGH) {
            acting = true;
            stage.whenComplete((ignored, thrown) -> {
                failure = FutureFailures.unwrapped(thrown);
                acting = false;
                turns.schedule();
            });
        }
    }

    /** Stops; true for the first who does. */
    private boolean leave() {
        boolean first = stop();
        if (first && readsOn) {
            view.input().leave(this);
        }
        return first;
    }

    private void refused(Throwable why) {
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
