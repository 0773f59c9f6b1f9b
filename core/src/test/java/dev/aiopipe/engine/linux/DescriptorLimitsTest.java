package dev.aiopipe.engine.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.Descriptors;
import java.io.IOException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DescriptorLimitsTest {
    private static final String BEFORE = """
            Limit                     Soft Limit           Hard Limit           Units
            Max resident set          unlimited            unlimited            bytes
            """;

    private static final String AFTER = """
            Max locked memory         8388608              8388608              bytes
            """;

    @Test
    @DisplayName("the soft limit is read, also if there is none")
    void softLimit() throws IOException {
        assertEquals(
                1024,
                limit(BEFORE + "Max open files            1024                 524288               files\n" + AFTER));
        assertEquals(
                Long.MAX_VALUE,
                limit(BEFORE + "Max open files            unlimited            unlimited            files\n" + AFTER));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Max open files", "Max open files            many                 ", "Max file locks 8"})
    void limitThatIsNotShown(String text) {
        assertThrows(IOException.class, () -> limit(text));
    }

    private static long limit(String text) throws IOException {
        return DescriptorLimits.limit(text, DescriptorLimits.line(text));
    }

    @Test
    @DisplayName("of the whole system: the third number without the first")
    void system() throws IOException {
        assertEquals(2_466_170 - 902, DescriptorLimits.leftInSystem("902\t0\t2466170\n"));
        assertEquals(Long.MAX_VALUE - 1, DescriptorLimits.leftInSystem("1\t0\t9223372036854775807\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "902", "902\t0", "902\t0\tmany", "many\t0\t902"})
    void systemThatIsNotShown(String text) {
        assertThrows(IOException.class, () -> DescriptorLimits.leftInSystem(text));
    }

    @Test
    @DisplayName("what is left here is less if more is open")
    void here() throws IOException {
        DescriptorLimits limits = DescriptorLimits.open();
        Assumptions.assumeTrue(limits != null, "no limits under /proc");
        try (limits) {
            long all = limits.left(0);
            assertTrue(all > Descriptors.open().size(), () -> "" + all);
            assertTrue(limits.left(all + 1) < 0);
        }
    }
}
