package dev.aiopipe.benchmarks.compare;

import java.util.Arrays;

/** The times that the round trips of the last run took. */
final class Latencies {
    private long[] nanos = {};
    private int size;

    /** Forgets the last run, and makes room for the next. */
    void begin(int count) {
        nanos = new long[count];
        size = 0;
    }

    /** Adds the time since a {@link System#nanoTime}. */
    void addSince(long begin) {
        nanos[size++] = System.nanoTime() - begin;
    }

    /** Returns the time that so many of a hundred do not exceed; 0 if there are none. */
    long percentile(int percent) {
        long[] sorted = Arrays.copyOf(nanos, size);
        Arrays.sort(sorted);
        return size == 0 ? 0 : sorted[(int) ((long) size * percent / 100)];
    }
}
