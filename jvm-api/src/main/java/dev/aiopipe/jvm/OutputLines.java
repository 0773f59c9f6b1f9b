package dev.aiopipe.jvm;

import dev.aiopipe.OutputLine;
import dev.aiopipe.ProcessFailedException;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.OutputDrain;
import dev.aiopipe.engine.process.StderrTail;
import dev.aiopipe.engine.process.StopSequence;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.read.OutputLinesSubscription;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The lines of a program that is started for each subscriber, and stopped if that leaves early. */
final class OutputLines implements OutputLinesSubscription.Source {
    private final RunOptions options;
    private final StderrTail tail = new StderrTail();
    private @Nullable Child child; // guarded by this, as is what follows
    private @Nullable OutputDrain drain;
    private boolean over;
    private boolean early;

    private OutputLines(RunOptions options) {
        this.options = options;
    }

    /** Subscribes, and starts the child on a thread of the engine. */
    static void subscribe(
            Callable<Child> start,
            RunOptions options,
            CallbackExecutor callbacks,
            Flow.Subscriber<? super OutputLine> subscriber) {
        OutputLines run = new OutputLines(options);
        OutputLinesSubscription lines = new OutputLinesSubscription(subscriber, run, callbacks);
        lines.begin();
        try {
            BlockingPool.EXECUTOR.execute(() -> run.start(start, lines));
        } catch (Throwable e) { // no thread can be had
            lines.fail(e);
        }
    }

    private void start(Callable<Child> start, OutputLinesSubscription lines) {
        try {
            synchronized (this) {
                if (over) {
                    return;
                }
            }
            Child started = start.call();
            boolean tooLate;
            synchronized (this) {
                child = started;
                tooLate = over;
            }
            started.stdin().close();
            lines.attach(started, options.pipes());
            if (tooLate) {
                stop(started);
            } else {
                begin(OutputDrain.begin(started, options.drain(), lines::drained));
            }
        } catch (Throwable e) {
            lines.fail(e);
        }
    }

    private void begin(OutputDrain waiting) {
        synchronized (this) {
            drain = waiting;
            if (!over) {
                return;
            }
        }
        waiting.close();
    }

    @Override
    public void line(OutputLine line) {
        tail.add(line);
    }

    @Override
    public void ended(OutputLinesSubscription lines) {
        Child ended;
        synchronized (this) {
            ended = Objects.requireNonNull(child); // set before it was attached
        }
        ended.exit().whenComplete((code, failure) -> {
            if (code == 0) {
                lines.complete();
            } else {
                lines.fail(new ProcessFailedException(
                        tail.output(ended.command(), code, options.pipes().charset())));
            }
        });
    }

    @Override
    public void over(boolean leftEarly) {
        Child left;
        OutputDrain waiting;
        synchronized (this) {
            over = true;
            early = leftEarly;
            left = child;
            waiting = drain;
        }
        if (waiting != null) {
            waiting.close();
        }
        if (left != null) {
            stop(left);
        }
    }

    private void stop(Child left) {
        boolean running;
        synchronized (this) {
            running = early || left.process().isAlive();
        }
        if (running) {
            StopSequence.beginAtOnce(left, this).whenComplete((code, failure) -> left.close());
        } else {
            left.close();
        }
    }
}
