package dev.aiopipe.jvm.internal.blocking;

import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.read.ReaderView;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadPendingException;
import java.util.Objects;

/** A reader as a stream that blocks. Each method is one read, so that an interrupt or a timeout loses nothing. */
public final class ReaderInputStream extends InputStream {
    private static final int MAX_ARRAY_SIZE = Integer.MAX_VALUE - 8;

    private final ReaderView view;

    public ReaderInputStream(ReaderView view) {
        this.view = view;
    }

    @Override
    public int read() throws IOException {
        byte[] one = read(view.ops().atMost(1));
        return one.length == 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return read(view.ops().into(slice(target, offset, length)));
    }

    @Override
    public byte[] readAllBytes() throws IOException {
        return read(view.ops().all(MAX_ARRAY_SIZE));
    }

    @Override
    public byte[] readNBytes(int count) throws IOException {
        return read(view.ops().upTo(count));
    }

    @Override
    public int readNBytes(byte[] target, int offset, int length) throws IOException {
        ByteBuffer slice = slice(target, offset, length);
        return read(view.ops().upTo(length).map(bytes -> {
            slice.put(bytes);
            return bytes.length;
        }));
    }

    @Override
    public long skip(long count) throws IOException {
        return count <= 0 ? 0 : read(view.ops().skip(count));
    }

    @Override
    public void skipNBytes(long count) throws IOException {
        if (skip(count) < count) {
            throw new EOFException();
        }
    }

    /** What is buffered; if that is nothing, the system is asked. 0 while another thread is blocked here. */
    @Override
    public int available() throws IOException {
        try {
            return ParkedIo.poll(view, view.ops().available(), 0);
        } catch (ReadPendingException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        view.input().close();
    }

    private <T> T read(ReadOp<T> take) throws IOException {
        return ParkedIo.read(view, take);
    }

    private static ByteBuffer slice(byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        return ByteBuffer.wrap(target, offset, length);
    }
}
