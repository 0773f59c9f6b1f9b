package dev.aiopipe.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Path;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.Okio;
import okio.Sink;

/** Okio over the JDK's blocking streams. */
final class OkioStreams extends Contestant {
    OkioStreams() {
        super("Okio has neither pipes of the operating system nor children");
    }

    @Override
    Work lines(ProcessBuilder endlessLines) throws IOException {
        BufferedSource source = Okio.buffer(Okio.source(endlessLines.start().getInputStream()));
        return count -> {
            long chars = 0;
            for (int i = 0; i < count; i++) {
                chars += source.readUtf8LineStrict().length();
            }
            if (chars < 0) {
                throw new IOException("no lines");
            }
        };
    }

    @Override
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) throws IOException {
        Process child = echo.start();
        BufferedSource source = Okio.buffer(Okio.source(child.getInputStream()));
        BufferedSink sink = Okio.buffer(Okio.sink(child.getOutputStream()));
        return count -> {
            latencies.begin(count);
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                sink.writeUtf8(line).writeByte('\n').flush();
                source.readUtf8LineStrict();
                latencies.addSince(begin);
            }
        };
    }

    @Override
    Work toFile(ProcessBuilder source, Path file) {
        return count -> {
            for (int i = 0; i < count; i++) {
                Process child = source.start();
                try (Sink sink = Okio.sink(file)) {
                    Okio.buffer(Okio.source(child.getInputStream())).readAll(sink);
                }
                child.waitFor();
            }
        };
    }

    @Override
    Work fromFile(Path file, ProcessBuilder sink) {
        return count -> {
            for (int i = 0; i < count; i++) {
                Process child = sink.start();
                try (Sink stdin = Okio.sink(child.getOutputStream());
                        BufferedSource source = Okio.buffer(Okio.source(file))) {
                    source.readAll(stdin);
                }
                child.waitFor();
            }
        };
    }
}
