package dev.aiopipe.engine.splice;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/** The copies of the descriptors of a {@link TeeRun}. */
final class CopyGroup implements TeeRun.Copies {
    private final DescriptorCopy from;
    private final List<DescriptorCopy> to;
    private final List<DescriptorCopy> all;

    /** How many of all are lent. */
    private int lent;

    CopyGroup(DescriptorCopy from, List<DescriptorCopy> to) {
        this.from = from;
        this.to = to;
        this.all = Stream.concat(Stream.of(from), to.stream()).toList();
    }

    @Override
    public boolean lend() throws IOException {
        try {
            while (lent < all.size() && all.get(lent).lend()) {
                lent++;
            }
        } finally {
            if (lent < all.size()) {
                giveBack();
            }
        }
        return lent > 0;
    }

    @Override
    public long tee(int output, long count) {
        return from.teeTo(to.get(output), count);
    }

    @Override
    public long splice(int output, long count) {
        return from.spliceTo(to.get(output), count);
    }

    @Override
    public long read(ByteBuffer direct) {
        return from.read(direct);
    }

    @Override
    public void undisturbed(Runnable calls) {
        from.undisturbed(calls);
    }

    @Override
    public void giveBack() throws IOException {
        Closeable lentOnes = () -> {};
        for (DescriptorCopy each : all.subList(0, lent)) {
            lentOnes = CloseOnce.both(lentOnes, each::giveBack);
        }
        lent = 0;
        lentOnes.close();
    }
}
