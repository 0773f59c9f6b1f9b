package dev.aiopipe.benchmarks.compare;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The least that Java can do: a loop over the blocking descriptor with an array of 64 KiB, a scan and a String a line;
 * for many pipes, a loop over a {@link Selector} in the only thread.
 */
final class Bare extends Contestant {
    Bare() {
        super("a bare loop is the same as jdk-thread here");
    }

    /** Lines of a blocking stream, the arrays of which reach the descriptor: they are larger than its buffer. */
    private static final class Lines {
        private final InputStream in;
        private byte[] bytes = new byte[BLOCK_SIZE];
        private int from;
        private int to;

        Lines(InputStream in) {
            this.in = in;
        }

        String next() throws IOException {
            int scanned = from;
            while (true) {
                int end = newline(bytes, scanned, to);
                if (end < to) {
                    String line = new String(bytes, from, end - from, StandardCharsets.UTF_8);
                    from = end + 1;
                    return line;
                }
                System.arraycopy(bytes, from, bytes, 0, to - from);
                to -= from;
                from = 0;
                scanned = to;
                if (bytes.length - to < BLOCK_SIZE / 2) {
                    bytes = Arrays.copyOf(bytes, bytes.length + BLOCK_SIZE);
                }
                int got = in.read(bytes, to, bytes.length - to);
                if (got < 0) {
                    throw new IOException("the child has ended");
                }
                to += got;
            }
        }

        private static int newline(byte[] bytes, int from, int to) {
            int i = from;
            while (i < to && bytes[i] != '\n') {
                i++;
            }
            return i;
        }
    }

    @Override
    Work lines(ProcessBuilder endlessLines) throws IOException {
        Lines lines = new Lines(endlessLines.start().getInputStream());
        return count -> {
            long chars = 0;
            for (int i = 0; i < count; i++) {
                chars += lines.next().length();
            }
            if (chars < 0) {
                throw new IOException("no lines");
            }
        };
    }

    @Override
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) throws IOException {
        Process child = echo.start();
        Lines lines = new Lines(child.getInputStream());
        OutputStream out = child.getOutputStream();
        return count -> {
            latencies.begin(count);
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                out.write((line + '\n').getBytes(StandardCharsets.UTF_8));
                out.flush();
                lines.next();
                latencies.addSince(begin);
            }
        };
    }

    @Override
    Work messages(int pipes) throws IOException {
        Selector selector = Selector.open();
        List<Pipe.SinkChannel> writers = open(selector, pipes);
        ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE.length());
        message.put(MESSAGE.getBytes(StandardCharsets.UTF_8)).flip();
        ByteBuffer received = ByteBuffer.allocateDirect(BLOCK_SIZE);
        byte[] bytes = new byte[MESSAGE.length()];
        return count -> {
            for (int i = 0; i < count; i++) {
                for (Pipe.SinkChannel writer : writers) {
                    writer.write(message.rewind());
                }
                int[] left = {pipes};
                while (left[0] > 0) {
                    selector.select(key -> {
                        try {
                            ((Pipe.SourceChannel) key.channel()).read(received.clear());
                            received.flip().get(bytes);
                            if (new String(bytes, StandardCharsets.UTF_8).equals(MESSAGE)) {
                                left[0]--;
                            }
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    });
                }
            }
        };
    }

    private static List<Pipe.SinkChannel> open(Selector selector, int pipes) throws IOException {
        List<Pipe.SinkChannel> writers = new ArrayList<>();
        for (int i = 0; i < pipes; i++) {
            Pipe pipe = Pipe.open();
            pipe.source().configureBlocking(false);
            pipe.source().register(selector, SelectionKey.OP_READ);
            writers.add(pipe.sink());
        }
        return writers;
    }

    @Override
    Work toFile(ProcessBuilder source, Path file) {
        byte[] block = new byte[BLOCK_SIZE];
        return count -> {
            for (int i = 0; i < count; i++) {
                Process child = source.start();
                try (OutputStream out = new FileOutputStream(file.toFile())) {
                    copy(child.getInputStream(), out, block);
                }
                child.waitFor();
            }
        };
    }

    @Override
    Work fromFile(Path file, ProcessBuilder sink) {
        byte[] block = new byte[BLOCK_SIZE];
        return count -> {
            for (int i = 0; i < count; i++) {
                Process child = sink.start();
                try (InputStream in = new FileInputStream(file.toFile());
                        OutputStream out = child.getOutputStream()) {
                    copy(in, out, block);
                }
                child.waitFor();
            }
        };
    }

    private static void copy(InputStream in, OutputStream out, byte[] block) throws IOException {
        for (int got = in.read(block); got >= 0; got = in.read(block)) {
            out.write(block, 0, got);
        }
    }

    @Override
    Work idle(int pipes) throws IOException {
        Selector selector = Selector.open();
        List<Pipe.SinkChannel> writers = new ArrayList<>();
        return count -> {
            for (int i = 0; i < count; i++) {
                writers.addAll(open(selector, pipes));
            }
            selector.selectNow();
        };
    }
}
