package dev.aiopipe;

/** How a reader gets its bytes. */
public enum ReadMode {
    /** Without a thread: the loop's selector tells when there is something to read. */
    SELECTOR,

    /** Regular files and devices, which are always ready: each read runs on a thread of a pool. */
    DIRECT,

    /** Where the platform has no non-blocking way: one daemon thread reads ahead. */
    THREAD
}
