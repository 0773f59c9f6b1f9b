package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.AioDuplex;
import dev.aiopipe.CopyTotals;
import dev.aiopipe.DuplexEnd;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections, and copies between two sides. */
@ExtendWith(NothingLeft.class)
@SuppressWarnings("try") // closes early, to see what the peer sees
class SocketTest {
    private static ServerSocketChannel server() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @Test
    @DisplayName("connections are accepted before and after the call, and a cancelled call leaves them to the next one")
    void accepts() throws Exception {
        try (ServerSocketChannel server = server()) {
            for (int i = 0; i < 3; i++) {
                CompletableFuture<SocketChannel> waiting = AsyncPipes.accept(server);
                failure(AcceptPendingException.class, AsyncPipes.accept(server));
                assertTrue(waiting.cancel(true));
                CompletableFuture<SocketChannel> accepted = AsyncPipes.accept(server);
                assertFalse(accepted.isDone());
                try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
                        SocketChannel connection = get(accepted)) {
                    assertEquals(client.getLocalAddress(), connection.getRemoteAddress());
                }
                try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
                        SocketChannel connection = get(AsyncPipes.accept(server))) {
                    assertEquals(client.getLocalAddress(), connection.getRemoteAddress());
                }
            }
            CompletableFuture<SocketChannel> left = AsyncPipes.accept(server);
            server.close();
            failure(ClosedChannelException.class, left);
        }
    }

    @Test
    @DisplayName("a proxy between a socket and two pipes passes the end of each direction on")
    void proxy() throws Exception {
        try (ServerSocketChannel server = server()) {
            DuplexEnd client = DuplexEnd.of(SocketChannel.open(server.getLocalAddress()));
            DuplexEnd connection = DuplexEnd.of(get(AsyncPipes.accept(server)));
            AioDuplex backend = AioDuplex.create();
            CompletableFuture<CopyTotals> totals = AsyncPipes.copyBidirectional(connection, backend.theirs());
            try (AsyncPipeReader answers = get(AsyncPipes.open(client.rx()));
                    AsyncPipeWriter questions = get(AsyncPipes.open(client.tx()));
                    AsyncPipeReader there = get(AsyncPipes.open(backend.mine().rx()));
                    AsyncPipeWriter back = get(AsyncPipes.open(backend.mine().tx()))) {
                get(questions.writeLine("question"));
                questions.close();
                assertEquals("question\n", get(there.readText()));
                get(back.writeLine("answer"));
                back.close();
                assertEquals("answer\n", get(answers.readText()));
            }
            assertEquals(new CopyTotals(9, 7), get(totals));
        }
    }

    @Test
    @DisplayName("a copy of both directions counts what it has copied")
    void totals() throws Exception {
        AioDuplex one = AioDuplex.create();
        AioDuplex other = AioDuplex.create();
        CompletableFuture<CopyTotals> totals = AsyncPipes.copyBidirectional(one.theirs(), other.theirs());
        try (AsyncPipeWriter questions = get(AsyncPipes.open(one.mine().tx()));
                AsyncPipeReader answers = get(AsyncPipes.open(one.mine().rx()));
                AsyncPipeReader there = get(AsyncPipes.open(other.mine().rx()));
                AsyncPipeWriter back = get(AsyncPipes.open(other.mine().tx()))) {
            get(questions.writeLine("question"));
            assertEquals("question", get(there.readLine()));
            questions.close();
            assertNull(get(there.readLine()));
            get(back.writeLine("the answer"));
            assertEquals("the answer", get(answers.readLine()));
            assertFalse(totals.isDone());
            back.close();
            assertNull(get(answers.readLine()));
        }
        assertEquals(new CopyTotals(9, 11), get(totals));
    }

    @Test
    @DisplayName("a cancelled copy of both directions closes both sides; so does one that fails")
    void closesBothSides() throws Exception {
        for (boolean cancel : new boolean[] {true, false}) {
            AioDuplex one = AioDuplex.create();
            AioDuplex other = AioDuplex.create();
            CompletableFuture<CopyTotals> totals = AsyncPipes.copyBidirectional(one.theirs(), other.theirs());
            try (AsyncPipeWriter questions = get(AsyncPipes.open(one.mine().tx()));
                    AsyncPipeReader answers = get(AsyncPipes.open(one.mine().rx()));
                    AsyncPipeReader there = get(AsyncPipes.open(other.mine().rx()));
                    AsyncPipeWriter back = get(AsyncPipes.open(other.mine().tx()))) {
                get(questions.writeLine("question"));
                assertEquals("question", get(there.readLine()));
                if (cancel) {
                    assertTrue(totals.cancel(true));
                } else {
                    there.close();
                    get(questions.writeLine("nobody reads"));
                    failure(dev.aiopipe.BrokenPipeException.class, totals);
                }
                assertNull(get(answers.readLine()));
                get(questions.onReaderGone());
                get(back.onReaderGone());
            }
        }
    }
}
