package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;

/**
 * A waiter of one read. The thread of the loop reads for it, and wakes it only if the bytes may do: the waiter finds
 * them in the buffer, and has no call of the system to make.
 */
public interface ReadWaiter extends Readiness.Waiter {
    /** Returns the input whose slot this waits with. */
    Input input();

    /** Returns the operation that has asked for more. */
    ReadOp<?> op();

    @Override
    default void signalled() {
        if (input().serve(this)) {
            wake();
        }
    }
}
