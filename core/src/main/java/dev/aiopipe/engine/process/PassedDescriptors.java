package dev.aiopipe.engine.process;

import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The ends that a start passes on, by the numbers that the child gets. An end may stand under several numbers; it is
 * handed over once.
 *
 * <p>The JDK gives 0 to 2 to the child. It can't give the numbers from 3 on, nor an end that has to be opened by the
 * child itself: those are {@link #left} to a shell.
 */
final class PassedDescriptors implements Closeable {
    /** A stdin that is at its end. */
    static final Redirect NOTHING = Redirect.from(new File("/dev/null"));

    private final Map<PassedEnd, Endpoint> endpoints = new HashMap<>();
    private final Map<Integer, PassedEnd> byNumber;
    private final Map<Integer, PassedEnd> left = new TreeMap<>();
    private volatile boolean closed;

    /**
     * Uses the ends up, and redirects the child's stdio to those that are passed as 0 to 2.
     *
     * @throws IllegalArgumentException if a number is not from 0 to 9, if the child reads 1 or 2 or writes 0, or if the
     *     builder redirects one of them, too
     * @throws IllegalStateException if an end was used already, or can't be handed over
     * @throws IOException if an end can't be handed over on this system
     */
    PassedDescriptors(Map<Integer, PassedEnd> passing, ProcessBuilder builder) throws IOException {
        byNumber = passing;
        for (Map.Entry<Integer, PassedEnd> passed : passing.entrySet()) {
            require(passed.getKey(), passed.getValue(), builder);
        }
        try {
            for (PassedEnd end : passing.values()) {
                if (!endpoints.containsKey(end)) {
                    endpoints.put(end, end.handingOver().get());
                }
            }
            for (Map.Entry<Integer, PassedEnd> passed : passing.entrySet()) {
                int number = passed.getKey();
                Endpoint endpoint = endpoint(passed.getValue());
                boolean byJdk = number <= 2 && endpoint.isRedirectable(number);
                if (!byJdk) {
                    left.put(number, passed.getValue());
                }
                if (number <= 2) {
                    Redirect other = number == 0 ? NOTHING : Redirect.DISCARD;
                    redirect(builder, number, byJdk ? endpoint.redirect(this::isOpen) : other);
                }
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private static void require(int number, PassedEnd end, ProcessBuilder builder) {
        if (number < 0 || number > 9) {
            throw new IllegalArgumentException("descriptor not within 0 to 9: " + number);
        } else if (number <= 2 && end.readable() != (number == 0)) {
            throw new IllegalArgumentException(
                    "a child " + (number == 0 ? "reads" : "writes") + " descriptor " + number + ": " + end.name());
        }
        Redirect redirect = number > 2
                ? Redirect.PIPE
                : number == 0
                        ? builder.redirectInput()
                        : number == 1 ? builder.redirectOutput() : builder.redirectError();
        if (!Redirect.PIPE.equals(redirect)) {
            throw new IllegalArgumentException(
                    "descriptor " + number + " is passed, and redirected by the builder: " + redirect);
        } else if (number == 2 && builder.redirectErrorStream()) {
            throw new IllegalArgumentException("descriptor 2 is passed, and merged with stdout by the builder");
        }
    }

    private static void redirect(ProcessBuilder builder, int number, Redirect redirect) {
        switch (number) {
            case 0 -> builder.redirectInput(redirect);
            case 1 -> builder.redirectOutput(redirect);
            default -> builder.redirectError(redirect);
        }
    }

    /** Returns the ends that a shell has to open in the child, by their numbers. */
    Map<Integer, PassedEnd> left() {
        return left;
    }

    /** Returns the descriptor of an end. */
    Endpoint endpoint(PassedEnd end) {
        return Objects.requireNonNull(endpoints.get(end));
    }

    /** Returns whether the child may still get the descriptors. */
    boolean isOpen() {
        return !closed;
    }

    /** Names what the child reads as its stdin. */
    String nameOfStdin(Redirect redirect) {
        PassedEnd passed = byNumber.get(0);
        return passed == null ? redirect.toString() : passed.name();
    }

    /** Closes this process's copies. */
    @Override
    public void close() throws IOException {
        closed = true;
        Closeable all = () -> {};
        for (Endpoint endpoint : endpoints.values()) {
            all = CloseOnce.both(all, CloseOnce.both(endpoint, endpoint::closeHandedOver));
        }
        endpoints.clear();
        all.close();
    }
}
