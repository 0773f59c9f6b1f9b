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
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return then(target -> {
            target.put(bytes);
            return bytes.length;
        });
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
