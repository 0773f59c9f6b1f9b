package dev.aiopipe.engine.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.endpoint.SocketEndpoint;
import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.Descriptors;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeft.class)
class ReaderWatchTest {
    private static final String LOOP = "watched";

    private final Loop loop = new Loop(LOOP);
    private Runnable whileAsked = () -> {};

    @Test
    @DisplayName("E22 W05 while the fd is looked up, the end of the loop does not close the channel")
    void endOfTheLoopWhileTheNumberIsAskedFor() throws Exception {
        Pipe pipe = Pipe.open();
        Output output = open(pipe.sink());
        CompletableFuture<?> ended = new CompletableFuture<>();
        whileAsked = () -> {
            Thread thread = loopThread();
            ended.completeAsync(() -> {
                loop.close();
                return null;
            });
            Await.until("it waits or is over", () -> isStuckOrOver(thread));
            assertTrue(pipe.sink().isOpen());
        };
        assertThrows(ClosedChannelException.class, output::readerGone);
        ended.get();
        assertFalse(pipe.sink().isOpen());
        output.close();
        pipe.source().close();
    }

    @Test
    @DisplayName("E22 W05 the same while an abort has begun")
    void endOfTheLoopWhileAnAbortHasBegun() throws Exception {
        Pipe pipe = Pipe.open();
        Output output = open(pipe.sink());
        Thread aborting = new Thread(output::abort);
        CompletableFuture<?> ended = new CompletableFuture<>();
        whileAsked = () -> {
            aborting.start();
            Await.until("it waits or is over", () -> isStuckOrOver(aborting));
            Thread thread = loopThread();
            ended.completeAsync(() -> {
                loop.close();
                return null;
            });
            Await.until("it waits or is over", () -> isStuckOrOver(thread));
            assertTrue(pipe.sink().isOpen());
        };
        assertThrows(IOException.class, output::readerGone);
        ended.get();
        aborting.join();
        assertFalse(pipe.sink().isOpen());
        pipe.source().close();
    }

    @Test
    @DisplayName("W05 a socket with unread input is looked at again though no blocking thread can be had")
    void noThreadToLookAgain() throws Exception {
        ThreadPoolExecutor pool = (ThreadPoolExecutor) BlockingPool.EXECUTOR;
        ThreadFactory factory = pool.getThreadFactory();
        long alive = pool.getKeepAliveTime(TimeUnit.MILLISECONDS);
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel peer = SocketChannel.open(server.getLocalAddress());
            SocketChannel accepted = server.accept();
            SocketEndpoint[] ends = SocketEndpoint.of(accepted);
            peer.write(ByteBuffer.wrap("unread".getBytes()));
            Input input = ends[0].openInput(loop);
            Output output = ends[1].openOutput(loop);
            pool.setKeepAliveTime(1, TimeUnit.MILLISECONDS);
            Await.until("the pool is empty", () -> pool.getPoolSize() == 0);
            pool.setThreadFactory(task -> {
                throw new OutOfMemoryError("unable to create native thread");
            });
            CompletableFuture<Void> gone = output.readerGone();
            for (int i = 0; i < 2; i++) { // rounds, in which it sees the input
                CompletableFuture.runAsync(() -> {}, loop::execute).get();
            }
            assertEquals(6, accepted.read(ByteBuffer.allocate(9)));
            peer.close();
            gone.get(20, TimeUnit.SECONDS);
            output.abort();
            input.close();
        } finally {
            pool.setThreadFactory(factory);
            pool.setKeepAliveTime(alive, TimeUnit.MILLISECONDS);
            loop.close();
        }
    }

    @Test
    @DisplayName("W05 a wait that the close ends says which stream was closed")
    void closeNamesTheStream() throws Exception {
        Pipe pipe = Pipe.open();
        Output output = open(pipe.sink());
        CompletableFuture<Void> gone = output.readerGone();
        output.close();
        Throwable failure = assertThrows(ExecutionException.class, gone::get).getCause();
        assertEquals(AsynchronousCloseException.class, failure.getClass());
        assertEquals("the pipe was closed here", failure.getCause().getMessage());
        pipe.source().close();
        loop.close();
    }

    @Test
    @DisplayName("P06 the watch of a last reader ends with the last wait for it, and can begin anew")
    void watchEndsWithTheLastWait() throws Exception {
        Pipe pipe = Pipe.open();
        Output output = open(pipe.sink());
        int before = Descriptors.pipes();
        CompletableFuture<Void> one = Objects.requireNonNull(output.lastReaderGone());
        CompletableFuture<Void> other = output.readerGone();
        assertEquals(before + 1, Descriptors.pipes());
        output.leave(one);
        assertEquals(before + 1, Descriptors.pipes());
        assertFalse(other.isDone());
        output.leave(other);
        Await.until("the copy is closed", () -> Descriptors.pipes() == before);
        CompletableFuture<Void> again = Objects.requireNonNull(output.lastReaderGone());
        pipe.source().close();
        again.get(20, TimeUnit.SECONDS);
        output.close();
        loop.close();
    }

    @Test
    @DisplayName("P06 the last reader of a FIFO or socket is not known to be the last")
    void othersMayComeBack() throws Exception {
        Pipe pipe = Pipe.open();
        ReaderWatch.Descriptor descriptor = () -> ChannelDescriptor.fdOf(pipe.sink());
        for (ReaderWatch watch : List.of(
                ReaderWatch.ofFifo(descriptor, loop), ReaderWatch.ofSocket(descriptor, loop), ReaderWatch.none())) {
            assertFalse(watch.seesFinalEnd());
        }
        assertTrue(ReaderWatch.ofPipe(descriptor, loop).seesFinalEnd());
        pipe.sink().close();
        pipe.source().close();
        loop.close();
    }

    private Output open(Pipe.SinkChannel channel) throws IOException {
        Registration registration = loop.register(channel);
        ReaderWatch watch = ReaderWatch.ofPipe(
                () -> {
                    whileAsked.run();
                    return ChannelDescriptor.fdOf(channel);
                },
                loop);
        return new Output(channel::write, registration.output(), watch, "the pipe", registration);
    }

    private static Thread loopThread() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(LOOP))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isStuckOrOver(Thread thread) {
        return thread.getState() == Thread.State.BLOCKED || thread.getState() == Thread.State.TERMINATED;
    }
}
