package dev.aiopipe;

import dev.aiopipe.engine.process.ChildSettings;
import java.util.Objects;
import java.util.Optional;

/**
 * How a child is started and ended. Immutable: each {@code with…} returns a copy.
 *
 * <p>By default a child is in the process group of this process, so that ^C on a terminal reaches it; its stop signal
 * is {@link Signal#TERM}; and whether it is stopped at the exit of the JVM is up to the function that starts it.
 */
public final class ChildOptions {
    private static final ChildOptions DEFAULTS = new ChildOptions(false, Signal.TERM, Optional.empty());

    private final boolean ownGroup;
    private final Signal stopSignal;
    private final Optional<Boolean> stopAtExit;

    private ChildOptions(boolean ownGroup, Signal stopSignal, Optional<Boolean> stopAtExit) {
        this.ownGroup = ownGroup;
        this.stopSignal = stopSignal;
        this.stopAtExit = stopAtExit;
    }

    /**
     * Returns the default options.
     *
     * @return the defaults
     */
    public static ChildOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Gives the child a session and a process group of its own. Signals of the terminal do not reach it then, and
     * {@code stop}, {@code kill} and {@code close} reach all that is left of the group, also what outlived the child.
     * Needs the program {@code setsid} (util-linux); where there is none, the start fails with
     * {@link java.io.IOException}.
     *
     * @param chosen true for a group of its own
     * @return a copy with it
     */
    public ChildOptions withOwnGroup(boolean chosen) {
        return new ChildOptions(chosen, stopSignal, stopAtExit);
    }

    /**
     * Chooses the signal that asks the child to end: {@link Signal#INT} for ffmpeg, for example.
     *
     * @param chosen the signal
     * @return a copy with it
     */
    public ChildOptions withStopSignal(Signal chosen) {
        return new ChildOptions(ownGroup, Objects.requireNonNull(chosen, "stopSignal"), stopAtExit);
    }

    /**
     * Chooses whether an orderly exit of the JVM ends the child: its stdin is closed and it gets the stop signal, and
     * KILL after a second. SIGTERM and SIGINT to the JVM are orderly exits, SIGKILL is none. If nothing is chosen,
     * {@code startPiped} and {@code start} leave the child alone; all functions that end the child by themselves stop
     * it.
     *
     * @param chosen true if the child must not outlive the JVM
     * @return a copy with it
     */
    public ChildOptions withStopAtExit(boolean chosen) {
        return new ChildOptions(ownGroup, stopSignal, Optional.of(chosen));
    }

    /**
     * Returns whether the child gets a process group of its own.
     *
     * @return false by default
     */
    public boolean ownGroup() {
        return ownGroup;
    }

    /**
     * Returns the signal that asks the child to end.
     *
     * @return {@link Signal#TERM} by default
     */
    public Signal stopSignal() {
        return stopSignal;
    }

    /**
     * Returns whether the exit of the JVM ends the child.
     *
     * @return empty if nothing was chosen
     */
    public Optional<Boolean> stopAtExit() {
        return stopAtExit;
    }

    /** Returns what the engine needs to know. */
    ChildSettings settings(boolean stopAtExitByDefault) {
        return new ChildSettings(ownGroup, stopSignal, stopAtExit.orElse(stopAtExitByDefault));
    }

    @Override
    public String toString() {
        return "ChildOptions[ownGroup=" + ownGroup + ", stopSignal=" + stopSignal + ", stopAtExit="
                + stopAtExit.map(String::valueOf).orElse("unset") + "]";
    }
}
