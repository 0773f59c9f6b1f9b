/**
 * Pipes, their ends, and what reads and writes them.
 *
 * <p>An <em>end</em> ({@link dev.aiopipe.ReadEnd}, {@link dev.aiopipe.WriteEnd}) is a descriptor that nobody reads or writes yet. It
 * is opened here, or handed to a child process, once.
 */
package dev.aiopipe;
