package dev.aiopipe.engine.blocking;

import dev.aiopipe.engine.read.ReadOp;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadPendingException;
import java.util.Objects;

/** A blocking stream over a reader. Each method is one read, so that an interrupt or a timeout loses nothing. */
public final class ReaderInputStream extends InputStream {
    private static final int MAX_ARRAY_SIZE = Integer.MAX_VALUE - 8;

    private final ParkedReads reads;

    public ReaderInputStream(ParkedReads reads) {
        this.reads = reads;
    }

    @Override
    public int read() throws IOException {
        byte[] one = read(reads.ops().atMost(1));
        return one.length == 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return read(reads.ops().into(slice(target, offset, length)));
    }

    @Override
    public byte[] readAllBytes() throws IOException {
        return read(reads.ops().all(MAX_ARRAY_SIZE));
    }

    @Override
    public byte[] readNBytes(int count) throws IOException {
        return read(reads.ops().upTo(count));
    }

    @Override
    public int readNBytes(byte[] target, int offset, int length) throws IOException {
        ByteBuffer slice = slice(target, offset, length);
        return read(reads.ops().upTo(length).map(bytes -> {
            slice.put(bytes);
            return bytes.length;
        }));
    }

    @Override
    public long skip(long count) throws IOException {
        return count <= 0 ? 0 : read(reads.ops().skip(count));
    }

    @Override
    public void skipNBytes(long count) throws IOException {
        if (skip(count) < count) {
            throw new EOFException();
        }
    }

    /**
     * Returns how many bytes are buffered; if there are none, asks the system. Returns 0 while another thread is
     * blocked here.
     */
    @Override
    public int available() throws IOException {
        try {
            return reads.poll(reads.ops().available(), 0);
        } catch (ReadPendingException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        reads.close();
    }

    private <T> T read(ReadOp<T> op) throws IOException {
        return reads.read(op);
    }

    private static ByteBuffer slice(byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        return ByteBuffer.wrap(target, offset, length);
    }
}
