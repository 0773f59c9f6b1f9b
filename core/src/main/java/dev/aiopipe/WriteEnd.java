package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.endpoint.FifoEndpoint;
import dev.aiopipe.engine.endpoint.InheritedEndpoint;
import dev.aiopipe.engine.endpoint.Opening;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * An end to write to. It is opened by the extension function {@code open} in Kotlin, and by {@code AsyncPipes.open} in
 * Java.
 */
public final class WriteEnd extends PipeEnd {
    /**
     * The most bytes of a message that the kernel keeps whole among the writes of other processes (POSIX; Linux's
     * value).
     */
    public static final int PIPE_BUF = 4096;

    WriteEnd(Endpoint endpoint) {
        super("WriteEnd", endpoint);
    }

    /**
     * Returns an end of this process's standard output. Descriptor 1 keeps its flags. It stays open when the writer is
     * closed, so the peer sees the end of stream when this process exits. {@code System.out} goes on working.
     *
     * @return an end that can be opened while no other writer of descriptor 1 is open here
     */
    public static WriteEnd stdout() {
        return new WriteEnd(new InheritedEndpoint(1, false));
    }

    /**
     * Returns an end of this process's standard error. The rest is as for {@link #stdout}.
     *
     * @return an end that can be opened while no other writer of descriptor 2 is open here
     */
    public static WriteEnd stderr() {
        return new WriteEnd(new InheritedEndpoint(2, false));
    }

    /**
     * Returns an end of a descriptor that this process was started with. Its flags do not change. Above 2 the
     * descriptor is closed with the writer.
     *
     * @param fd above 2 it must be a pipe, FIFO, terminal or socket
     * @return an end; opening it throws {@link IOException} if the descriptor is not open or not writable
     * @throws IllegalArgumentException if fd is negative
     */
    public static WriteEnd inherited(int fd) {
        return new WriteEnd(new InheritedEndpoint(fd, false));
    }

    /**
     * Returns an end of a FIFO. Opening it waits for a reader.
     *
     * @param path of the FIFO; not looked at before the end is opened
     * @param options none, or what they say
     * @return an end; opening it throws {@link IOException} if there is no FIFO, or it can't be written
     */
    public static WriteEnd fifo(Path path, FifoOption... options) {
        return new WriteEnd(new FifoEndpoint(path, false, Set.copyOf(List.of(options))));
    }

    /**
     * Returns an end of an NIO pipe.
     *
     * @param channel belongs to the end from now on: it becomes non-blocking, and only the end or its writer closes it
     * @return an end that can be opened; it can't be handed to a child
     */
    public static WriteEnd of(Pipe.SinkChannel channel) {
        return new WriteEnd(new ChannelEndpoint(channel, false, channel.toString()));
    }

    CompletableFuture<Output> openOutput(PipeOptions options) {
        // Before the end is taken: a mistake in the options does not use it up.
        Loop loop = options.loop().engine();
        CompletableFuture<Output> opening = Opening.ofOutput(take("opened"), loop, options.capacity());
        if (halves != null) {
            opening.thenAccept(halves::opened);
        }
        return opening;
    }
}
