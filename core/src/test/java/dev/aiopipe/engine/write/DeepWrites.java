package dev.aiopipe.engine.write;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Writes with little stack, and with less and less of it. In a JVM of its own, which compiles nothing. */
final class DeepWrites {
    private static final byte[] LINE = {'\n'};

    private final ScriptedSink sink = new ScriptedSink();
    private final Output output =
            new Output(sink, new Readiness(Readiness.OWN_SIGNALS), ReaderWatch.none(), "the sink");
    private final ScriptedSink.Interruption channel = () -> {
        overflown = true;
        call(20);
        overflown = false;
    };
    private boolean overflown;
    private boolean struck;

    private DeepWrites() {}

    /** Prints whether a write has overflown the stack in the channel, and whether the output goes on. */
    public static void main(String[] arguments) throws Exception {
        DeepWrites writes = new DeepWrites();
        writes.write(); // so that all is linked
        Thread deep = new Thread(null, writes::writeAtEachDepth, "deep", 256 * 1024);
        deep.start();
        deep.join();
        System.out.println("struck: " + writes.struck + ", idle: " + writes.output.isIdle() + ", another: "
                + writes.output.offer(Message.of(ByteBuffer.wrap(LINE))));
        writes.output.abort();
    }

    /** Writes on the way back from the deepest call. */
    private void writeAtEachDepth() {
        try {
            writeAtEachDepth();
        } catch (VirtualMachineError e) {
            struck |= overflown;
        }
        overflown = false;
        write();
    }

    private void write() {
        try {
            sink.room = 100;
            sink.interruption = channel;
            output.offer(Message.of(ByteBuffer.wrap(LINE)));
        } catch (VirtualMachineError e) { // the JVM wraps some overflows
            struck |= overflown; // no call: there may be no stack for one
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void call(int frames) {
        if (frames > 0) {
            call(frames - 1);
        }
    }
}
