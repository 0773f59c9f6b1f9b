package dev.aiopipe.jvm.internal.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The file that a transfer opens, reads and closes. A close while it is opened waits for nothing. */
public final class SourceFile implements ReadableByteChannel {
    private final Path path;

    @GuardedBy("this")
    private @Nullable ReadableByteChannel file;

    @GuardedBy("this")
    private boolean closed;

    /** Opens nothing yet. */
    public SourceFile(Path path) {
        this.path = path;
    }

    /** Opens the file. If this was closed meanwhile, closes it. */
    void open() throws IOException {
        ReadableByteChannel opened = Files.newByteChannel(path);
        synchronized (this) {
            if (!closed) {
                file = opened;
                return;
            }
        }
        opened.close();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        ReadableByteChannel open = current();
        if (open == null) {
            throw new ClosedChannelException();
        }
        return open.read(target);
    }

    private synchronized @Nullable ReadableByteChannel current() {
        return file;
    }

    @Override
    public boolean isOpen() {
        return current() != null;
    }

    @Override
    public void close() throws IOException {
        ReadableByteChannel open;
        synchronized (this) {
            open = file;
            file = null;
            closed = true;
        }
        if (open != null) {
            open.close();
        }
    }

    /** Closes the file soon, when nobody waits for it any more. Does not block. */
    void closeLater() {
        BlockingPool.run(() -> {
            try {
                close();
            } catch (Throwable e) {
                Threads.report(e);
            }
        });
    }
}
