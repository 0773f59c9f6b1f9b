package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.endpoint.FifoEndpoint;
import dev.aiopipe.engine.endpoint.InheritedEndpoint;
import dev.aiopipe.engine.endpoint.Opening;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** An end to read from. Opened by the {@code open} of {@code AioPipes} (Kotlin) or of {@code AsyncPipes} (Java). */
public final class ReadEnd implements PipeEnd {
    private final EndState state;
    private DuplexEnd.Halves halves; // null if this is no half of a conversation

    ReadEnd(Endpoint endpoint) {
        state = new EndState(this, "ReadEnd", endpoint);
    }

    /**
     * What this process reads as its standard input: a pipe, FIFO, terminal, socket, file or device, or nothing where it was started
     * without one that it can read, which is at its end. Descriptor 0 keeps its flags, and stays open. What {@code System.in} has
     * buffered is read here first, and what a closed reader has read ahead is the next one's; {@code System.in} goes on working, but does
     * not see that.
     *
     * @return an end that can be opened while no other reader of descriptor 0 is open here
     */
    public static ReadEnd stdin() {
        return new ReadEnd(new InheritedEndpoint(0, true));
    }

    /**
     * A descriptor that this process was started with. Its flags stay as they are; above 2 the number is closed with the reader.
     *
     * @param fd its number. Above 2 it has to be a pipe, FIFO, terminal or socket
     * @return an end; opening it fails with {@link IOException} if there is no such descriptor, or none that can be read
     * @throws IllegalArgumentException if fd is negative
     */
    public static ReadEnd inherited(int fd) {
        return new ReadEnd(new InheritedEndpoint(fd, true));
    }

    /**
     * A FIFO, read up to the end that comes when its last writer leaves; a later read waits for the next writer. The first read waits
     * for the first writer.
     *
     * @param path where it is; what it is shows when it is opened
     * @return an end; opening it fails with {@link IOException} if there is no FIFO, or it may not be read
     */
    public static ReadEnd fifo(Path path) {
        return fifo(path, false);
    }

    /**
     * A FIFO.
     *
     * @param path where it is; what it is shows when it is opened
     * @param keepOpen whether the end never comes, however many writers come and leave. The FIFO is opened for writing, too, and its
     *     user needs the permission
     * @return an end; opening it fails with {@link IOException} if there is no FIFO, or it may not be read
     */
    public static ReadEnd fifo(Path path, boolean keepOpen) {
        return new ReadEnd(new FifoEndpoint(path, true, keepOpen));
    }

    /**
     * Makes a FIFO that its owner alone can read and write (mode 0600). It is the caller's to delete.
     *
     * @param path where
     * @throws IOException if it exists, or can't be made
     */
    public static void createFifo(Path path) throws IOException {
        FifoEndpoint.create(path);
    }

    /**
     * The reading end of an NIO pipe.
     *
     * @param channel belongs to this end from now on: it becomes non-blocking, and is closed through the end or its reader alone
     * @return an end that can be opened; it can't be handed to a child
     */
    public static ReadEnd of(Pipe.SourceChannel channel) {
        return new ReadEnd(new ChannelEndpoint(channel, false, channel.toString()));
    }

    @Override
    public ChildEnd forChild() {
        return state.forChild();
    }

    CompletableFuture<Input> openInput(PipeOptions options) {
        Loop loop = options.loop().engine(); // a mistake in the options does not use the end up
        CompletableFuture<Input> opening = Opening.ofInput(state.take("opened"), loop, options.capacity());
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
