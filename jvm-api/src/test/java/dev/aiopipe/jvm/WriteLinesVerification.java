package dev.aiopipe.jvm;

import dev.aiopipe.jvm.Link.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;
import org.testng.annotations.AfterMethod;

/** The TCK's rules for the subscriber of {@code writeLines(publisher)}. Public, as TestNG wants it. */
public class WriteLinesVerification extends FlowSubscriberBlackboxVerification<CharSequence> {
    private final Queue<Link> links = new ConcurrentLinkedQueue<>();

    public WriteLinesVerification() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public Flow.Subscriber<CharSequence> createFlowSubscriber() {
        try {
            Link link = Kind.PIPE.open();
            links.add(link);
            return link.writer().lineSubscriber();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public CharSequence createElement(int number) {
        return "line " + number;
    }

    @AfterMethod
    public void close() {
        for (Link link = links.poll(); link != null; link = links.poll()) {
            link.close();
        }
    }
}
