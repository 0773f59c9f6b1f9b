package dev.aiopipe.engine.read;

/** Somebody who reads one value after the other, and may be busy with the last one. */
public interface BusyReader {
    /**
     * Whether the next read is going to come.
     *
     * @param stopper on whose behalf the child is stopped: a reader that waits for it does not read on
     * @return false if nobody has to wait for this reader
     */
    boolean readsOn(Object stopper);
}
