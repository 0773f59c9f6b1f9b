package dev.aiopipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.NothingLeft;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(60)
@ExtendWith(NothingLeft.class)
class LoopProgramsTest {
    @Test
    @DisplayName("E23 with few descriptors the first pipe is an IOException, and spoils nothing for later ones")
    void firstUseAtTheLimit() throws Exception {
        assertEquals(List.of("refused, then works"), outputOf("first use"));
    }

    @Test
    @DisplayName("E23 without a descriptor the shared loop does not begin, and begins when there are some")
    void pipesBeforeTheFirstWait() throws Exception {
        assertEquals(List.of("no more pipes", "waits", "works"), outputOf("pipes before the first wait"));
    }

    @Test
    @DisplayName("E22 a shared loop that has died is replaced for what is opened later")
    void deadSharedLoop() throws Exception {
        assertEquals(List.of("died", "works"), outputOf("dead shared loop"));
    }

    @Test
    @DisplayName("E24 with -Ddev.aiopipe.debug=true the warning of a lost stream shows where it was created")
    void placeOfCreation() throws Exception {
        Process program = program("lost", "-Ddev.aiopipe.debug=true").start();
        try (BufferedReader lines = program.inputReader()) {
            String line = lines.readLine();
            while (line != null && !line.contains("LoopPrograms.loseReader(LoopPrograms.java")) {
                line = lines.readLine();
            }
            assertTrue(line != null);
        } finally {
            program.destroyForcibly().waitFor();
        }
    }

    private static List<String> outputOf(String what) throws IOException, InterruptedException {
        Process program = program(what).start();
        try (BufferedReader reader = program.inputReader()) {
            List<String> lines = reader.lines().toList();
            assertEquals(0, program.waitFor(), () -> "" + lines);
            return lines;
        }
    }

    private static ProcessBuilder program(String what, String... options) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 128 && exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(Arrays.asList(options));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        command.addAll(List.of("-cp", classPath, LoopPrograms.class.getName(), what));
        return new ProcessBuilder(command).redirectErrorStream(true);
    }
}
