package dev.aiopipe.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A sink with as much room as the test gives it. */
final class ScriptedSink implements ByteSink {
    /** Done at the next write, before it. */
    interface Interruption {
        void run() throws IOException;
    }

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    int room;
    int sliceSize = 8 * 1024;
    boolean flushed = true;
    IOException failure;
    Interruption interruption = () -> {};
    int closes;
    int writes;

    @Override
    public int write(ByteBuffer source) throws IOException {
        writes++;
        Interruption now = interruption;
        interruption = () -> {};
        now.run();
        if (failure != null) {
            throw failure;
        }
        int count = Math.min(room, source.remaining());
        byte[] bytes = new byte[count];
        source.get(bytes);
        written.writeBytes(bytes);
        room -= count;
        return count;
    }

    @Override
    public int sliceSize() {
        return sliceSize;
    }

    @Override
    public boolean isFlushed() throws IOException {
        if (failure != null) {
            throw failure;
        }
        return flushed;
    }

    @Override
    public void close() {
        closes++;
    }

    String written() {
        return written.toString(StandardCharsets.UTF_8);
    }
}
