package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import java.io.IOException;

/**
 * Takes everything up to and with the first of some delimiters. If two end at the same byte, the longer one counts.
 * Remembers how far it searched, so that each byte is searched once for each delimiter.
 */
final class UntilOp implements ReadOp<byte[]> {
    private final byte[][] delimiters;
    private final int longest;
    private final int limit;

    /** How many bytes the last attempt has searched: a delimiter that it did not find ends after them. */
    private int searched;

    private int putBackCount;

    /**
     * Creates an operation.
     *
     * @param delimiters one or more, none of them empty; not changed any more
     * @param limit bytes before the delimiter at most
     */
    UntilOp(byte[][] delimiters, int limit) {
        this.delimiters = delimiters;
        this.limit = limit;
        int most = 0;
        for (byte[] delimiter : delimiters) {
            most = Math.max(most, delimiter.length);
        }
        this.longest = most;
    }

    @Override
    public Object attempt(InputBuffer in) throws IOException {
        if (putBackCount != in.putBackCount()) {
            putBackCount = in.putBackCount();
            searched = 0;
        }
        int end = Integer.MAX_VALUE;
        int start = 0;
        for (byte[] delimiter : delimiters) {
            int found = in.indexOf(delimiter, Math.max(searched - delimiter.length + 1, 0));
            if (found >= 0 && found + delimiter.length <= end) {
                start = found + delimiter.length < end ? found : Math.min(start, found);
                end = found + delimiter.length;
            }
        }
        boolean isFound = end != Integer.MAX_VALUE;
        searched = in.size();
        if (isFound ? start > limit : searched - longest + 1 > limit) {
            throw in.exceeds("a message", "limit", limit);
        } else if (isFound) {
            byte[] taken = in.copy(end);
            in.take(end);
            return taken;
        } else if (in.ended()) {
            throw new IncompleteReadException(-1, in.size());
        }
        return MORE;
    }
}
