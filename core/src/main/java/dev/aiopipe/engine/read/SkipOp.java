package dev.aiopipe.engine.read;

import dev.aiopipe.LimitExceededException;
import java.io.IOException;

/**
 * The takes that drop what may be larger than any buffer: so much of it is dropped when all of it is there, more in pieces, as it comes.
 */
abstract class SkipOp implements ReadOp<Long> {
    private InputBuffer buffer;
    private int givenBack;
    private long dropped;

    /**
     * Drops bytes, if that is the rest or if the whole is too large to be waited for.
     *
     * @param count bytes that are there
     * @param last whether nothing is to follow them
     * @param pieces whether they may be dropped although something is to follow
     */
    final Object drop(InputBuffer in, int count, boolean last, boolean pieces) throws IOException {
        long before = dropped();
        Object value = last ? (Object) (before + count) : MORE;
        if (last || pieces) {
            try {
                in.take(count);
            } catch (LimitExceededException e) { // it holds, and has all the pieces
                in.giveBack((int) before);
                throw e;
            }
            dropped = before + count;
            givenBack = in.givenBack();
            buffer = in;
        }
        return value;
    }

    /** How much was dropped and not given back since. Nobody else reads between two pieces, so they are what comes back first. */
    final long dropped() {
        return buffer == null ? 0 : Math.max(dropped - (buffer.givenBack() - givenBack), 0);
    }

    /** So many bytes, fewer only at the end. */
    static final class Bytes extends SkipOp {
        private final long count;
        private final int whole;

        Bytes(long count, int whole) {
            this.count = count;
            this.whole = whole;
        }

        @Override
        public Object from(InputBuffer in) throws IOException {
            long missing = count - dropped();
            int available = (int) Math.min(in.size(), missing);
            return drop(in, available, available == missing || in.ended(), count > whole);
        }

        @Override
        public boolean toldTheEnd() {
            return dropped() < count;
        }

        @Override
        public Object givenUp() {
            return dropped() > 0 ? (Object) dropped() : MORE;
        }
    }

    /** Up to and with the next newline. */
    static final class Line extends SkipOp {
        private final int limit;

        Line(int limit) {
            this.limit = limit;
        }

        @Override
        public Object from(InputBuffer in) throws IOException {
            int newline = in.indexOfNewline();
            int count = newline < 0 ? in.size() : newline + 1;
            return drop(in, count, newline >= 0 || in.ended(), dropped() > 0 || count > limit);
        }
    }
}
