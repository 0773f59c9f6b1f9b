package dev.aiopipe.engine.splice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import dev.aiopipe.testkit.ScriptedSink;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order of events of a run to three outputs, made step by step over pipes that the test keeps. */
@Timeout(20)
class TeeRunTest {
    /** Done once, before a call for an output. */
    private interface Interruption {
        void run() throws IOException;
    }

    /** A target: the sink stands for the pipe that both the calls and the messages write to. */
    private static final class Target {
        final ScriptedSink sink = new ScriptedSink();
        final Readiness writable = new Readiness(Readiness.OWN_SIGNALS);
        final Output output = new Output(sink, writable, ReaderWatch.none(), "the sink");
        boolean refuses;
        Interruption before = () -> {};

        void room(int bytes) {
            sink.room = bytes;
            writable.announce();
        }
    }

    private final List<String> calls = new ArrayList<>();
    private String unread = "";
    private boolean ended;
    private int givenBack;

    private final TeeRun.Copies copies = new TeeRun.Copies() {
        @Override
        public boolean lend() {
            return true;
        }

        @Override
        public long tee(int output, long count) {
            return give("tee", output, count);
        }

        @Override
        public long splice(int output, long count) {
            long moved = give("splice", output, count);
            unread = unread.substring((int) Math.max(moved, 0));
            return moved;
        }

        private long give(String call, int output, long count) {
            Target target = targets.get(output);
            calls.add(call + " " + output);
            try {
                Interruption now = target.before;
                target.before = () -> {};
                now.run();
                if (target.refuses) {
                    return 0;
                } else if (unread.isEmpty()) {
                    return ended ? 0 : DescriptorCopy.EMPTY;
                } else if (target.sink.room == 0) {
                    return DescriptorCopy.FULL;
                }
                int size = (int) Math.min(count, unread.length());
                return target.sink.write(ByteBuffer.wrap(bytes(unread.substring(0, size))));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        /** Gives two bytes at most. */
        @Override
        public long read(ByteBuffer direct) {
            int size = Math.min(Math.min(2, direct.remaining()), unread.length());
            calls.add("read " + size);
            direct.duplicate().put(bytes(unread.substring(0, size)));
            unread = unread.substring(size);
            return size;
        }

        @Override
        public void undisturbed(Runnable calls) {
            calls.run();
        }

        @Override
        public void giveBack() {
            givenBack++;
        }
    };

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readable = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readable);
    private final List<Target> targets = List.of(new Target(), new Target(), new Target());
    private ReadTransaction transaction;
    private Long moved;
    private Throwable failure;

    @BeforeEach
    void begin() throws IOException {
        transaction = ReadTransaction.beginWithoutRollback(input, null);
        targets.forEach(target -> target.sink.room = 1_000);
    }

    @AfterEach
    void close() {
        input.close();
        targets.forEach(target -> target.output.abort());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Message message(String text) {
        return Message.of(ByteBuffer.wrap(bytes(text)));
    }

    private TeeRun run(String text) {
        unread = text;
        List<Output> outputs = targets.stream().map(target -> target.output).toList();
        TeeRun run = Objects.requireNonNull(TeeRun.of(input, transaction, outputs, copies));
        run.begin((bytes, why) -> {
            assertNull(moved);
            moved = bytes;
            failure = why;
        });
        return run;
    }

    /** What came at each target. */
    private void assertWritten(String first, String second, String third) {
        assertEquals(
                List.of(first, second, third),
                targets.stream().map(target -> target.sink.written()).toList());
    }

    private void assertCalls(String... expected) {
        assertEquals(List.of(expected), calls);
        calls.clear();
    }

    @Test
    @DisplayName("with room everywhere nothing is read: two outputs get duplicates, the last one the bytes themselves")
    void room() {
        run("abcdef");
        assertWritten("abcdef", "abcdef", "abcdef");
        assertCalls("tee 0", "tee 1", "splice 2", "tee 0");
        assertEquals("", unread);
        unread = "gh";
        readable.announce();
        assertWritten("abcdefgh", "abcdefgh", "abcdefgh");
        ended = true;
        readable.announce();
        assertEquals(8, moved);
        assertNull(failure);
        assertEquals(1, givenBack);
        assertEquals(0, source.reads);
    }

    @Test
    @DisplayName("bytes that come between the empty try and the wait are not missed")
    void signalBeforeTheWait() {
        targets.get(0).before = readable::announce;
        run("");
        assertCalls("tee 0", "tee 0");
    }

    @Test
    @DisplayName("an output with too little room gets the rest as a message, the last one all; then it comes first")
    void shortInTheMiddle() {
        targets.get(1).sink.room = 4;
        run("abcdef");
        assertCalls("tee 0", "tee 1", "read 2", "read 2", "read 2");
        assertWritten("abcdef", "abcd", "abcdef");
        assertEquals("", unread);
        unread = "ghi";
        targets.get(1).room(100);
        assertWritten("abcdef", "abcdef", "abcdef");
        targets.get(1).writable.announce();
        assertWritten("abcdefghi", "abcdefghi", "abcdefghi");
        assertCalls("tee 1", "tee 2", "splice 0", "tee 1");
    }

    @Test
    @DisplayName("if the last output has too little room, only its rest is read")
    void shortAtTheEnd() {
        targets.get(2).sink.room = 1;
        run("abcdef");
        assertCalls("tee 0", "tee 1", "splice 2", "read 2", "read 2", "read 1");
        assertWritten("abcdef", "abcdef", "a");
        targets.get(2).room(100);
        assertWritten("abcdef", "abcdef", "abcdef");
        assertEquals("", unread);
    }

    @Test
    @DisplayName("two outputs that have got different parts get different rests")
    void differentRests() {
        targets.get(1).sink.room = 2;
        targets.get(2).sink.room = 3;
        run("abcdef");
        assertWritten("abcdef", "ab", "abc");
        targets.get(2).room(100);
        assertWritten("abcdef", "ab", "abcdef");
        targets.get(1).room(100);
        assertWritten("abcdef", "abcdef", "abcdef");
    }

    @Test
    @DisplayName("the first output gives the measure: what it has no room for stays in the pipe, for all")
    void measure() {
        targets.get(0).sink.room = 2;
        run("abcdef");
        assertWritten("ab", "ab", "ab");
        assertEquals("cdef", unread);
        assertCalls("tee 0", "tee 1", "splice 2", "tee 0");
        targets.get(0).writable.announce(); // without room that costs a try
        assertCalls("tee 0");
        targets.get(0).room(100);
        assertWritten("abcdef", "abcdef", "abcdef");
        assertNull(moved);
    }

    @Test
    @DisplayName("a run that is cancelled while an output lacks bytes leaves them owed, and the others have them")
    void cancelledWithARest() throws IOException {
        targets.get(1).sink.room = 1;
        targets.get(2).sink.room = 0;
        TeeRun run = run("abcdef");
        run.cancel();
        assertEquals(5, targets.get(1).output.owed());
        assertEquals(6, targets.get(2).output.owed());
        assertEquals("", unread);
        assertTrue(targets.get(0).output.isIdle());
        assertFalse(targets.get(1).output.offer(message("next")));
        targets.get(1).room(100);
        targets.get(2).room(100);
        assertWritten("abcdef", "abcdefnext", "abcdef");
        assertNull(moved);
        assertEquals(1, givenBack);
        run.cancel();
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName(
            "a run that is cancelled while it waits for room or for input has taken nothing, and the reader is free")
    void cancelledWaits() throws IOException {
        run("").cancel();
        targets.get(0).sink.room = 0;
        TeeRun full = run("abc");
        calls.clear();
        full.cancel();
        targets.get(0).room(100);
        readable.announce();
        assertCalls();
        assertEquals("abc", unread);
        assertTrue(targets.get(0).output.isIdle());
        source.thenBytes("line\n");
        assertEquals("line", input.start(new ReadOps(StandardCharsets.UTF_8, 100).line(), transaction));
    }

    @Test
    @DisplayName("a message of others that comes between the turn and the copy goes first, and the run ends")
    void otherMessage() throws IOException {
        Target second = targets.get(1);
        targets.get(0).before = () -> {
            second.sink.room = 2;
            assertFalse(second.output.offer(message("other ")));
            second.sink.room = 100;
        };
        run("abc");
        assertCalls("tee 0", "read 2", "read 1");
        assertWritten("abc", "ot", "abc");
        second.writable.announce();
        assertWritten("abc", "other abc", "abc");
        assertEquals(3, moved);
        assertNull(failure);
    }

    @Test
    @DisplayName("two runs whose turns wait at one output do not keep each other from moving on")
    void crossing() throws IOException {
        targets.get(0).sink.room = 0;
        Output shared = targets.get(0).output;
        run("abc");
        assertNull(moved);
        assertFalse(shared.offer(Message.of(
                new Message.Mover() { // as the turn of another run
                    private boolean waited;

                    @Override
                    public boolean move() {
                        boolean now = waited;
                        waited = true;
                        return now;
                    }
                })));
        targets.get(0).room(100);
        assertEquals(0, moved);
        assertNull(failure);
        assertEquals("abc", unread);
    }

    @Test
    @DisplayName("messages before go first, owed ones among them, and nothing is taken before")
    void earlierMessages() throws IOException {
        Target third = targets.get(2);
        third.sink.room = 1;
        Message owed = message("owed ");
        assertFalse(third.output.offer(owed));
        third.output.cancel(owed);
        run("abc");
        assertCalls();
        third.room(100);
        assertWritten("abc", "abc", "owed abc");
    }

    @Test
    @DisplayName("an output that the kernel does not duplicate to gets a message, and the run ends")
    void refusal() {
        targets.get(1).refuses = true;
        run("abc");
        assertWritten("abc", "abc", "abc");
        assertEquals(3, moved);
        assertNull(failure);
    }

    @Test
    @DisplayName("a first output that the kernel does not duplicate to ends the run, and nothing is taken")
    void firstRefusal() {
        targets.get(0).refuses = true;
        run("abc");
        assertWritten("", "", "");
        assertEquals(0, moved);
        assertNull(failure);
        assertEquals("abc", unread);
    }

    @Test
    @DisplayName("an output without reader fails the run as it fails a message, and the others have the bytes")
    void broken() {
        Target second = targets.get(1);
        second.refuses = true;
        second.sink.failure = new IOException("EPIPE");
        targets.get(2).sink.room = 1;
        run("abc");
        assertInstanceOf(BrokenPipeException.class, failure);
        assertSame(second.sink.failure, failure.getCause());
        assertEquals(2, targets.get(2).output.owed());
        assertWritten("abc", "", "a");
        assertEquals("", unread);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("an output that was closed before is left to the next write: there may be no more bytes")
    void closedBefore() {
        run("");
        targets.get(1).output.close();
        unread = "abc";
        readable.announce();
        assertEquals(0, moved);
        assertNull(failure);
        assertEquals("abc", unread);
        assertWritten("", "", "");
    }

    @Test
    @DisplayName("an output that is closed between the turn and the copy fails the run")
    void closedInBetween() {
        targets.get(0).before = () -> targets.get(1).output.close();
        run("abc");
        assertInstanceOf(ClosedChannelException.class, failure);
        assertWritten("abc", "", "abc");
        assertEquals("", unread);
    }

    @Test
    @DisplayName("the abort of an output ends a wait for its room, or for the rest of its bytes")
    void aborted() {
        targets.get(2).sink.room = 1;
        run("abc");
        targets.get(2).output.abort();
        assertInstanceOf(AsynchronousCloseException.class, failure);
        assertWritten("abc", "abc", "a");
    }

    @Test
    @DisplayName("the close of the input ends a wait for it")
    void inputClosed() {
        run("");
        input.close();
        assertInstanceOf(AsynchronousCloseException.class, failure);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("a transaction that is over copies nothing more")
    void transactionOver() {
        targets.get(0).sink.room = 0;
        run("abc");
        transaction.commit();
        calls.clear();
        targets.get(0).room(100);
        assertCalls();
        assertEquals(0, moved);
        assertNull(failure); // the next read of the transfer reports it
        assertEquals("abc", unread);
    }

    @Test
    @DisplayName("buffered bytes are left to a read and a write")
    void buffered() throws IOException {
        source.thenBytes("some");
        input.start(new ReadOps(StandardCharsets.UTF_8, 100).request(1), transaction);
        run("abc");
        assertCalls();
        assertEquals(0, moved);
    }

    @Test
    @DisplayName("after a turn of the run the other streams of the loop have theirs")
    void turns() {
        targets.get(0).sink.room = 1;
        oneByteAtATime(40);
        run("x".repeat(40));
        assertEquals(24, unread.length());
        targets.get(0).writable.announce();
        assertEquals(8, unread.length());
        assertNull(moved);
        targets.get(0).writable.announce();
        assertEquals("", unread);
    }

    /** Gives the first output room for one more byte before each call for it. */
    private void oneByteAtATime(int times) {
        Target first = targets.get(0);
        first.before = () -> {
            first.sink.room = 1;
            if (times > 0) {
                oneByteAtATime(times - 1);
            }
        };
    }

    @Test
    @DisplayName("bytes that another reader has taken from under the run fail it")
    void stolen() {
        targets.get(1).sink.room = 1;
        targets.get(1).before = () -> unread = "a";
        run("abc");
        assertInstanceOf(IOException.class, failure);
        assertTrue(failure.getMessage().contains("another reader"), failure::toString);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("an error in a call ends the run and is passed on")
    void error() {
        Error error = new OutOfMemoryError("no memory");
        targets.get(0).before = () -> {
            throw error;
        };
        run("abc");
        assertSame(error, failure);
        assertEquals(1, givenBack);
        assertEquals("abc", unread);
    }
}
