package dev.aiopipe.jvm;

import dev.aiopipe.engine.Delays;
import dev.aiopipe.engine.Drainage;
import dev.aiopipe.engine.Stop;
import dev.aiopipe.engine.Take;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Reads what nobody wants, and closes in the end; unless somebody else comes to read in time. */
final class Drain extends Reading {
    private static final Executor LATER = Delays.executor(Stop.PATIENCE_MILLIS, TimeUnit.MILLISECONDS, Runnable::run);

    private final Drainage drainage;
    private final Turns turns;

    private Drain(Source source, Drainage drainage, Continuations continuations) {
        super(new View(source, null, null), drainage);
        this.drainage = drainage;
        this.turns = new Turns(continuations, this::turn, refusal -> end());
    }

    /** Begins; but not with an output that somebody is reading, or is about to read on, or has closed. */
    static Optional<Drain> of(Source source, Continuations continuations) {
        if (source.isLooped()) {
            return Optional.empty();
        }
        Drain drain;
        try {
            drain = new Drain(source, source.input.drain(), continuations);
        } catch (ReadPendingException | ClosedChannelException e) {
            return Optional.empty();
        }
        Executor when = drain.drainage.wasRead() ? LATER : Runnable::run;
        when.execute(drain.turns::schedule);
        return Optional.of(drain);
    }

    /** Nobody is held up any more. */
    void end() {
        if (stop()) {
            view.input().endDrain(drainage);
        }
    }

    @Override
    Object start() throws IOException {
        return view.input().start(drainage, drainage);
    }

    @Override
    void onWake() {
        turns.schedule();
    }

    /** Drops what is there, until there is nothing. */
    private void turn() {
        try {
            Object dropped;
            do {
                dropped = take();
            } while (dropped != Take.MORE && (int) dropped > 0);
            if (dropped != Take.MORE) {
                end();
            }
        } catch (Exception e) { // closed by its user, or failed, or somebody has come to read: no more is to be drained
            end();
        } catch (Error e) {
            end();
            throw e;
        }
    }
}
