package consumer;

import dev.aiopipe.AioPipe;
import dev.aiopipe.ChildOptions;
import dev.aiopipe.OutputLine;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.ReadMode;
import dev.aiopipe.Signal;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipeWriter;
import dev.aiopipe.jvm.AsyncPipeline;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import dev.aiopipe.jvm.RunOptions;
import dev.aiopipe.AioDuplex;
import dev.aiopipe.CopyTotals;
import java.nio.channels.SocketChannel;
import java.nio.channels.ServerSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;

/** Calls every public method of the facade, in the ways in which one would write it. */
public final class EveryMethod {
    private static final PipeOptions OPTIONS = PipeOptions.defaults()
            .withCharset(StandardCharsets.UTF_8)
            .withMaxLineBytes(1 << 20)
            .withCapacity(1 << 16)
            .withLoop(PipeLoop.shared());

    private EveryMethod() {}

    public static void main(String[] args) throws Exception {
        ends();
        reads();
        loops();
        writes();
        views();
        sockets();
        children();
        runs();
        pipelines();
        System.out.println("every method called");
    }

    private static void ends() throws Exception {
        AioPipe pipe = AioPipe.create();
        try (AsyncPipeReader reader =
                        AsyncPipes.open(pipe.rx(), OPTIONS, ForkJoinPool.commonPool()).join();
                AsyncPipeWriter writer = AsyncPipes.open(pipe.tx(), OPTIONS, Runnable::run)
                        .join()) {
            expect(reader.mode() == ReadMode.SELECTOR && writer.owed() == 0);
        }
        AioPipe other = AioPipe.create();
        AsyncPipes.open(other.rx(), OPTIONS).thenAccept(AsyncPipeReader::close).join();
        AsyncPipes.open(other.tx(), OPTIONS).thenAccept(AsyncPipeWriter::abort).join();
        CompletableFuture<AsyncPipeReader> stdin = AsyncPipes.stdin();
        CompletableFuture<AsyncPipeWriter> stdout = AsyncPipes.stdout();
        CompletableFuture<AsyncPipeWriter> stderr = AsyncPipes.stderr();
        expect(stdin.thenCompose(AsyncPipeReader::readLine).join() == null);
        stdout.thenCompose(out -> out.writeLine("to stdout").thenRun(out::close)).join();
        stderr.join().close();
    }

    private static void reads() throws Exception {
        AioPipe pipe = AioPipe.create();
        AsyncPipeWriter writer = AsyncPipes.open(pipe.tx()).join();
        try (AsyncPipeReader reader = AsyncPipes.open(pipe.rx()).join()) {
            writer.write("line\nab12key=value;rest\nskip me\nskipped line\nall".getBytes(StandardCharsets.UTF_8));
            String line = reader.withTimeout(Duration.ofSeconds(10)).readLine().join();
            expect("line".equals(line));
            expect(reader.buffered() > 0 && reader.request(2).join() && reader.requestLine().join());
            ByteBuffer two = ByteBuffer.allocate(2);
            expect(reader.read(two).join() == 2);
            reader.readExactly(two.clear()).join();
            expect(reader.readUntil('=').join().length == 4);
            expect(reader.readUntil((byte) ';', 10).join().length == 6);
            expect(reader.readUntil(new byte[] {'\n'}).join().length == 5);
            expect(reader.skip(5).join() == 5);
            expect(reader.readUntil(new byte[] {'\n'}, 10).join().length == 3);
            expect(reader.skipLine().join() == 13);
            expect(reader.readAtMost(1).join().length == 1);
            expect(reader.readExactly(1).join().length == 1);
            CompletableFuture<byte[]> zero = reader.readUntil(0);
            expect(zero.cancel(true));
            expect(reader.atomically(r -> r.readAtMost(1)).join().length == 1);
            expect(reader.peek(0).join().length == 0);
            expect(reader.readUntilAny(new byte[] {'x'}).cancel(true));
            expect(reader.readUntilAny(9, new byte[] {'x'}, new byte[] {'y'}).cancel(true));
            writer.close();
            expect(reader.readAll().join().length == 0 && reader.readAll(10).join().length == 0);
            expect(reader.readText().join().isEmpty() && reader.readText(10).join().isEmpty());
            expect(reader.toString().startsWith("AsyncPipeReader["));
        }
    }

