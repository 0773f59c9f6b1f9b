package dev.aiopipe.testkit;

import dev.aiopipe.engine.write.ByteSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A sink with as much room as the test gives it. */
public final class ScriptedSink implements ByteSink {
    /** Done at the next write, before it. */
    public interface Interruption {
        void run() throws IOException;
    }

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    public int room;
    public int sliceSize = ByteSink.super.sliceSize();
    public boolean flushed = true;
    public boolean signalsRoom = true;
    public IOException failure;
    public Interruption interruption = () -> {};
    public int closes;
    public int writes;

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
    public boolean signalsRoom() {
        return signalsRoom;
    }

    @Override
    public void close() {
        closes++;
    }

    public String written() {
        return written.toString(StandardCharsets.UTF_8);
    }
}
