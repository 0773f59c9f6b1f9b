package dev.aiopipe.engine.linux;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;

/**
 * A file under {@code /proc} that stays open, as it is read again and again. The kernel writes its text anew for each
 * read from the beginning (proc(5)), so a look costs two system calls. For one thread at a time.
 */
final class ProcFile implements Closeable {
    /** More than most texts have, and what the JDK reads without allocating. */
    private static final int BUFFER = 4096;

    // Not a FileChannel, which an interrupt would close.
    private final RandomAccessFile file;
    private byte[] buffer = new byte[BUFFER];

    ProcFile(String path) throws IOException {
        file = new RandomAccessFile(path, "r");
    }

    /** Returns the text of this moment. */
    String read() throws IOException {
        while (true) {
            file.seek(0);
            int count = Math.max(file.read(buffer), 0);
            if (count < buffer.length) {
                return new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
            }
            buffer = new byte[2 * buffer.length];
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
