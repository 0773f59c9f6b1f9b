package dev.aiopipe.jvm;

import java.util.concurrent.Flow;
import java.util.stream.LongStream;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.annotations.AfterMethod;

/** The TCK's rules for {@link AsyncPipeReader#lines}. Public, as TestNG wants it. */
public class LinesVerification extends FlowPublisherVerification<String> {
    private final Feeds feeds = new Feeds();

    public LinesVerification() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public Flow.Publisher<String> createFlowPublisher(long elements) {
        return feeds.of(LongStream.range(0, elements).mapToObj(Long::toString)).lines();
    }

    /** A reader that has a subscriber refuses another one without being asked for anything. */
    @Override
    public Flow.Publisher<String> createFailedFlowPublisher() {
        AsyncPipeReader reader = feeds.of(LongStream.empty().mapToObj(Long::toString));
        reader.lines().subscribe(new Collecting<>(0));
        return reader.lines();
    }

    @AfterMethod
    public void close() {
        feeds.close();
    }
}
