package dev.aiopipe.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.testkit.Programs;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** J07: a program of somebody who knows no Kotlin, compiled with all warnings as errors, and run. */
class ConsumerTest {
    private static final Predicate<String> JNA = name -> name.startsWith("jna-");

    private static final String PRINTED = "to stdout\nevery method called\n";

    private final Path sources = pathOf(ConsumerTest.class).resolve("consumer/src");

    @TempDir
    Path output;

    @Test
    @DisplayName("J07 on the class path, with no Kotlin: compiles without a warning, and runs")
    void onTheClassPath() throws Exception {
        compile(List.of("-classpath", join(List.of(facade()))), "consumer/EveryMethod.java");

        String classPath = join(List.of(facade(), classPath(JNA), List.of(output)));
        assertEquals(PRINTED, run("-classpath", classPath, "consumer.EveryMethod"));
    }

    @Test
    @DisplayName("J07 on the module path, with no Kotlin: compiles without a warning, and runs")
    void onTheModulePath() throws Exception {
        List<Path> required = classPath(JNA);
        compile(
                List.of("--module-path", join(List.of(facade(), required))),
                "module-info.java",
                "consumer/EveryMethod.java");

        String modulePath = join(List.of(facade(), required, List.of(output)));
        assertEquals(PRINTED, run("--module-path", modulePath, "-m", "consumer/consumer.EveryMethod"));
    }

    @Test
    @DisplayName("J07 the program calls every public method; no signature names Kotlin")
    void everyMethod() throws IOException {
        String program = Files.readString(sources.resolve("consumer/EveryMethod.java"));
        for (Class<?> type : List.of(
                AsyncPipes.class,
                AsyncPipeReader.class,
                AsyncPipeWriter.class,
                AsyncProcess.class,
                AsyncPipeline.class,
                RunOptions.class)) {
            for (Method method : type.getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
                    assertTrue(
                            program.contains("." + method.getName() + "(") || program.contains("::" + method.getName()),
                            () -> "not called: " + method);
                    assertTrue(!method.toGenericString().contains("kotlin"), method::toGenericString);
                    assertTrue(!method.toGenericString().contains("dev.aiopipe.engine"), method::toGenericString);
                }
            }
        }
    }

    private void compile(List<String> path, String... files) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = new ArrayList<>(path);
        options.addAll(List.of("--release", "17", "-Xlint:all", "-Werror", "-d", output.toString()));
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            List<Path> paths = Arrays.stream(files).map(sources::resolve).toList();
            boolean compiled = compiler.getTask(
                            messages, manager, null, options, null, manager.getJavaFileObjectsFromPaths(paths))
                    .call();
            assertTrue(compiled, messages::toString);
        }
    }

    private String run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Programs.java());
        command.addAll(List.of(arguments));
        Path out = output.resolve("out.txt");
        int exit = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(out.toFile())
                .start()
                .waitFor();
        assertEquals(0, exit);
        return Files.readString(out);
    }

    private static List<Path> facade() {
        return Stream.of(AsyncPipes.class, PipeOptions.class, NullMarked.class)
                .map(ConsumerTest::pathOf)
                .toList();
    }

    private static List<Path> classPath(Predicate<String> wanted) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> wanted.test(path.getFileName().toString()))
                .toList();
    }

    private static String join(List<List<Path>> paths) {
        return paths.stream().flatMap(List::stream).map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static Path pathOf(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
