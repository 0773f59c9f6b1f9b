package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import java.io.IOException;

/** Takes everything up to and with a delimiter. Remembers how far it searched, so that each byte is searched once. */
final class UntilOp implements ReadOp<byte[]> {
    private final byte[] delimiter;
    private final int limit;
    private int searched;
    private int putBackCount;

    UntilOp(byte[] delimiter, int limit) {
        this.delimiter = delimiter;
        this.limit = limit;
    }

    @Override
    public Object attempt(InputBuffer in) throws IOException {
        if (putBackCount != in.putBackCount()) {
            putBackCount = in.putBackCount();
            searched = 0;
        }
        int found = in.indexOf(delimiter, searched);
        int size = in.size();
        searched = Math.max(size - delimiter.length + 1, 0);
        if (found > limit || (found < 0 && searched > limit)) {
            throw in.exceeds("a message", "limit", limit);
        } else if (found < 0) {
            if (in.ended()) {
                throw new IncompleteReadException(-1, size);
            }
            return MORE;
        }
        byte[] taken = in.copy(found + delimiter.length);
        in.take(taken.length);
        return taken;
    }
}