    private static void loops() throws Exception {
        AioPipe pipe = AioPipe.create();
        AioPipe other = AioPipe.create();
        AsyncPipeWriter writer = AsyncPipes.open(pipe.tx()).join();
        try (AsyncPipeReader reader = AsyncPipes.open(pipe.rx()).join();
                AsyncPipeReader further = AsyncPipes.open(other.rx()).join();
                AsyncPipeWriter between = AsyncPipes.open(other.tx()).join()) {
            List<Object> seen = new ArrayList<>();
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            writer.writeLines(List.of("1", "2", "3", "4", "5", "6", "7", "8")).join();
            expect(reader.transferTo(between, 2).join() == 2);
            expect(reader.transferTo(Channels.newChannel(file), 2).join() == 2);
            Once<String> one = new Once<>();
            reader.lines().subscribe(one);
            expect(one.item.join().equals("3"));
            Once<ByteBuffer> chunk = new Once<>();
            further.chunks().subscribe(chunk);
            expect(chunk.item.join().remaining() == 2);
            CompletableFuture<?> loop = reader.forEachLine(line -> {
                seen.add(line);
                if (line.equals("5")) {
                    throw new IllegalStateException(line);
                }
            });
            expect(loop.handle((x, failure) -> failure != null).join());
            CompletableFuture<?> rest =
                    reader.forEachLineAsync(line -> between.writeLine(line).thenRun(() -> seen.add(line)));
            writer.close();
            rest.join();
            expect(seen.equals(List.of("4", "5", "6", "7", "8")));
            expect(reader.transferTo(between).join() == 0);
            expect(reader.teeTo(between, between).join() == 0);
            expect(reader.transferTo(Channels.newChannel(file)).join() == 0);
            Path path = Files.createTempFile("every", "method");
            expect(reader.transferTo(path).join() == 0);
            expect(reader.transferTo(path, StandardOpenOption.APPEND).join() == 0);
            expect(between.transferFrom(path).join() == 0);
            Files.delete(path);
        }
    }

    private static void writes() throws Exception {
        AioPipe pipe = AioPipe.create();
        AsyncPipeReader reader = AsyncPipes.open(pipe.rx()).join();
        AsyncPipeWriter writer = AsyncPipes.open(pipe.tx()).join();
        byte[] bytes = {'a', 'b', 'c'};
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        writer.write(bytes).join();
        writer.write(bytes, 1, 2).join();
        writer.write(buffer).join();
        writer.write(ByteBuffer.wrap(bytes), ByteBuffer.wrap(bytes)).join();
        writer.write("text").thenCompose(sent -> writer.write(new StringBuilder("more"))).join();
        writer.writeLine("line").join();
        writer.writeLines(List.of(new StringBuilder("x"))).join();
        Flow.Publisher<String> publisher = subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long count) {
                subscriber.onNext("published");
                subscriber.onComplete();
            }

