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
        for (Owner owner = this; owner != null; owner = owner.parent) {
            if (owner.over) {
                throw new IllegalStateException("the block that this reader belongs to has ended");
            }
        }
    }

    final void waiting(@Nullable Reading reading) {
        root().waiting = reading;
    }

    final @Nullable Reading waiting() {
        return root().waiting;
    }
}
