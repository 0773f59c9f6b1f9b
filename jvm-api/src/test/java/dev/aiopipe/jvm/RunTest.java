package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.LimitExceededException;
import dev.aiopipe.OutputLine;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.PipelineOutput;
import dev.aiopipe.ProcessFailedException;
import dev.aiopipe.ProcessOutput;
import dev.aiopipe.ProcessTimeoutException;
import dev.aiopipe.Signal;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.File;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Children that are run to their ends, through futures. */
@ExtendWith(NothingLeft.class)
class RunTest {
    private static ProcessBuilder sh(String script) {
        return new ProcessBuilder("sh", "-c", script);
    }

    private static RunOptions options() {
        return RunOptions.defaults();
    }

    @Test
    @DisplayName("P01 P03 random input comes back through cat; without input the child finds the end of its stdin")
    void catGivesBackItsInput() throws Exception {
        byte[] input = new byte[256 * 1024];
        new Random(1).nextBytes(input);
        ProcessOutput output =
                get(AsyncPipes.run(new ProcessBuilder("cat"), options().withInput(input)));
        assertArrayEquals(input, output.orThrow().stdout());
        assertTrue(output.inputAccepted() && output.outputComplete());
        assertEquals("", get(AsyncPipes.run(new ProcessBuilder("cat"))).stdoutText());
    }

    @Test
    @DisplayName("the input's charset is that of the pipe options, whatever is chosen first")
    void charset() {
        RunOptions latin = options()
                .withInput("\u00e9")
                .withPipeOptions(PipeOptions.defaults().withCharset(StandardCharsets.ISO_8859_1));
        ProcessOutput output = get(AsyncPipes.run(new ProcessBuilder("cat"), latin));
        assertArrayEquals(new byte[] {(byte) 0xe9}, output.stdout());
        assertEquals("\u00e9", output.stdoutText());
    }

    @Test
    @DisplayName("P05 a child that does not read its input has not failed")
    void inputIsNotRead() throws Exception {
        ProcessOutput output = get(AsyncPipes.run(sh("echo done"), options().withInput(new byte[10_000_000])));
        assertEquals("done\n", output.orThrow().stdoutText());
        assertFalse(output.inputAccepted());
    }

    @Test
    @DisplayName("P08 input for a redirected stdin is refused before the start")
    void redirectedStdin() {
        ProcessBuilder builder = new ProcessBuilder("cat").redirectInput(new File("/dev/null"));
        assertThrows(
                IllegalStateException.class,
                () -> AsyncPipes.run(builder, options().withInput("x")));
    }

    @Test
    @DisplayName("P11 P12 a failed exit is a result, until it is asked to throw")
    void failedExit() throws Exception {
        ProcessOutput output = get(AsyncPipes.run(sh("echo out; echo err >&2; exit 3")));
        assertEquals(3, output.exitCode());
        ProcessFailedException failure = assertThrows(ProcessFailedException.class, output::orThrow);
        assertTrue(failure.getMessage().endsWith("exited with code 3: err"), failure::getMessage);
        assertSame(output, output.orThrow(0, 3));
    }

    @Test
    @DisplayName("P13 the limit names the output")
    void limit() {
        Throwable failure = failure(
                LimitExceededException.class,
                AsyncPipes.run(sh("yes >&2"), options().withLimit(1_000)));
        assertTrue(failure.getMessage().contains("stderr"), failure::getMessage);
    }

    @Test
    @DisplayName("P16 a timeout stops the child, and brings what came")
    void timeout() {
        ProcessTimeoutException timeout = failure(
                ProcessTimeoutException.class,
                AsyncPipes.run(sh("echo came; exec sleep 1000"), options().withTimeout(Duration.ofMillis(200))));
        assertEquals("came\n", timeout.output().stdoutText());
    }

