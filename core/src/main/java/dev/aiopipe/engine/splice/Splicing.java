package dev.aiopipe.engine.splice;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.write.Output;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides, during one transfer, when the kernel moves the bytes itself.
 *
 * <pre>
 *     reads and writes ── so many bytes were moved, and JNA is loaded ──► a KernelRun
 *            ▲                                                                │
 *            └──── only a read and a write can find out what there is ◄───────┘
 * </pre>
 *
 * <p>The reads and writes of the driver are the transfer; a run is a short cut. So the end of the stream, a failure, a
 * pipe that the kernel does not splice, and a platform without JNA need nothing of their own.
 *
 * <p>A transfer never waits for JNA. If a transfer is long enough to be worth the loading, a thread in the background
 * loads it.
 */
public final class Splicing {
    /** The copies of two descriptors take about as long as reads and writes of a tenth of this. */
    private static final long WORTHWHILE = 1 << 20;

    /** JNA takes about as much CPU time as reads and writes of so many bytes. */
    private static final long WORTH_LOADING = 128 << 20;

    private static volatile long worthwhile = WORTHWHILE;

    private final Input input;
    private final List<Output> outputs;

    /** How many bytes were read and written since the last run. */
    private long copied;

    /** How many bytes were read and written since JNA was asked for. */
    private long copiedWithoutLibC;

    /** Whether the descriptors can't be copied, or not be spliced. */
    private boolean refused;

    /** Begins with nothing moved yet. */
    public Splicing(Input input, Output output) {
        this.input = input;
        this.outputs = List.of(output);
    }

    /** Begins with nothing moved yet, to bring the same bytes to each of several outputs. */
    public Splicing(Input input, List<Output> outputs) {
        this.input = input;
        this.outputs = outputs;
        // An output that is there twice may get the bytes for the second time only after the first time.
        this.refused = new HashSet<>(outputs).size() < outputs.size();
    }

    /**
     * Sets how many bytes a transfer moves by reads and writes before each run: for tests.
     *
     * @param bytes 0 to begin with a run; {@link Long#MAX_VALUE} for none
     * @return what it was before
     */
    public static long beginAfter(long bytes) {
        long before = worthwhile;
        worthwhile = bytes;
        return before;
    }

    /** Notes bytes that were moved by a read and a write. */
    public void copied(long bytes) {
        copied += bytes;
        copiedWithoutLibC += bytes;
    }

    /**
     * Returns a run, to be {@linkplain KernelRun#begin begun}.
     *
     * @param transaction of the transfer
     * @param count bytes at most, 1 or more
     * @return null if the transfer has to go on with a read and a write
     */
    public @Nullable KernelRun next(ReadTransaction transaction, long count) {
        if (refused || copied < worthwhile || count < worthwhile || transaction.retains() || input.buffered() > 0) {
            return null;
        }
        DescriptorCopy from = input.copy();
        List<DescriptorCopy> to = copies();
        // What one output has got must still be there for the next one.
        boolean bytesStay = outputs.size() == 1 || input.isOnlyReader();
        if (from == null || to.isEmpty() || !bytesStay || !isReady()) {
            return null;
        }
        copied = 0;
        KernelRun run = null;
        try {
            run = to.size() == 1
                    ? SpliceRun.of(input, transaction, outputs.get(0), new CopyPair(from, to.get(0)), count)
                    : TeeRun.of(input, transaction, outputs, new CopyGroup(from, to));
        } finally {
            refused = run == null;
        }
        return run;
    }

    /** Returns the copies of all outputs; nothing if one has none. */
    private List<DescriptorCopy> copies() {
        List<DescriptorCopy> copies = new ArrayList<>();
        for (Output output : outputs) {
            DescriptorCopy copy = output.copy();
            if (copy == null) {
                return List.of();
            }
            copies.add(copy);
        }
        return copies;
    }

    /** Notes what a run has moved that is over. If that is nothing, the kernel refuses, or the stream has ended. */
    public void spliced(long bytes) {
        refused |= bytes == 0;
    }

    private boolean isReady() {
        if (NativeAccess.isLibCLoaded()) {
            return true;
        }
        if (copiedWithoutLibC >= WORTH_LOADING) {
            copiedWithoutLibC = 0;
            NativeAccess.loadInBackground();
        }
        return false;
    }
}
