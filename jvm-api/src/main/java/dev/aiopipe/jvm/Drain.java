package dev.aiopipe.jvm;

import dev.aiopipe.engine.Stop;
import dev.aiopipe.engine.Take;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Reads what nobody wants, and closes in the end; unless somebody else is reading. */
final class Drain extends Reading {
    private static final Executor LATER = // on the JDK's timer
            CompletableFuture.delayedExecutor(Stop.PATIENCE_MILLIS, TimeUnit.MILLISECONDS, Runnable::run);

    private final Turns turns;

    Drain(Source source, Continuations continuations) {
        super(new View(source, null, null), source.input::drop);
        this.turns = new Turns(continuations, this::turn, refusal -> end());
    }

    /** An output that somebody is reading, or is about to read on, is left to them. */
    void begin() {
        if (view.source().isLooped()) {
            stop();
            return;
        }
        try {
            if (view.input().announceDrain()) {
                LATER.execute(turns::schedule);
            } else {
                turns.schedule();
            }
        } catch (IllegalStateException e) {
            stop(); // somebody is reading
        } catch (IOException e) {
            end(); // closed by its user
        }
    }

    /** Nobody is held up any more. */
    void end() {
        if (stop()) {
            view.input().endDrain();
        }
    }

    @Override
    Object start() throws IOException {
        return view.input().startDrain();
    }

    @Override
    public boolean yields() {
        return !view.input().isDrained();
    }

    @Override
    public boolean isGivenUp() {
        return isWoken() && yields();
    }

    @Override
    void onWake() {
        turns.schedule();
    }

    private void turn() {
        while (step()) {
            continue;
        }
    }

    /** Drops what is there. False if that was nothing. */
    private boolean step() {
        try {
            Object dropped = take();
            if (dropped != Take.MORE && (int) dropped > 0) {
                return true;
            } else if (dropped != Take.MORE) {
                end();
            }
        } catch (IllegalStateException e) {
            stop(); // somebody has come to read
        } catch (Exception e) {
            end(); // closed by its user, or failed: nothing is left to drain
        }
        return false;
    }
}
