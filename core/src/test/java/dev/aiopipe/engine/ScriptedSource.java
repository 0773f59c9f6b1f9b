package dev.aiopipe.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;

/** A source that does at each read what the test has told it to; without that it is empty. */
class ScriptedSource implements ByteSource {
    interface Read {
        int into(ByteBuffer target) throws IOException;
    }

    private final Queue<Read> script = new ArrayDeque<>();
    boolean endIsFinal = true;
    boolean emptyAfterShortRead = true;
    int reads;
    int closes;

    ScriptedSource thenBytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return then(target -> {
            target.put(bytes);
            return bytes.length;
        });
    }

    ScriptedSource thenNothing() {
        return then(target -> 0);
    }

    ScriptedSource thenEnd() {
        return then(target -> -1);
    }

    ScriptedSource then(Read read) {
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
