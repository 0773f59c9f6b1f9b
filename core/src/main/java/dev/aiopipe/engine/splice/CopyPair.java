package dev.aiopipe.engine.splice;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.IOException;

/** The copies of the two descriptors of a {@link SpliceRun}. */
final class CopyPair implements SpliceRun.Copies {
    private final DescriptorCopy from;
    private final DescriptorCopy to;

    CopyPair(DescriptorCopy from, DescriptorCopy to) {
        this.from = from;
        this.to = to;
    }

    @Override
    public boolean lend() throws IOException {
        if (!from.lend()) {
            return false;
        }
        boolean both = false;
        try {
            both = to.lend();
            return both;
        } finally {
            if (!both) {
                from.giveBack();
            }
        }
    }

    @Override
    public long splice(long count) {
        return from.spliceTo(to, count);
    }

    @Override
    public void giveBack() throws IOException {
        CloseOnce.both(from::giveBack, to::giveBack).close();
    }
}
