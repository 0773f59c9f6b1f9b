package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.OutputLine;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.RestOfLines;
import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.SerialTask;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Gives the lines of both outputs of a child to a subscriber, as they come, and as many as it asks for. A line that was
 * taken is delivered, also if the subscription is cancelled at that moment.
 *
 * <pre>
 *     STARTING ── attach ──► LINES ── both outputs have ended ──► ENDED ── complete, or fail ──► OVER
 *        └───────────────────── cancel, a failure, a refusal of the executor ─────────────────────►
 * </pre>
 *
 * <p>When the child has exited, the ends are looked for without demand, too. When {@link #drained}, an output ends
 * where nothing more is there.
 */
public final class OutputLinesSubscription implements Flow.Subscription, BusyReader {
    /** Observes the lines. All but {@code over} is called on the executor, outside of locks. */
    public interface Source {
        /** A line is about to be delivered. */
        default void line(OutputLine line) {}

        /** Both outputs have ended: ends in {@link #complete} or {@link #fail}. */
        void ended(OutputLinesSubscription lines);

        /** The subscriber gets nothing more. {@code early} if the outputs have not ended. */
        default void over(boolean early) {}
    }

    private final Source source;
    private final SerialTask task;
    private final AtomicLong demand = new AtomicLong();
    private volatile Flow.@Nullable Subscriber<? super OutputLine> subscriber; // null after the last signal
    private volatile @Nullable Throwable failure;
    private volatile boolean completed;
    private volatile boolean drained;
    private volatile @Nullable CompletableFuture<Integer> exit; // of the attached child
    private List<Side> sides = List.of(); // guarded by this, as is what follows
    private boolean attached;
    private boolean ended;
    private int next; // the side that is looked at first

    /** Makes a subscription that gives nothing yet. */
    public OutputLinesSubscription(
            Flow.Subscriber<? super OutputLine> subscriber, Source source, CallbackExecutor callbacks) {
        this.subscriber = subscriber;
        this.source = source;
        this.task = new SerialTask(callbacks::run, this::turn, this::refused);
    }

    /** Signals {@code onSubscribe}. */
    public void begin() {
        Flow.Subscriber<? super OutputLine> receiver = Objects.requireNonNull(subscriber);
        task.begin(() -> guarded(() -> receiver.onSubscribe(this)));
    }

    /**
     * From now on lines come from this child. Does nothing if this is over; the source has been asked to end the child
     * then.
     */
    public void attach(Child child, PipeOptions options) {
        synchronized (this) {
            if (subscriber == null) {
                return;
            }
            sides = List.of(
                    new Side(child.stdout(), OutputLine.Source.STDOUT, options),
                    new Side(child.stderr(), OutputLine.Source.STDERR, options));
            sides.forEach(side -> side.input.enter(this));
            attached = true;
            exit = child.exit();
        }
        task.schedule();
        Objects.requireNonNull(exit).thenRun(task::schedule);
    }

    /** No end is waited for any more: the outputs end with what is there. */
    public void drained() {
        drained = true;
        task.schedule();
    }

    /** After the end of the outputs: all is well. */
    public void complete() {
        completed = true;
        task.schedule();
    }

    /** The subscriber gets this failure, and nothing more. */
    public void fail(Throwable why) {
        failure = why;
        task.schedule();
    }

    @Override
    public void request(long count) {
        if (count <= 0) {
            failure = new IllegalArgumentException("non-positive subscription request: " + count);
        } else {
            demand.updateAndGet(before -> before + count < 0 ? Long.MAX_VALUE : before + count);
        }
        task.schedule();
    }

    @Override
    public boolean readsOn(@Nullable Object stopper) {
        return demand.get() > 0;
    }

    @Override
    public void cancel() {
        leave();
    }

    /** Nothing more runs on the executor: the subscriber gets the refusal on this thread. */
    private void refused(Throwable why) {
        Flow.Subscriber<? super OutputLine> receiver = subscriber;
        if (receiver != null) {
            end(receiver, why);
        }
    }

    private void turn() {
        Flow.Subscriber<? super OutputLine> receiver;
        while ((receiver = subscriber) != null) {
            Throwable problem = failure;
            OutputLine line = null;
            boolean endedNow = false;
            if (problem == null && !completed) {
                try {
                    synchronized (this) {
                        if (!attached || ended || subscriber == null) { // left since the look above, perhaps
                            return;
                        } else if (demand.get() > 0) {
                            line = nextLine();
                        } else {
                            lookForEnds();
                        }
                        endedNow = sides.isEmpty();
                        ended = endedNow;
                    }
                } catch (Throwable e) {
                    problem = e;
                }
            }
            if (problem != null || completed) {
                end(receiver, problem);
                return;
            } else if (endedNow) {
                source.ended(this);
            } else if (line == null) {
                return; // to be woken
            } else {
                deliver(receiver, line);
                if (task.isUsedUp()) {
                    return;
                }
            }
        }
    }

    private void deliver(Flow.Subscriber<? super OutputLine> receiver, OutputLine line) {
        demand.updateAndGet(before -> before == Long.MAX_VALUE ? before : before - 1);
        source.line(line);
        guarded(() -> receiver.onNext(line));
    }

    /** Takes a line from the sides in turn; null if there is none now. Sides at their end are left. */
    private @Nullable OutputLine nextLine() throws IOException {
        for (int tries = sides.size(); tries > 0; tries--) {
            next = (next + 1) % sides.size();
            Side side = sides.get(next);
            Object value = side.take();
            if (value == null) {
                ended(side);
            } else if (value != ReadOp.MORE) {
                return new OutputLine(side.source, (String) value);
            }
        }
        return null;
    }

    /** Leaves the sides at their end. Takes nothing. */
    private void lookForEnds() throws IOException {
        CompletableFuture<Integer> exited = exit;
        if (exited != null && exited.isDone()) {
            for (Side side : sides) {
                if (side.isAtEnd()) {
                    ended(side);
                }
            }
        }
    }

    private void ended(Side side) {
        side.input.leave(this);
        sides = sides.stream().filter(other -> other != side).toList();
    }

    private void end(Flow.Subscriber<? super OutputLine> receiver, @Nullable Throwable problem) {
        if (leave()) {
            guarded(() -> {
                if (problem == null) {
                    receiver.onComplete();
                } else {
                    receiver.onError(problem);
                }
            });
        }
    }

    /** The subscriber gets nothing more; true for the first who says so. */
    private boolean leave() {
        boolean early;
        CompletableFuture<Integer> left;
        synchronized (this) {
            if (subscriber == null) {
                return false;
            }
            subscriber = null;
            early = !ended;
            left = exit;
            for (Side side : sides) {
                side.stop();
                side.input.leave(this);
            }
        }
        if (left != null) {
            left.cancel(false);
        }
        source.over(early);
        return true;
    }

    /**
     * Runs a signal. A subscriber that throws breaks its contract (Reactive Streams 2.13): it gets nothing more, and
     * the thread's handler gets the exception.
     */
    private void guarded(Runnable signal) {
        try {
            signal.run();
        } catch (Throwable e) {
            cancel();
            Threads.report(e);
        }
    }

    /** One output. Its read slot is taken while a line is waited for. */
    private final class Side implements Readiness.Waiter {
        private final Input input;
        private final OutputLine.Source source;
        private final ReadOp<@Nullable String> line;
        private final ReadOp<Boolean> look;
        private final RestOfLines rest;
        private boolean waiting; // guarded by the subscription
        private volatile boolean woken;

        Side(Input input, OutputLine.Source source, PipeOptions options) {
            this.input = input;
            this.source = source;
            ReadOps ops = SharedSecrets.get().readOps(options);
            this.line = ops.line();
            this.look = ops.request(1);
            this.rest = new RestOfLines(input, ops);
        }

        /** A line, null at the end, or MORE. */
        @Nullable
        Object take() throws IOException {
            if (drained) {
                stop();
                return rest.next();
            }
            return attempt(line);
        }

        /** Whether nothing comes any more. False, too, while somebody else reads. */
        boolean isAtEnd() throws IOException {
            try {
                if (drained) {
                    stop();
                    return !rest.hasNext();
                }
                return attempt(look) == Boolean.FALSE;
            } catch (ReadPendingException e) {
                return false;
            }
        }

        /** A value, or MORE: then this waits. */
        private @Nullable Object attempt(ReadOp<?> op) throws IOException {
            if (waiting && !woken) {
                return ReadOp.MORE;
            }
            Object value = waiting ? proceed(op) : input.start(op, null);
            while (value == ReadOp.MORE) {
                woken = false;
                waiting = true;
                if (input.await(this)) {
                    break;
                }
                value = proceed(op);
            }
            return value;
        }

        private @Nullable Object proceed(ReadOp<?> op) throws IOException {
            waiting = false;
            return input.proceed(this, op);
        }

        void stop() {
            if (waiting) {
                waiting = false;
                input.abandon(this);
            }
        }

        @Override
        public void wake() {
            woken = true;
            task.schedule();
        }
    }
}
