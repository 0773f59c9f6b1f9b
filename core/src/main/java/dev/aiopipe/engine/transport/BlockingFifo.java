package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a FIFO by blocking calls. The FIFO is open from the start, so that writers do not wait to open it. Until the
 * first byte after the opening or after an end, this holds a writer of its own, so that a read waits for the next
 * writer instead of reporting an end.
 *
 * <pre>
 *     HELD ── bytes: own writer closed ──► FREE ── last writer left: the end ──► ENDED ── read: opened anew ──► HELD
 * </pre>
 *
 * <p>A writer that leaves without a byte while this is HELD makes no end. A FIFO that may be read but not written can't
 * be HELD: its first read opens it, and so waits for a writer.
 */
public final class BlockingFifo extends InputStream {
    private final Path path;
    private final boolean keepOpen;

    /** Null before the first opening. Changed under this object's lock. */
    private volatile @Nullable FileChannel reader;

    /** Null while this is not HELD. */
    private volatile @Nullable FileChannel writer;

    @GuardedBy("this")
    private boolean closed;

    /** Belongs to the thread that reads. */
    private boolean ended;

    /**
     * Opens a FIFO, without waiting.
     *
     * @param keepOpen whether the end never comes
     * @param awaitsWriter whether there may have been no writer yet
     * @throws IOException if the path is no FIFO, or may not be read; or may not be written, and the end may have come
     *     already
     */
    public BlockingFifo(Path path, boolean keepOpen, boolean awaitsWriter) throws IOException {
        this.path = path;
        this.keepOpen = keepOpen;
        try {
            open(openBothSides());
        } catch (AccessDeniedException e) {
            if (!awaitsWriter || keepOpen || !Files.isReadable(path)) {
                throw e;
            }
            ended = true;
        }
        if (!awaitsWriter) {
            closeWriter();
        }
    }

    /** Returns a channel that is a writer, too. To open it never waits. */
    private FileChannel openBothSides() throws IOException {
        DescriptorKind.requireFifo(path);
        return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /**
     * Opens the FIFO anew, before the old reader is closed, because a FIFO without a reader loses its bytes. Waits only
     * if there is no {@code held} writer, which this takes over.
     */
    private void open(@Nullable FileChannel held) throws IOException {
        try {
            FileChannel next = FileChannel.open(path, StandardOpenOption.READ);
            FileChannel unused = replace(next, held);
            if (unused != null) {
                unused.close();
            }
            if (unused == next) {
                throw new ClosedChannelException();
            }
        } catch (Throwable e) {
            if (held != null) {
                held.close();
            }
            throw e;
        }
    }

    /** Returns the old reader; or, if this is closed, the new one. */
    private synchronized @Nullable FileChannel replace(FileChannel next, @Nullable FileChannel held) {
        if (closed) {
            writer = null;
            return next;
        }
        FileChannel old = reader;
        reader = next;
        writer = held;
        return old;
    }

    private void openAnew() throws IOException {
        if (!openHeld()) {
            open(null);
        }
    }

    /**
     * Returns false if the FIFO can't be HELD. A close waits for this short call, so that nothing is open when the
     * close returns.
     */
    private synchronized boolean openHeld() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        try {
            open(openBothSides());
            return true;
        } catch (AccessDeniedException e) {
            return false;
        }
    }

    private void closeWriter() throws IOException {
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
        int count = Objects.requireNonNull(reader).read(ByteBuffer.wrap(target, offset, length));
        if (count > 0 && !keepOpen) {
            closeWriter();
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
        CloseOnce.both(this::closeWriter, open == null ? () -> {} : open).close();
    }
}
