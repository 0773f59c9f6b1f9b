package dev.aiopipe.jvm;

import dev.aiopipe.jvm.Link.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** Pipes that lines are written to, and readers of them. */
final class Feeds implements AutoCloseable {
    private final Queue<Link> links = new ConcurrentLinkedQueue<>();

    AsyncPipeReader of(Stream<String> lines) {
        try {
            Link link = Kind.PIPE.open();
            links.add(link);
            Iterable<String> iterable = lines::iterator;
            link.writer()
                    .writeLines(iterable)
                    .whenComplete((x, failure) -> link.writer().close());
            return link.reader();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        for (Link link = links.poll(); link != null; link = links.poll()) {
            link.close();
        }
    }
}
