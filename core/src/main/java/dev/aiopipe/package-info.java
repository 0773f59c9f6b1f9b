/**
 * The public API: pipes, their ends, and the readers, writers and children.
 *
 * <p>An <em>end</em> ({@link dev.aiopipe.ReadEnd}, {@link dev.aiopipe.WriteEnd}) is a descriptor that is neither read
 * nor written yet. It is opened here, or handed to a child process, once.
 */
@NullMarked
package dev.aiopipe;

import org.jspecify.annotations.NullMarked;
