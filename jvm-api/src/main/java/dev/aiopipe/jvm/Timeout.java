package dev.aiopipe.jvm;

import java.time.Duration;

/** How long something may take. */
record Timeout(Duration duration, long nanos) {
    /** About 146 years: sums with {@code nanoTime} must not overflow. */
    private static final long FOR_EVER = Long.MAX_VALUE / 2;

    static Timeout of(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("timeout < 0: " + duration);
        }
        boolean forEver = duration.compareTo(Duration.ofNanos(FOR_EVER)) > 0;
        return new Timeout(duration, forEver ? FOR_EVER : duration.toNanos());
    }

    @Override
    public String toString() {
        return duration.toString();
    }
}
