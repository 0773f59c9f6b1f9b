package dev.aiopipe.jvm;

import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * Whoever has a source to itself for more than one read, so that no other read comes in between. Owners can be nested; the outermost
 * one is the root. All reads on behalf of one root, and the ends of its owners, happen under the root's monitor.
 */
class Owner {
    private final @Nullable Owner parent;
    private boolean over; // guarded by the root, as is what follows
    private @Nullable Reading waiting; // the root's: it has the read slot

    Owner(@Nullable Owner parent) {
        this.parent = parent;
    }

    final Owner root() {
        return parent == null ? this : parent.root();
    }

    final boolean isRoot() {
        return parent == null;
    }

    /**
     * Has the source from now on, if this is a root; else the root has it.
     *
     * @throws ReadPendingException if somebody else reads or has it
     * @throws ClosedChannelException if it is closed
     */
    final void acquire(Source source) throws ClosedChannelException {
        if (isRoot()) {
            source.input.own(this);
        }
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

    /** Others may have the source, if this is the root. */
    final void release(Source source) {
        if (isRoot()) {
            source.input.disown(this);
        }
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
    final void waits(Reading reading) {
        root().waiting = reading;
    }

    /** The reading has it no more. */
    final void left(Reading reading) {
        Owner root = root();
        if (root.waiting == reading) {
            root.waiting = null;
        }
    }

    /** Who has the read slot on behalf of this or of one within it. */
    final @Nullable Reading waiting() {
        Reading reading = root().waiting;
        return reading != null && reading.isOf(this) ? reading : null;
    }

    final boolean isWithin(Owner other) {
        return this == other || parent != null && parent.isWithin(other);
    }
}
