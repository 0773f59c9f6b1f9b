package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A FIFO that is read blocking, and is open from the start: others that open it for writing do not wait. While there has been no byte
 * since the opening or the last end, this holds a writer of its own, so that a read waits for the next writer and is not at its end.
 *
 * <pre>
 *     HELD ── bytes: the own writer is closed ──► FREE ── the last writer has left: the end ──► ENDED ── read: opened anew ──► HELD
 * </pre>
 *
 * <p>A writer that leaves without a byte while this is HELD makes no end. A FIFO that may be read and not be written can't be held: its
 * first read opens it, and waits for a writer in doing so.
 */
public final class BlockingFifo extends InputStream {
    private final Path path;
    private final boolean keepOpen;
    private volatile FileChannel reader; // null while it is not open; changed under this
    private volatile FileChannel writer; // null while it is not held
    private boolean closed; // guarded by this
    private boolean ended; // belongs to the thread that reads

    /**
     * Opens it, without waiting.
     *
     * @param keepOpen whether the end never comes
     * @param awaitsWriter whether there may not have been a writer yet
     * @throws IOException if it is no FIFO, or may not be read; or not be written, where the end may have come already
     */
    public BlockingFifo(Path path, boolean keepOpen, boolean awaitsWriter) throws IOException {
        this.path = path;
        this.keepOpen = keepOpen;
        try {
            open(both());
        } catch (AccessDeniedException e) {
            if (!awaitsWriter || keepOpen || !Files.isReadable(path)) {
                throw e;
            }
            ended = true;
        }
        if (!awaitsWriter) {
            letGo();
        }
    }

    /** A channel that is a writer, too. To open it never waits. */
    private FileChannel both() throws IOException {
        DescriptorKind.requireFifo(path);
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Opens it anew, before the old reader is closed, or what is in the FIFO would be gone. Waits only without {@code held}. */
    private void open(FileChannel held) throws IOException {
        try {
            FileChannel next = FileChannel.open(path, StandardOpenOption.READ);
            FileChannel old;
            synchronized (this) {
                old = closed ? next : reader;
                reader = closed ? reader : next;
                writer = closed ? null : held;
            }
            if (old != null) {
                old.close();
            }
            if (old == next) {
                throw new ClosedChannelException();
            }
        } catch (Throwable e) {
            if (held != null) {
                held.close();
            }
            throw e;
        }
    }

    private void openAnew() throws IOException {
        if (!openHeld()) {
            open(null);
        }
    }

    /** False if it can't be held. A close waits for this, which is short: nothing is open when that returns. */
    private synchronized boolean openHeld() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        try {
            open(both());
            return true;
        } catch (AccessDeniedException e) {
            return false;
        }
    }

    private void letGo() throws IOException {
        FileChannel held = writer;
        if (held != null) {
            held.close();
            writer = null;
        }
    }

    @Override
    public int read() {
        throw new UnsupportedOperationException("one by one");
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (ended) {
            openAnew();
            ended = false;
        }
        int count = reader.read(ByteBuffer.wrap(target, offset, length));
        if (count > 0 && !keepOpen) {
            letGo();
        }
        ended = count < 0;
        return count;
    }

    /** Ends a read that waits. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        FileChannel open = reader;
        CloseOnce.both(this::letGo, open == null ? () -> {} : open).close();
    }
}
