package dev.aiopipe.engine.support;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The file that a transfer opens, writes and closes. One thread at a time uses it; all methods may block. */
public final class TargetFile implements WritableByteChannel {
    private final Path path;
    private final Set<OpenOption> options;
    private @Nullable WritableByteChannel file;

    /**
     * Opens nothing yet.
     *
     * @param options as those of {@link Files#newOutputStream}
     * @throws IllegalArgumentException if READ is among them
     */
    public TargetFile(Path path, OpenOption... options) {
        Set<OpenOption> all = new HashSet<>(Arrays.asList(options));
        if (all.isEmpty()) {
            all.add(StandardOpenOption.CREATE);
            all.add(StandardOpenOption.TRUNCATE_EXISTING);
        } else if (all.contains(StandardOpenOption.READ)) {
            throw new IllegalArgumentException("option READ of a file to write: " + path);
        }
        all.add(StandardOpenOption.WRITE);
        this.path = path;
        this.options = all;
    }

    /** Opens the file. Called once. */
    public void open() throws IOException {
        file = Files.newByteChannel(path, options);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        WritableByteChannel open = file;
        if (open == null) {
            throw new ClosedChannelException();
        }
        return open.write(source);
    }

    @Override
    public boolean isOpen() {
        return file != null;
    }

    /** Closes the file, if it is open. */
    @Override
    public void close() throws IOException {
        WritableByteChannel open = file;
        file = null;
        if (open != null) {
            open.close();
        }
    }
}
