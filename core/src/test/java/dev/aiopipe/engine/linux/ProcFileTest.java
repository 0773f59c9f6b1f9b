package dev.aiopipe.engine.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcFileTest {
    @TempDir
    Path folder;

    @Test
    @DisplayName("each read gives the text of its moment, shorter or longer than the one before")
    void textsOfAllLengths() throws IOException {
        Path path = folder.resolve("file");
        Files.createFile(path);
        try (ProcFile file = new ProcFile(path.toString())) {
            for (int length : new int[] {0, 1, 4095, 4096, 4097, 20_000, 7, 0}) {
                String text = "x".repeat(length);
                Files.writeString(path, text);
                assertEquals(text, file.read());
            }
        }
    }

    @Test
    @DisplayName("the kernel's text is new at each read, also on a thread that is interrupted")
    void kernelsText() throws IOException {
        Path self = Path.of("/proc/self/stat");
        Assumptions.assumeTrue(Files.exists(self));
        try (ProcFile file = new ProcFile(self.toString())) {
            String pid = ProcessHandle.current().pid() + " (";
            assertTrue(file.read().startsWith(pid));
            Thread.currentThread().interrupt();
            assertTrue(file.read().startsWith(pid));
            assertTrue(Thread.interrupted());
            assertTrue(file.read().startsWith(pid));
        }
    }
}
