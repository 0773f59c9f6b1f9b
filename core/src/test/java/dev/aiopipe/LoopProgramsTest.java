package dev.aiopipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.NothingLeft;
import dev.aiopipe.testkit.Programs;
import java.io.BufferedReader;
import java.io.IOException;
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
        List<String> warning = outputOf("lost", "-Ddev.aiopipe.debug=true");
        assertTrue(
                warning.stream().anyMatch(line -> line.contains("LoopPrograms.loseReader(LoopPrograms.java")),
                warning::toString);
    }

    private static List<String> outputOf(String what, String... options) throws IOException, InterruptedException {
        List<String> command = Programs.jvm(LoopPrograms.class, what).command();
        command.addAll(1, List.of(options));
        ProcessBuilder limited = Programs.sh("ulimit -n 128 && exec \"$@\"", command.toArray(String[]::new));
        Process program = limited.redirectErrorStream(true).start();
        try (BufferedReader reader = program.inputReader()) {
            List<String> lines = reader.lines().toList();
            assertEquals(0, program.waitFor(), lines::toString);
            return lines;
        }
    }
}
