package dev.aiopipe.engine.read;

import dev.aiopipe.LimitExceededException;
import dev.aiopipe.LineEnds;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Drops bytes that may be more than any buffer holds. Drops them at once if few are wanted, and in pieces, as they
 * come, if many are.
 */
abstract class SkipOp implements ReadOp<Long> {
    private @Nullable InputBuffer buffer;
    private int putBackCount;
    private long dropped;

    /**
     * Drops bytes, if they are the rest, or if the whole is too large to be waited for.
     *
     * @param count bytes that are buffered
     * @param last whether no byte is to follow them
     * @param inPieces whether they may be dropped although others are to follow
     * @return the value, or {@link #MORE}
     */
    final Object drop(InputBuffer in, int count, boolean last, boolean inPieces) throws IOException {
        long before = dropped();
        Object value = last ? (Object) (before + count) : MORE;
        if (last || inPieces) {
            try {
                in.take(count);
            } catch (LimitExceededException e) { // the buffer retains, and has all the pieces
                in.putBack((int) before);
                throw e;
            }
            dropped = before + count;
            putBackCount = in.putBackCount();
            buffer = in;
        }
        return value;
    }

    /**
     * Returns how many bytes were dropped and not put back since. No other read comes between two pieces, so they come
     * back first.
     */
    final long dropped() {
        return buffer == null ? 0 : Math.max(dropped - (buffer.putBackCount() - putBackCount), 0);
    }

    /** Drops so many bytes, fewer only at the end. */
    static final class Bytes extends SkipOp {
        private final long count;
        private final int maxAtOnce;

        Bytes(long count, int maxAtOnce) {
            this.count = count;
            this.maxAtOnce = maxAtOnce;
        }

        @Override
        public Object attempt(InputBuffer in) throws IOException {
            long missing = count - dropped();
            int available = (int) Math.min(in.size(), missing);
            return drop(in, available, available == missing || in.ended(), count > maxAtOnce);
        }

        /** Returns how many bytes are neither dropped nor buffered yet. */
        int missing(InputBuffer in) {
            return (int) Math.min(count - dropped() - in.size(), Integer.MAX_VALUE);
        }

        @Override
        public boolean reportedEnd() {
            return dropped() < count;
        }

        @Override
        public Object valueIfCancelled() {
            return dropped() > 0 ? (Object) dropped() : MORE;
        }
    }

    /** Drops everything up to and with the next line end. */
    static final class Line extends SkipOp {
        private final LineEnds ends;
        private final int maxAtOnce;

        Line(LineEnds ends, int maxAtOnce) {
            this.ends = ends;
            this.maxAtOnce = maxAtOnce;
        }

        @Override
        public Object attempt(InputBuffer in) throws IOException {
            int end = in.indexOfLineEnd(ends);
            int count = end < 0 ? in.size() : in.afterLineEnd(end);
            Object value = drop(in, count, end >= 0 || in.ended(), dropped() > 0 || count > maxAtOnce);
            if (end >= 0 && ends == LineEnds.ANY) {
                in.lineTaken();
            }
            return value;
        }
    }
}
