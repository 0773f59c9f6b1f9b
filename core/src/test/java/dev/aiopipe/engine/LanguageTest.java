package dev.aiopipe.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LanguageTest {
    @Test
    @DisplayName("the engine is Java, and names nothing of kotlin")
    void engineNamesNothingOfKotlin() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/aiopipe/engine"))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            assertFalse(sources.isEmpty());
            for (Path source : sources) {
                List<String> named = Files.readAllLines(source).stream()
                        .filter(line -> line.contains("kotlin."))
                        .toList();
                assertEquals(List.of(), named, source.toString());
            }
        }
    }
}
