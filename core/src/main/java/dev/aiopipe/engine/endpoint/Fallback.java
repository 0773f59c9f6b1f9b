package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.transport.ThreadedSink;
import dev.aiopipe.engine.transport.ThreadedSource;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Reads and writes the JDK's own streams of a child by threads, where a child can't be given one of this library's
 * pipes.
 */
public final class Fallback {
    private Fallback() {}

    /**
     * Returns whether children have to be connected by the JDK's own streams: the user wants it, or fds can't be found,
     * because there is no {@code /proc}, or a selector without epoll.
     *
     * @throws IOException if there are too few descriptors to find out
     */
    public static boolean isNeeded() throws IOException {
        return !NativeAccess.findsDescriptors();
    }

    /**
     * Opens a blocking stream of a child for reading. If another thread closes it, as {@code Process.destroy} does,
     * that is its end.
     *
     * @param stream closed with the input
     * @param loop fails it when it ends
     * @param name what messages call it
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Input input(InputStream stream, Loop loop, String name) throws IOException {
        Readiness readiness = loop.attach();
        ThreadedSource.Stream blocking = new ThreadedSource.Stream() {
            @Override
            public InputStream open() {
                return stream;
            }

            @Override
            public boolean endsByFailure() {
                // Reading a pipe fails for no other reason.
                return true;
            }
        };
        return new Input(new ThreadedSource(blocking, stream, readiness, new Leftover()), readiness, name);
    }

    /**
     * Opens a blocking stream of a child for writing.
     *
     * @param stream closed with the output
     * @param loop fails it when it ends
     * @param name what messages call it
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Output output(OutputStream stream, Loop loop, String name) throws IOException {
        Readiness readiness = loop.attach();
        return new Output(new ThreadedSink(stream, readiness), readiness, ReaderWatch.none(), name);
    }
}
