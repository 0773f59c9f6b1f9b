package dev.aiopipe.testkit;

import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;

/** A source that does at each read what the test has told it to; without that it is empty. */
public class ScriptedSource implements ByteSource {
    public interface Read {
        int into(ByteBuffer target) throws IOException;
    }

    private final Queue<Read> script = new ArrayDeque<>();
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
        return read == null ? 0 : read.into(target);
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
