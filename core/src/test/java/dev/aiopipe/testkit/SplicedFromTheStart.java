package dev.aiopipe.testkit;

import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.splice.Splicing;
import java.io.IOException;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Has the kernel move the bytes of transfers from the first one on, while the tests of a class run. */
public final class SplicedFromTheStart implements BeforeAllCallback, AfterAllCallback {
    private long before;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        isPossible();
        before = Splicing.beginAfter(0);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Splicing.beginAfter(before);
    }

    /** Loads JNA. Returns whether bytes are spliced here at all. */
    public static boolean isPossible() throws IOException {
        return NativeAccess.canAdopt();
    }
}
