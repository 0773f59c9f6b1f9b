package dev.aiopipe.jvm.internal.blocking;

import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** A writer as a stream that blocks. Each call is one message. */
public final class WriterOutputStream extends OutputStream {
    private final Output output;

    public WriterOutputStream(Output output) {
        this.output = output;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        ParkedIo.write(output, ByteBuffer.wrap(bytes, offset, length));
    }

    @Override
    public void close() {
        output.close();
    }
}
