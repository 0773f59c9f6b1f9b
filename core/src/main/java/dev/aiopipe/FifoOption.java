package dev.aiopipe;

/** Options of {@link ReadEnd#fifo} and {@link WriteEnd#fifo}. */
public enum FifoOption {
    /**
     * Keeps the FIFO open in the other direction, too, so that the other side may come and go. A reader never sees the
     * end of stream; a writer opens without a reader, never has a broken pipe, and its bytes wait in the FIFO for the
     * next reader. The user of the process must have the permission for both directions. An end that is handed to a
     * child ignores this option.
     */
    KEEP_OPEN,

    /**
     * Makes the FIFO if there is none, with mode 0600 whatever the umask is, when the end is opened or handed over. An
     * existing FIFO is used as it is, and several processes may do this at once. This needs the C library (JNA):
     * without it opening a FIFO that does not exist fails with {@link java.io.IOException}. The FIFO is the caller's to
     * delete.
     */
    CREATE
}
