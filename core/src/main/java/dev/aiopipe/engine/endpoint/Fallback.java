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

/** Streams of the JDK to a child, read and written by threads: where there is no way to give a child a pipe of ours. */
public final class Fallback {
    private Fallback() {}

    /**
     * Whether children have to be connected by the JDK's own streams.
     *
     * @return true if it is forced, or descriptors can't be found: there is no {@code /proc}, or a selector without epoll
     * @throws IOException if there are too few descriptors to find out
     */
    public static boolean isNeeded() throws IOException {
        return !NativeAccess.findsDescriptors();
    }

    /**
     * Reads a blocking stream of a child. When somebody else closes it, as {@code Process.destroy} does, that is its end.
     *
     * @param stream closed with the input
     * @param loop fails it when it ends
     * @param name what messages call it
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Input input(InputStream stream, Loop loop, String name) throws IOException {
        Readiness readiness = loop.attach();
        ThreadedSource.Stream endpoint = new ThreadedSource.Stream() {
            @Override
            public InputStream open() {
                return stream;
            }

            @Override
            public boolean endsByFailure() {
                return true; // reading a pipe does not fail otherwise
            }
        };
        return new Input(new ThreadedSource(name, endpoint, stream, readiness, new Leftover()), readiness);
    }

    /**
     * Writes a blocking stream of a child.
     *
     * @param stream closed with the output
     * @param loop fails it when it ends
     * @param name what messages call it
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Output output(OutputStream stream, Loop loop, String name) throws IOException {
        Readiness readiness = loop.attach();
        ThreadedSink sink = new ThreadedSink(name, stream, readiness);
        return new Output(sink, readiness, new ReaderWatch(null, loop));
    }
}
