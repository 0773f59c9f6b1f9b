package dev.aiopipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.Programs;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs a user's program with the oldest Kotlin that the README promises. */
class OldestKotlinTest {
    /** Maven copies it there before the tests run: it must not be on their class path. */
    private static final Path COMPILER = Path.of("target/oldest-kotlin/kotlin-compiler-embeddable.jar");

    /** The module and what a user of it gets with it. */
    private final String library = Stream.concat(Stream.of(classesOf(PipeLoop.class)), dependencies())
            .map(Path::toString)
            .collect(Collectors.joining(File.pathSeparator));

    @TempDir
    Path classes;

    @TempDir
    Path output;

    @Test
    @DisplayName("with the oldest Kotlin a program compiles without a warning, and runs on class path and module path")
    void compilesAndRuns() throws Exception {
        Path sources = classesOf(OldestKotlinTest.class).resolve("consumer");
        run(
                "-cp",
                COMPILER + File.pathSeparator + library,
                "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
                "-no-reflect",
                "-no-stdlib",
                "-Werror",
                "-jvm-target",
                "17",
                "-cp",
                library,
                "-d",
                classes.toString(),
                sources.resolve("Consumer.kt").toString());
        String withLibrary = classes + File.pathSeparator + library;
        assertEquals("done\n", run("-cp", withLibrary, "consumer.ConsumerKt"));

        int exit = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(
                        System.out,
                        System.err,
                        "-Xlint:all",
                        "-Werror",
                        "--release",
                        "17",
                        "--module-path",
                        library,
                        "--patch-module",
                        "consumer=" + classes,
                        "-d",
                        classes.toString(),
                        sources.resolve("module-info.java").toString());
        assertEquals(0, exit);
        assertEquals("done\n", run("--module-path", withLibrary, "-m", "consumer/consumer.ConsumerKt"));
    }

    @Test
    @DisplayName("the README names the Kotlin version of this test")
    void readmeNamesTheVersion() throws IOException {
        String version;
        try (JarFile jar = new JarFile(COMPILER.toFile());
                InputStream entry = jar.getInputStream(jar.getEntry("META-INF/compiler.version"))) {
            version = new String(entry.readAllBytes(), StandardCharsets.UTF_8);
        }
        String promise = "Kotlin " + version.substring(0, version.lastIndexOf('.')) + " or later";
        assertTrue(Files.readString(Path.of("../README.md")).contains(promise), promise);
    }

    private String run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Programs.java());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(List.of(arguments));
        Path out = output.resolve("out.txt");
        Path errors = output.resolve("errors.txt");
        int exit = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start()
                .waitFor();
        assertEquals(0, exit, () -> command + "\n" + read(out) + read(errors));
        return read(out);
    }

    private static Stream<Path> dependencies() {
        return Arrays.stream(Programs.classPath().split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> path.getFileName()
                        .toString()
                        .matches("(kotlin-stdlib|kotlinx-coroutines-core|jna-|jspecify).*"));
    }

    private static Path classesOf(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
