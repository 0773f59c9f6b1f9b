package dev.aiopipe.jvm;

import dev.aiopipe.OutputLine;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** The TCK's rules for {@link AsyncPipes#outputLines}. Public, as TestNG wants it. */
public class OutputLinesVerification extends FlowPublisherVerification<OutputLine> {
    public OutputLinesVerification() {
        super(new TestEnvironment(500, 50));
    }

    @Override
    public Flow.Publisher<OutputLine> createFlowPublisher(long elements) {
        String script = "i=0; while [ $i -lt " + elements + " ]; do echo $i; i=$((i + 1)); done";
        return AsyncPipes.outputLines(new ProcessBuilder("sh", "-c", script));
    }

    @Override
    public Flow.Publisher<OutputLine> createFailedFlowPublisher() {
        return AsyncPipes.outputLines(new ProcessBuilder("no-such-program"));
    }
}
