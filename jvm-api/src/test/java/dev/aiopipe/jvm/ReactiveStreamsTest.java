package dev.aiopipe.jvm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testng.ITestContext;
import org.testng.ITestListener;
import org.testng.ITestResult;
import org.testng.TestNG;

/** The Reactive Streams TCK is made of TestNG tests: they are run here, and each is reported as a test. */
@ExtendWith(NothingLeft.class)
class ReactiveStreamsTest {
    @TestFactory
    @DisplayName("J04 lines() passes the Reactive Streams TCK")
    Stream<DynamicTest> lines() {
        return verify(LinesVerification.class);
    }

    @TestFactory
    @DisplayName("J04 chunks() passes the Reactive Streams TCK")
    Stream<DynamicTest> chunks() {
        return verify(ChunksVerification.class);
    }

    @TestFactory
    @DisplayName("J04 the subscriber of writeLines(publisher) passes the Reactive Streams TCK")
    Stream<DynamicTest> writeLines() {
        return verify(WriteLinesVerification.class);
    }

    @TestFactory
    @DisplayName("J04 outputLines passes the Reactive Streams TCK")
    Stream<DynamicTest> outputLines() {
        return verify(OutputLinesVerification.class);
    }

    private static Stream<DynamicTest> verify(Class<?> suite) {
        Results results = new Results();
        TestNG testng = new TestNG(false);
        testng.setTestClasses(new Class<?>[] {suite});
        testng.setVerbose(0);
        testng.addListener(results);
        testng.run();
        assertTrue(results.all.size() > 20, () -> "only " + results.all.size() + " tests");
        return results.all.stream()
                .filter(result -> !isLeftOut(result))
                .map(result -> DynamicTest.dynamicTest(result.getName(), () -> report(result)));
    }

    /** Skips rules that the TCK can't test, and those of several subscribers at once: a stream is read once. */
    private static boolean isLeftOut(ITestResult result) {
        String name = result.getName();
        return result.getStatus() == ITestResult.SKIP
                && (name.startsWith("untested_") || name.startsWith("optional_spec111_"));
    }

    private static void report(ITestResult result) throws Throwable {
        if (result.getStatus() == ITestResult.SKIP) {
            throw new AssertionError("skipped: " + result.getName(), result.getThrowable());
        } else if (!result.isSuccess()) {
            throw result.getThrowable();
        }
    }

    private static final class Results implements ITestListener {
        private final List<ITestResult> all = new ArrayList<>();

        @Override
        public void onTestSuccess(ITestResult result) {
            all.add(result);
        }

        @Override
        public void onTestFailure(ITestResult result) {
            all.add(result);
        }

        @Override
        public void onTestSkipped(ITestResult result) {
            all.add(result);
        }

        @Override
        public void onStart(ITestContext context) {
            // nothing to prepare
        }
    }
}