    @Test
    @DisplayName("P18 a cancelled run ends the child")
    void cancelled() {
        CompletableFuture<ProcessOutput> run = AsyncPipes.run(new ProcessBuilder("sleep", "1000"));
        Await.until(
                "no child", () -> ProcessHandle.current().children().findAny().isPresent());
        assertTrue(run.cancel(false));
        assertTrue(run.isCancelled());
        Await.until("it lives", () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    @DisplayName("P18 a run that is cancelled at once leaves nothing, whenever that is")
    void cancelledAtOnce() {
        for (int i = 0; i < 50; i++) {
            AsyncPipes.run(new ProcessBuilder("sleep", "1000")).cancel(false);
        }
        Await.until("it lives", () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    @DisplayName("P19 a grandchild that holds the output delays the result by the drain at most")
    void grandchild() {
        ProcessOutput output = get(AsyncPipes.run(
                sh("sleep 1000 & echo came"),
                options()
                        .withDrain(Duration.ofMillis(50))
                        .withChildOptions(ChildOptions.defaults().withOwnGroup(true))));
        assertEquals("came\n", output.stdoutText());
        assertFalse(output.outputComplete());
    }

    @Test
    @DisplayName("P16 P19 a timeout ends a communicate although a grandchild holds the outputs open")
    void timeoutBesideGrandchild() {
        try (AsyncProcess child = get(AsyncPipes.start(sh("sleep 1000 & echo $!; exec sleep 1000")))) {
            long grandchild = Long.parseLong(get(child.stdout().readLine()));
            ProcessTimeoutException timeout = failure(
                    ProcessTimeoutException.class,
                    child.communicate(options()
                            .withTimeout(Duration.ofMillis(50))
                            .withDrain(Duration.ofSeconds(Long.MAX_VALUE))));
            ProcessHandle.of(grandchild).ifPresent(ProcessHandle::destroyForcibly);
            assertEquals(143, timeout.output().exitCode());
            assertFalse(timeout.output().outputComplete());
        }
    }

    @Test
    @DisplayName("P19 a drain without an end does not hold up a run whose outputs end")
    void endlessDrain() {
        ProcessOutput output = get(AsyncPipes.run(
                sh("echo came; exec >&- 2>&-; sleep 0.1"), options().withDrain(Duration.ofSeconds(Long.MAX_VALUE))));
        assertEquals("came\n", output.stdoutText());
    }

    @Test
    @DisplayName("J03 P18 whatever an executor refuses: a run has its outcome, lines fail, and no child is left")
    void refusingExecutor() {
        ManualExecutor executor = new ManualExecutor();
        executor.refuse();
        RunOptions refused = options().withExecutor(executor);
        assertEquals("came\n", get(AsyncPipes.run(sh("echo came"), refused)).stdoutText());
        failure(
                ProcessTimeoutException.class,
                AsyncPipes.run(sh("exec sleep 1000"), refused.withTimeout(Duration.ofMillis(50))));
        failure(IOException.class, AsyncPipes.run(new ProcessBuilder("no-such-program"), refused));
        CompletableFuture<ProcessOutput> cancelled = AsyncPipes.run(sh("exec sleep 1000"), refused);
        assertTrue(cancelled.cancel(false));
        Collecting<OutputLine> lines = new Collecting<>(1);
        AsyncPipes.outputLines(sh("echo line; exec sleep 1000"), refused).subscribe(lines);
        failure(RejectedExecutionException.class, lines.done);
        try (AsyncPipeline pipeline = get(AsyncPipes.startPipeline(List.of(new ProcessBuilder("cat")), refused))) {
            assertEquals(List.of(0), get(pipeline.stop(Duration.ofHours(1))));
        }
        Await.until("it lives", () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    @DisplayName("P21 a program that is missing")
    void missing() {
        Throwable failure = failure(IOException.class, AsyncPipes.run(new ProcessBuilder("no-such-program")));
        assertTrue(failure.getMessage().contains("no-such-program"), failure::getMessage);
    }

    @Test
    @DisplayName("P22 communicate after reads brings the rest; beside a reader it is refused")
    void communicate() {
        try (AsyncProcess child = get(AsyncPipes.start(sh("echo ready; cat")))) {
            assertEquals("ready", get(child.stdout().readLine()));
            CompletableFuture<String> reader = child.stdout().readLine();
            failure(ReadPendingException.class, child.communicate());
            assertTrue(reader.cancel(false));
            byte[] rest = "rest".getBytes(StandardCharsets.UTF_8);
            assertEquals("rest", get(child.communicate(rest)).stdoutText());
        }
    }

    @Test
    @DisplayName("J03 what follows runs on the executor")
    void executor() {
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> new Thread(task, "mine"));
        try {
            String name = get(AsyncPipes.run(sh("sleep 0.1"), options().withExecutor(executor))
                    .thenApply(output -> Thread.currentThread().getName()));
            assertEquals("mine", name);
            int code = get(CompletableFuture.supplyAsync( // it waits on the only thread
                    () -> AsyncPipes.run(sh("exit 3"), options().withExecutor(executor))
                            .join()
                            .exitCode(),
                    executor));
            assertEquals(3, code);
        } finally {
            executor.shutdown();
        }
    }

    @Test
    @DisplayName("P31 P32 a pipeline gives the output, and each exit code")
    void pipeline() throws Exception {
        List<ProcessBuilder> stages = List.of(new ProcessBuilder("yes"), new ProcessBuilder("head", "-n", "2"));
        PipelineOutput output = get(AsyncPipes.runPipeline(stages));
        assertEquals("y\ny\n", output.orThrow().stdoutText());
        assertEquals(List.of(141, 0), output.exitCodes());
        List<ProcessBuilder> failing = List.of(sh("cat; exit 1"), sh("cat; exit 2"));
        assertThrows(
                ProcessFailedException.class,
                () -> get(AsyncPipes.runPipeline(failing)).orThrow());
    }

    @Test
    @DisplayName("P31 P38 a pipeline that is talked to, and stopped")
    void talkedPipeline() {
        List<ProcessBuilder> stages = List.of(new ProcessBuilder("cat"), sh("read a; echo \"[$a]\"; cat >/dev/null"));
        try (AsyncPipeline pipeline = get(AsyncPipes.startPipeline(stages))) {
            get(pipeline.stdin().writeLine("word"));
            assertEquals("[word]", get(pipeline.stdout().readLine()));
            assertEquals(2, pipeline.processes().size());
            assertEquals(List.of(0, 0), get(pipeline.stop(Duration.ofHours(1))));
            assertEquals(List.of(0, 0), get(pipeline.onExit()));
        }
    }

    @Test
    @DisplayName("P34 if the second program is missing, nothing is left")
    void missingStage() {
        List<ProcessBuilder> stages = List.of(new ProcessBuilder("yes"), new ProcessBuilder("no-such-program"));
        failure(IOException.class, AsyncPipes.startPipeline(stages));
        failure(IOException.class, AsyncPipes.runPipeline(stages));
        assertThrows(IllegalArgumentException.class, () -> AsyncPipes.runPipeline(List.of()));
    }

    @Test
    @DisplayName("P24 P28 the lines of both outputs, as many as are asked for")
    void outputLines() {
        ProcessBuilder builder = sh("seq 1000; seq 1000 >&2; printf end");
        Collecting<OutputLine> all = new Collecting<>(Long.MAX_VALUE);
        AsyncPipes.outputLines(builder).subscribe(all);
        get(all.done);
        List<String> numbers = new ArrayList<>();
        for (int i = 1; i <= 1_000; i++) {
            numbers.add(Integer.toString(i));
        }
        assertEquals(numbers, texts(all, OutputLine.Source.STDERR));
        numbers.add("end");
        assertEquals(numbers, texts(all, OutputLine.Source.STDOUT));
    }

    private static List<String> texts(Collecting<OutputLine> lines, OutputLine.Source source) {
        return lines.received.stream()
                .filter(line -> line.source() == source)
                .map(OutputLine::text)
                .toList();
    }

    @Test
    @DisplayName("J04 P24 the end is signalled without demand: of a program, of one that fails, and of a running child")
    void endAtExactDemand() {
        Collecting<OutputLine> two = new Collecting<>(2);
        AsyncPipes.outputLines(sh("echo out; echo err >&2")).subscribe(two);
        get(two.done);
        assertEquals(2, two.received.size());

        Collecting<OutputLine> none = new Collecting<>(0);
        AsyncPipes.outputLines(sh("exit 3")).subscribe(none);
        failure(ProcessFailedException.class, none.done);

        try (AsyncProcess child = get(AsyncPipes.start(sh("echo line; read end; echo last >&2")))) {
            Collecting<OutputLine> one = new Collecting<>(1);
            child.outputLines().subscribe(one);
            Await.until("a line", () -> one.received.size() == 1);
            get(child.stdin().writeLine("end"));
            assertEquals(0, get(child.onExit()));
            assertFalse(one.done.isDone()); // a line is left
            one.subscription.request(1);
            get(one.done);
            assertEquals("last", one.received.get(1).text());
        }
    }

    @Test
    @DisplayName("P19 P24 a grandchild that holds the outputs open delays the end of the lines by the drain only")
    void linesBesideGrandchild() {
        RunOptions options = options().withDrain(Duration.ofMillis(50));
        String script = "sleep 1000 & echo $!; printf end; exit ";
        for (long demand : new long[] {2, Long.MAX_VALUE}) {
            Collecting<OutputLine> lines = new Collecting<>(demand);
            AsyncPipes.outputLines(sh(script + 0), options).subscribe(lines);
            get(lines.done);
            kill(lines.received.get(0));
            assertEquals("end", lines.received.get(1).text());
        }
        Collecting<OutputLine> failing = new Collecting<>(Long.MAX_VALUE);
        AsyncPipes.outputLines(sh(script + 3), options).subscribe(failing);
        failure(ProcessFailedException.class, failing.done);
        kill(failing.received.get(0));

        Collecting<OutputLine> late = new Collecting<>(1);
        AsyncPipes.outputLines(sh(script + 0), options.withDrain(Duration.ZERO)).subscribe(late);
        Await.until(
                "it has exited",
                () -> late.received.size() == 1
                        && ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
        kill(late.received.get(0));
        assertFalse(late.done.isDone());
        late.subscription.request(1);
        get(late.done);
        assertEquals("end", late.received.get(1).text());
    }

    private static void kill(OutputLine pid) {
        ProcessHandle.of(Long.parseLong(pid.text())).ifPresent(ProcessHandle::destroyForcibly);
    }

    @Test
    @DisplayName("P25 a failed exit fails the publisher after its last line")
    void failedLines() {
        Collecting<OutputLine> all = new Collecting<>(Long.MAX_VALUE);
        AsyncPipes.outputLines(sh("echo out; echo err >&2; exit 3")).subscribe(all);
        ProcessFailedException failure = failure(ProcessFailedException.class, all.done);
        assertEquals(2, all.received.size());
        assertTrue(failure.getMessage().endsWith("code 3: err"), failure::getMessage);
    }

    @Test
    @DisplayName("P26 a subscriber that has enough ends the child")
    void enoughLines() {
        Collecting<OutputLine> three = new Collecting<>(3) {
            @Override
            public void onNext(OutputLine line) {
                super.onNext(line);
                if (received.size() == 3) {
                    subscription.cancel();
                }
            }
        };
        AsyncPipes.outputLines(new ProcessBuilder("yes")).subscribe(three);
        Await.until("only ", () -> three.received.size() == 3);
        Await.until("it lives", () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    @DisplayName("the lines of a running child; what the subscriber leaves can be read")
    void linesOfRunningChild() {
        try (AsyncProcess child = get(AsyncPipes.start(sh("seq 9; cat >/dev/null")))) {
            Collecting<OutputLine> two = new Collecting<>(2);
            child.outputLines().subscribe(two);
            Await.until("only ", () -> two.received.size() == 2);
            two.subscription.cancel();
            assertEquals("3", get(child.stdout().readLine()));
            assertEquals(0, get(child.stop()));
        }
    }

    @Test
    @DisplayName("signals, kill and detach")
    void signals() throws Exception {
        ProcessBuilder listener = sh("trap 'echo usr1' USR1; echo ready; while :; do sleep 0.02; done");
        try (AsyncProcess child = get(AsyncPipes.start(listener))) {
            assertEquals("ready", get(child.stdout().readLine()));
            child.signal(Signal.USR1);
            assertEquals("usr1", get(child.stdout().readLine()));
            child.kill();
            assertEquals(137, get(child.onExit()));
        }
        AsyncProcess left = get(AsyncPipes.start(
                sh("exec sleep 1000"),
                Map.of(),
                PipeOptions.defaults(),
                ChildOptions.defaults().withStopAtExit(true),
                ForkJoinPool.commonPool()));
        left.detach();
        left.close();
        assertTrue(left.process().isAlive());
        left.process().destroyForcibly();
        get(left.onExit());
    }

    @Test
    @DisplayName("arguments that are wrong by themselves")
    void arguments() {
        assertThrows(IllegalArgumentException.class, () -> options().withLimit(-1));
        assertThrows(IllegalArgumentException.class, () -> options().withTimeout(Duration.ofNanos(-1)));
        assertThrows(IllegalArgumentException.class, () -> options().withDrain(Duration.ofNanos(-1)));
        assertThrows(NullPointerException.class, () -> options().withInput((String) null));
        assertThrows(NullPointerException.class, () -> AsyncPipes.run(null));
    }
}
