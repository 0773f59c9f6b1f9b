package dev.aiopipe.engine.process;

import dev.aiopipe.Signal;

/**
 * How a child is ended.
 *
 * @param ownGroup whether the child leads a process group of its own, which is ended with it
 * @param stopSignal what asks the child to end
 * @param stopAtExit whether an orderly exit of the JVM ends the child
 */
public record ChildSettings(boolean ownGroup, Signal stopSignal, boolean stopAtExit) {
    /** A child in the group of this process, which is left alone at the exit of the JVM. */
    public static final ChildSettings DEFAULTS = new ChildSettings(false, Signal.TERM, false);
}