            @Override
            public void cancel() {}
        });
        writer.writeLines(publisher).join();
        writer.onWritable().join();
        expect(writer.transferFrom(Channels.newChannel(InputStream.nullInputStream())).join() == 0);
        CompletableFuture<?> gone = writer.onReaderGone();
        CompletableFuture<?> closed = writer.onClosed();
        reader.close();
        gone.join();
        expect(writer.toString().startsWith("AsyncPipeWriter["));
        writer.close();
        writer.abort();
        closed.join();
    }

    private static void sockets() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(null);
                SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
            AsyncPipes.accept(server).join().close();
            expect(AsyncPipes.accept(server, PipeLoop.shared(), Runnable::run).cancel(true));
            expect(client.isOpen());
        }
        try (AioDuplex one = AioDuplex.create();
                AioDuplex other = AioDuplex.create();
                AioDuplex third = AioDuplex.create();
                AioDuplex fourth = AioDuplex.create()) {
            CompletableFuture<CopyTotals> copy =
                    AsyncPipes.copyBidirectional(one.theirs(), other.theirs(), OPTIONS, Runnable::run);
            expect(copy.cancel(true));
            expect(AsyncPipes.copyBidirectional(third.mine(), fourth.mine()).cancel(true));
        }
        expect(new CopyTotals(1, 2).sent() == 1);
    }

    private static void views() throws Exception {
        AioPipe pipe = AioPipe.create();
        try (InputStream in = AsyncPipes.open(pipe.rx()).join().asInputStream();
                OutputStream out = AsyncPipes.open(pipe.tx()).join().asOutputStream()) {
            out.write(1);
            expect(in.read() == 1);
        }
    }

    private static void children() throws Exception {
        AioPipe pipe = AioPipe.create();
        ReadEnd rx = pipe.rx();
        WriteEnd tx = pipe.tx();
        rx.close();
        ProcessBuilder cat = new ProcessBuilder("cat");
        AsyncProcess first = AsyncPipes.start(cat, Map.of(3, tx)).join();
        AsyncProcess second = AsyncPipes.start(cat, Map.of(), OPTIONS).join();
        AsyncProcess third =
                AsyncPipes.start(cat, Map.of(), OPTIONS, ForkJoinPool.commonPool()).join();
        try (AsyncProcess fourth = AsyncPipes.start(cat).join()) {
            fourth.stdin().writeLine("hello").join();
            expect("hello".equals(fourth.stdout().readLine().join()));
            expect(fourth.process().isAlive() && fourth.stderr().buffered() == 0);
            expect(fourth.toString().startsWith("AsyncProcess["));
        }
        CompletableFuture<Integer> exit = first.onExit();
        expect(first.stop().join() == 0 && exit.join() == 0);
        expect(second.stop(Duration.ofSeconds(10)).join() == 0);
        expect(third.stop(Duration.ofSeconds(10), true).join() == 0);
    }

    private static void runs() throws Exception {
        RunOptions options = RunOptions.defaults()
                .withInput("text")
                .withInput(new byte[] {'a'})
                .withLimit(10)
                .withTimeout(Duration.ofMinutes(1))
                .withDrain(Duration.ofSeconds(1))
                .withPipeOptions(OPTIONS)
                .withChildOptions(ChildOptions.defaults().withStopSignal(Signal.INT))
                .withExecutor(ForkJoinPool.commonPool());
        ProcessBuilder cat = new ProcessBuilder("cat");
        expect(AsyncPipes.run(cat, options).join().orThrow().stdoutText().equals("a"));
        Once<OutputLine> lines = new Once<>();
        AsyncPipes.outputLines(new ProcessBuilder("echo", "line")).subscribe(lines);
        expect(lines.item.join().text().equals("line"));
        AsyncProcess child = AsyncPipes.start(cat).join();
        child.signal(Signal.CONT);
        Once<OutputLine> none = new Once<>();
        child.outputLines().subscribe(none);
        none.subscription.cancel();
        expect(child.communicate().join().exitCode() == 0);
        child.kill();
        child.close();
        AsyncProcess detached = AsyncPipes.start(cat).join();
        detached.detach();
        expect(detached.onExit().join() == 0);
    }

    private static void pipelines() {
        List<ProcessBuilder> stages = List.of(new ProcessBuilder("cat"), new ProcessBuilder("cat"));
        expect(AsyncPipes.runPipeline(stages).join().exitCodes().equals(List.of(0, 0)));
        try (AsyncPipeline pipeline = AsyncPipes.startPipeline(stages).join()) {
            pipeline.stdin().writeLine("line").join();
            expect(pipeline.stdout().readLine().join().equals("line"));
            expect(pipeline.processes().size() == 2);
            expect(pipeline.stop(Duration.ofSeconds(5)).join().equals(pipeline.onExit().join()));
        }
    }

    private static void expect(boolean fact) {
        if (!fact) {
            throw new AssertionError();
        }
    }

    /** Takes one item. */
    private static final class Once<T> implements Flow.Subscriber<T> {
        private final CompletableFuture<T> item = new CompletableFuture<>();
        private Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(1);
        }

        @Override
        public void onNext(T next) {
            subscription.cancel();
            item.complete(next);
        }

        @Override
        public void onError(Throwable thrown) {
            item.completeExceptionally(thrown);
        }

        @Override
        public void onComplete() {
            item.complete(null);
        }
    }
}
