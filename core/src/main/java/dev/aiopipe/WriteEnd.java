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
import java.util.concurrent.CompletableFuture;

/** An end to write to. Opened by the {@code open} of {@code AioPipes} (Kotlin) or of {@code AsyncPipes} (Java). */
public final class WriteEnd implements PipeEnd {
    /** Messages of up to so many bytes are kept whole by the kernel, also among the writes of other processes (POSIX, Linux's value). */
    public static final int PIPE_BUF = 4096;

    private final EndState state;
    private DuplexEnd.Halves halves; // null if this is no half of a conversation

    WriteEnd(Endpoint endpoint) {
        state = new EndState(this, "WriteEnd", endpoint);
    }

    /**
     * What this process writes as its standard output. Descriptor 1 keeps its flags, and stays open, also when the writer is closed,
     * so that the peer sees the end when this process exits; {@code System.out} goes on working.
     *
     * @return an end that can be opened while no other writer of descriptor 1 is open here
     */
    public static WriteEnd stdout() {
        return new WriteEnd(new InheritedEndpoint(1, false));
    }

    /**
     * What this process writes as its standard error; else as {@link #stdout}.
     *
     * @return an end that can be opened while no other writer of descriptor 2 is open here
     */
    public static WriteEnd stderr() {
        return new WriteEnd(new InheritedEndpoint(2, false));
    }

    /**
     * A descriptor that this process was started with. Its flags stay as they are; above 2 the number is closed with the writer.
     *
     * @param fd its number. Above 2 it has to be a pipe, FIFO, terminal or socket
     * @return an end; opening it fails with {@link IOException} if there is no such descriptor, or none that can be written
     * @throws IllegalArgumentException if fd is negative
     */
    public static WriteEnd inherited(int fd) {
        return new WriteEnd(new InheritedEndpoint(fd, false));
    }

    /**
     * A FIFO. Opening it waits until somebody reads it.
     *
     * @param path where it is; what it is shows when it is opened
     * @return an end; opening it fails with {@link IOException} if there is no FIFO, or it may not be written
     */
    public static WriteEnd fifo(Path path) {
        return new WriteEnd(new FifoEndpoint(path, false, false));
    }

    /**
     * The writing end of an NIO pipe.
     *
     * @param channel belongs to this end from now on: it becomes non-blocking, and is closed through the end or its writer alone
     * @return an end that can be opened; it can't be handed to a child
     */
    public static WriteEnd of(Pipe.SinkChannel channel) {
        return new WriteEnd(new ChannelEndpoint(channel, false, channel.toString()));
    }

    @Override
    public ChildEnd forChild() {
        return state.forChild();
    }

    CompletableFuture<Output> openOutput(PipeOptions options) {
        Loop loop = options.loop().engine(); // a mistake in the options does not use the end up
        CompletableFuture<Output> opening = Opening.ofOutput(state.take("opened"), loop, options.capacity());
        if (halves != null) {
            opening.thenAccept(halves::opened);
        }
        return opening;
    }

    /** Keeps the other half while this, or what is opened from it, is in use. */
    void join(DuplexEnd.Halves conversation) {
        halves = conversation;
    }

    /** Instead of an opening that is not begun. */
    void discard() {
        state.discard();
    }

    @Override
    public void close() {
        state.close();
    }

    @Override
    public String toString() {
        return state.toString();
    }
}
