package dev.aiopipe.testkit;

import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/** A source whose reads follow a script. After its script it is empty, unless {@link #afterScript} says otherwise. */
public class ScriptedSource implements ByteSource {
    public interface Read {
        int into(ByteBuffer target) throws IOException;
    }

    private final Deque<Read> script = new ConcurrentLinkedDeque<>();
    public volatile Read afterScript = target -> 0;
    public boolean endIsFinal = true;
    public boolean emptyAfterShortRead = true;
    public int reads;
    public int closes;

    public ScriptedSource thenBytes(String text) {
        return then(piece(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Puts as much as the target has room for, and leaves the rest to the next read. */
    private Read piece(ByteBuffer bytes) {
        return target -> {
            int count = Math.min(bytes.remaining(), target.remaining());
            target.put(bytes.slice().limit(count));
            bytes.position(bytes.position() + count);
            if (bytes.hasRemaining()) {
                script.addFirst(piece(bytes));
            }
            return count;
        };
    }

    public ScriptedSource thenNothing() {
        return then(target -> 0);
    }

    public ScriptedSource thenEnd() {
        return then(target -> -1);
    }

    public ScriptedSource then(Read read) {
        script.add(read);
        return this;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        reads++;
        Read read = script.poll();
        return (read == null ? afterScript : read).into(target);
    }

    @Override
    public boolean endIsFinal() {
        return endIsFinal;
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return emptyAfterShortRead;
    }

    @Override
    public void close() {
        closes++;
    }
}
