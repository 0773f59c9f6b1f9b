package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * Whoever has a source to itself for more than one read, so that no other read comes in between. Owners can be nested: the outermost
 * one is the root, and the innermost one that is open reads. All reads on behalf of one root, and the beginnings and ends of its owners,
 * happen under the root's monitor.
 */
class Owner implements Input.Nested {
    private final @Nullable Owner parent;
    private boolean over; // guarded by the root, as is what follows
    private @Nullable ReadTask waiting; // the root's: it has the read slot

    Owner(@Nullable Owner parent) {
        this.parent = parent;
    }

    @Override
    public final @Nullable Owner outer() {
        return parent;
    }

    final Owner root() {
        return parent == null ? this : parent.root();
    }

    final boolean isRoot() {
        return parent == null;
    }

    /**
     * Has the source from now on.
     *
     * @throws ReadPendingException if somebody else reads or has it, but for the owner around this one
     * @throws ClosedChannelException if it is closed
     */
    final void acquire(ReaderCore source) throws ClosedChannelException {
        if (parent != null) {
            parent.requireActive();
        }
        source.input.own(this);
    }

    /**
     * From now on nothing is read on behalf of this.
     *
     * @return false if that has been so before
     */
    final boolean finish() {
        boolean first = !over;
        over = true;
        return first;
    }

    /**
     * The owner around this one, or anybody, may have the source. Does nothing if the owner around this one has ended before.
     *
     * @param mark how much of what is kept is not given back
     * @return a waiter that the caller has to wake when it holds no lock; null if there is none
     */
    final Readiness.@Nullable Waiter release(ReaderCore source, int mark) {
        over = true;
        return source.input.disown(this, mark);
    }

    final void requireActive() {
        if (!isActive()) {
            throw new IllegalStateException("the block that this reader belongs to has ended");
        }
    }

    /** Whether neither this nor one around it is through. */
    final boolean isActive() {
        return !over && (parent == null || parent.isActive());
    }

    /** The reading has the read slot. */
    final void waits(ReadTask reading) {
        root().waiting = reading;
    }

    /** The reading has it no more. */
    final void left(ReadTask reading) {
        Owner root = root();
        if (root.waiting == reading) {
            root.waiting = null;
        }
    }

    /** Who has the read slot on behalf of this or of one within it. */
    final @Nullable ReadTask waiting() {
        ReadTask reading = root().waiting;
        return reading != null && reading.isOf(this) ? reading : null;
    }

    final boolean isWithin(Owner other) {
        return this == other || parent != null && parent.isWithin(other);
    }
}
