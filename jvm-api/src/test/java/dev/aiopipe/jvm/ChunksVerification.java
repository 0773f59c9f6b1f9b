package dev.aiopipe.jvm;

import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** The TCK's rules for {@link AsyncPipeReader#chunks}. Public, as TestNG wants it. */
public class ChunksVerification extends FlowPublisherVerification<ByteBuffer> {
    public ChunksVerification() {
        super(new TestEnvironment(500, 50));
    }

    /** Each chunk is a read: one that finds a byte, and then nothing. */
    @Override
    public Flow.Publisher<ByteBuffer> createFlowPublisher(long elements) {
        ScriptedStream source =
                new ScriptedStream().arriveOneByOne(elements).end().signalledWhenArmed();
        return source.reader(CallbackExecutor.DEFAULT).chunks();
    }

    @Override
    public Flow.Publisher<ByteBuffer> createFailedFlowPublisher() {
        AsyncPipeReader reader = new ScriptedStream().reader(CallbackExecutor.DEFAULT);
        reader.lines().subscribe(new Collecting<>(0));
        return reader.chunks();
    }
}
