package dev.aiopipe.benchmarks.compare;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import com.zaxxer.nuprocess.NuProcessBuilder;
import com.zaxxer.nuprocess.NuProcessHandler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** NuProcess: its thread calls a handler with bytes. It has no lines, so the handler cuts them. */
final class NuProcesses extends Contestant {
    NuProcesses() {
        super("NuProcess has no pipes within the process and no copy to or from files");
    }

    private static NuProcess start(ProcessBuilder builder, NuProcessHandler handler) {
        NuProcess process = new NuProcessBuilder(handler, builder.command()).start();
        if (process == null) {
            throw new IllegalStateException("can't start " + builder.command());
        }
        return process;
    }

    /** Cuts lines; waits after so many of them until more are wanted. */
    private static final class Lines extends NuAbstractProcessHandler {
        private final Semaphore wanted = new Semaphore(0);
        private final Semaphore read = new Semaphore(0);
        private byte[] rest = new byte[BLOCK_SIZE];
        private int length;
        private int left; // of the handler's thread
        private int batch;
        private volatile int next;
        private long chars;

        void read(int count) throws InterruptedException {
            next = count;
            wanted.release();
            read.acquire();
        }

        @Override
        public void onStdout(ByteBuffer buffer, boolean closed) {
            while (buffer.hasRemaining()) {
                byte one = buffer.get();
                if (one == '\n') {
                    line();
                } else {
                    rest[length++] = one;
                }
            }
        }

        private void line() {
            if (left == 0) {
                if (batch > 0) {
                    read.release();
                }
                wanted.acquireUninterruptibly();
                batch = next;
                left = batch;
            }
            chars += new String(rest, 0, length, StandardCharsets.UTF_8).length();
            length = 0;
            left--;
        }
    }

    @Override
    Work lines(ProcessBuilder endlessLines) {
        Lines lines = new Lines();
        start(endlessLines, lines);
        return lines::read;
    }

    /** Gives each answer to whoever waits. */
    private static final class Answers extends NuAbstractProcessHandler {
        private final Semaphore answered = new Semaphore(0);
        private final StringBuilder text = new StringBuilder();

        @Override
        public void onStdout(ByteBuffer buffer, boolean closed) {
            text.append(StandardCharsets.UTF_8.decode(buffer));
            if (!text.isEmpty() && text.charAt(text.length() - 1) == '\n') {
                text.setLength(0);
                answered.release();
            }
        }
    }

    @Override
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) {
        Answers answers = new Answers();
        NuProcess child = start(echo, answers);
        return count -> {
            latencies.begin(count);
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                child.writeStdin(ByteBuffer.wrap((line + '\n').getBytes(StandardCharsets.UTF_8)));
                answers.answered.acquire();
                latencies.addSince(begin);
            }
        };
    }

    /** Closes the stdin after the answer. */
    private static final class Greeting extends NuAbstractProcessHandler {
        private NuProcess process;

        @Override
        public void onStart(NuProcess started) {
            process = started;
            started.writeStdin(ByteBuffer.wrap("hello\n".getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        public void onStdout(ByteBuffer buffer, boolean closed) {
            if (buffer.hasRemaining()) {
                buffer.position(buffer.limit());
                process.closeStdin(true);
            }
        }
    }

    @Override
    Work starts(ProcessBuilder echo, int atOnce) {
        return count -> all(count, atOnce, echo, true);
    }

    @Override
    Work runs(ProcessBuilder program, int atOnce) {
        return count -> all(count, atOnce, program, false);
    }

    private static void all(int count, int atOnce, ProcessBuilder builder, boolean talk) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            List<NuProcess> children = new ArrayList<>();
            for (int k = 0; k < atOnce; k++) {
                children.add(start(builder, talk ? new Greeting() : new NuAbstractProcessHandler() {}));
            }
            for (NuProcess child : children) {
                child.waitFor(0, TimeUnit.SECONDS);
            }
        }
    }
}
