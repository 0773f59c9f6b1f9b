/** Streams of {@code java.io} over an input and an output: calls that park the thread until they are done. */
@NullMarked
package dev.aiopipe.engine.blocking;

import org.jspecify.annotations.NullMarked;
