package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Reads what nobody wants, on threads of the engine, and closes the input in the end; unless somebody else comes to read before anything
 * was dropped. See {@link DrainOp} for its states.
 */
public final class Drain implements Readiness.Waiter {
    /** How long an output that was read is left alone, for somebody who may be about to read on. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Input input;
    private final DrainOp drainOp;
    private volatile boolean ended;
    private volatile boolean patient; // the end waits for the end of the patience

    private Drain(Input input, DrainOp drainOp, boolean patient) {
        this.input = input;
        this.drainOp = drainOp;
        this.patient = patient;
    }

    /**
     * Begins, but not if somebody is reading, or reads on, or the input is closed.
     *
     * @param stopper on whose behalf
     * @param patient whether a reader may be about to begin, and finds the input open for a moment even if this is ended before
     * @return to be {@linkplain #end ended} or {@linkplain #giveUp given up}
     */
    public static Optional<Drain> of(Input input, Object stopper, boolean patient) {
        if (input.hasBusyReader(stopper)) {
            return Optional.empty();
        }
        Drain drain;
        try {
            drain = new Drain(input, input.drain(), patient);
        } catch (ReadPendingException | ClosedChannelException e) {
            return Optional.empty();
        }
        Runnable first = () -> BlockingPool.run(drain::begin);
        if (patient || drain.drainOp.wasRead()) {
            Delays.run(first, PATIENCE_NANOS);
        } else {
            first.run();
        }
        return Optional.of(drain);
    }

    /** Closes the input, unless somebody else has come to read. */
    public void end() {
        ended = true;
        if (!patient) {
            input.endDrain(drainOp, this);
        }
    }

    /** Leaves the input to others, if nothing was dropped; else this goes on. True if this is over. */
    public boolean giveUp() {
        ended = input.giveUpDrain(drainOp);
        return ended;
    }

    private void begin() {
        patient = false;
        if (ended) {
            end();
        } else {
            drop(() -> input.start(drainOp, drainOp));
        }
    }

    @Override
    public void wake() {
        BlockingPool.run(() -> drop(() -> input.proceed(this, drainOp)));
    }

    @Override
    public boolean yields() {
        return drainOp.yields();
    }

    /** Drops what is there, until there is nothing. */
    private void drop(Read first) {
        try {
            Object count = first.read();
            while (!ended) {
                if (count == ReadOp.MORE) {
                    if (input.await(this)) {
                        return; // to be woken
                    }
                    count = input.proceed(this, drainOp);
                } else if ((int) count > 0) {
                    count = input.start(drainOp, drainOp);
                } else {
                    end();
                }
            }
            if (count == ReadOp.MORE) {
                input.quit(); // whoever has ended this waits for the slot
            }
        } catch (IOException | IllegalStateException e) { // failed, closed by its user, or somebody has come to read
            end();
        } catch (Error e) {
            end();
            throw e;
        }
    }

    private interface Read {
        Object read() throws IOException;
    }
}
