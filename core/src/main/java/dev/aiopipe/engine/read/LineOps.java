package dev.aiopipe.engine.read;

import dev.aiopipe.LineEnds;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The reads of lines, bound to what ends a line, how it is decoded, and how long it may be. */
final class LineOps {
    private final LineEnds ends;
    private final TextDecoder decoder;
    private final int limit;

    LineOps(LineEnds ends, TextDecoder decoder, int limit) {
        this.ends = ends;
        this.decoder = decoder;
        this.limit = limit;
    }

    /** Takes a line without its line end; null at the end of the stream. Without state. */
    ReadOp<@Nullable String> line() {
        return new ReadOp<>() {
            @Override
            public @Nullable Object attempt(InputBuffer in) throws IOException {
                int end = in.indexOfLineEnd(ends);
                if (end >= 0) {
                    return in.takeLine(end, limit, decoder);
                } else if (!in.ended() && !isTooLong(in)) {
                    return MORE;
                }
                return in.size() == 0 ? null : in.takeLastLine(limit, decoder);
            }

            @Override
            public boolean mayBeDone(InputBuffer in) {
                return in.indexOfLineEnd(ends) >= 0 || isTooLong(in);
            }
        };
    }

    /**
     * Takes what there is of a line whose end has not come; null if that is nothing. Never asks for more, so it is for
     * a read that has asked for a whole line before. Without state.
     */
    ReadOp<@Nullable String> lineSoFar() {
        return in -> in.size() == 0 ? null : in.takeLastLine(limit, decoder);
    }

    /** Gives true as soon as {@link #line} would not wait, false at the end; takes nothing. Without state. */
    ReadOp<Boolean> requestLine() {
        return ReadOp.look(in -> {
            if (in.indexOfLineEnd(ends) >= 0) {
                return true;
            } else if (in.ended()) {
                return in.size() > 0;
            }
            return isTooLong(in) ? true : ReadOp.MORE;
        });
    }

    /**
     * Whether a line whose end is not buffered yet exceeds the limit. A '\r' right after the limit may be half of a
     * line end.
     */
    private boolean isTooLong(InputBuffer in) {
        int size = in.size();
        return size > limit && !(size - 1 == limit && in.get(limit) == '\r');
    }

    /** Drops a line with its end, one over the limit in pieces, and gives the count of bytes. With state. */
    ReadOp<Long> skipLine() {
        return new SkipOp.Line(ends, limit);
    }
}
