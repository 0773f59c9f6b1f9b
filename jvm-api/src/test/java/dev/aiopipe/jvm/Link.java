package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;

import dev.aiopipe.AioPipe;
import dev.aiopipe.PipeOptions;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/** A writer, and a reader of what it writes. */
record Link(AsyncPipeWriter writer, AsyncPipeReader reader, Runnable release) implements AutoCloseable {
    /** What lies between them. */
    enum Kind {
        PIPE {
            @Override
            Link open(PipeOptions options, Executor executor) throws IOException {
                AioPipe pipe = AioPipe.create();
                AsyncPipeReader reader = get(AsyncPipes.open(pipe.rx(), options, executor));
                AsyncPipeWriter writer = get(AsyncPipes.open(pipe.tx(), options, executor));
                return new Link(writer, reader, () -> {
                    writer.abort();
                    reader.close();
                });
            }
        },
        CHILD {
            @Override
            Link open(PipeOptions options, Executor executor) {
                AsyncProcess cat = get(AsyncPipes.start(new ProcessBuilder("cat"), Map.of(), options, executor));
                return new Link(cat.stdin(), cat.stdout(), cat::close);
            }
        };

        abstract Link open(PipeOptions options, Executor executor) throws IOException;

        Link open() throws IOException {
            return open(PipeOptions.defaults());
        }

        Link open(PipeOptions options) throws IOException {
            return open(options, ForkJoinPool.commonPool());
        }
    }

    @Override
    public void close() {
        release.run();
    }
}
