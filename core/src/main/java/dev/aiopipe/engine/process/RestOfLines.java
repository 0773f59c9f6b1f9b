package dev.aiopipe.engine.process;

import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The lines that are left in an output of a child when nobody waits for its end any more. For one thread at a time. */
public final class RestOfLines {
    private final Input input;
    private final ReadOp<@Nullable String> line;
    private final ReadOp<@Nullable String> unterminated;
    private final ReadOp<Boolean> look;

    /** Whoever holds the output may write on and on. */
    private long left = OutputCollector.REST;

    /** Makes the rest of an output, which no read may wait for. */
    public RestOfLines(Input input, ReadOps ops) {
        this.input = input;
        this.line = ops.line();
        this.unterminated = ops.lineSoFar();
        this.look = ops.request(1);
    }

    /**
     * Takes the next line; the last one may lack its end. Does not wait.
     *
     * @return null if nothing is there
     */
    public @Nullable String next() throws IOException {
        if (left <= 0) {
            return null;
        }
        Object value = input.start(line, null);
        if (value == ReadOp.MORE) {
            value = input.retry(line);
        }
        if (value == ReadOp.MORE) {
            value = input.retry(unterminated);
        }
        String text = (String) value;
        if (text != null) {
            left -= text.length() + 1;
        }
        return text;
    }

    /** Returns whether {@link #next} would give a line. */
    public boolean hasNext() throws IOException {
        if (left <= 0) {
            return false;
        }
        Object value = input.start(look, null);
        if (value == ReadOp.MORE) {
            value = input.retry(look);
        }
        if (value == ReadOp.MORE) {
            input.abandon();
        }
        return value == Boolean.TRUE;
    }
}
