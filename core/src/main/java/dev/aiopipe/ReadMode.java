package dev.aiopipe;

/** The way in which a reader gets its bytes. */
public enum ReadMode {
    /** The loop's selector reports that there are bytes. No thread is needed. */
    SELECTOR,

    /** Regular files and devices are always ready: each read runs on a thread of a pool. */
    DIRECT,

    /** One daemon thread reads ahead, because the platform has no non-blocking way. */
    THREAD
}
