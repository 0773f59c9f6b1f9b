package dev.aiopipe.jvm;

import dev.aiopipe.CopyTotals;
import dev.aiopipe.DuplexEnd;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Copies both directions between two sides, and closes both in the end. */
final class BidirectionalCopy {
    private final CompletableFuture<CopyTotals> totals = new CompletableFuture<>();
    private final Side one;
    private final Side other;

    BidirectionalCopy(DuplexEnd one, DuplexEnd other, PipeOptions options, Executor executor) {
        this.one = new Side(one, options, executor);
        this.other = new Side(other, options, executor);
    }

    /** Begins. The future fails with the first failure; both sides are closed then. */
    CompletableFuture<CopyTotals> begin() {
        CompletableFuture<Long> sent = copy(one, other);
        CompletableFuture<Long> received = copy(other, one);
        sent.thenAcceptBoth(received, (there, back) -> totals.complete(new CopyTotals(there, back)));
        totals.whenComplete((ignored, failure) -> close());
        return totals;
    }

    private CompletableFuture<Long> copy(Side from, Side to) {
        CompletableFuture<Long> copied = from.reader
                .thenCombine(
                        to.writer,
                        (reader, writer) -> reader.transferTo(writer).thenCompose(count -> {
                            writer.close();
                            return writer.onClosed().thenApply(ignored -> count);
                        }))
                .thenCompose(count -> count);
        copied.whenComplete((ignored, failure) -> fail(failure));
        return copied;
    }

    private void fail(@Nullable Throwable failure) {
        if (failure != null) {
            totals.completeExceptionally(FutureFailures.unwrapped(failure));
        }
    }

    /** Closes both sides; what is copied is not sent any more. */
    void close() {
        one.close();
        other.close();
    }

    /** The two streams of one side. */
    private static final class Side {
        private final DuplexEnd end;
        private final CompletableFuture<AsyncPipeReader> reader;
        private final CompletableFuture<AsyncPipeWriter> writer;

        Side(DuplexEnd end, PipeOptions options, Executor executor) {
            this.end = end;
            this.reader = AsyncPipes.open(end.rx(), options, executor);
            this.writer = AsyncPipes.open(end.tx(), options, executor);
        }

        void close() {
            end.close();
            if (!reader.cancel(false)) {
                reader.thenAccept(AsyncPipeReader::close);
            }
            if (!writer.cancel(false)) {
                writer.thenAccept(AsyncPipeWriter::abort);
            }
        }
    }
}
