/** Reads and writes that park the calling thread: the streams of {@code java.io} over a reader and a writer. */
@NullMarked
package dev.aiopipe.jvm.internal.blocking;

import org.jspecify.annotations.NullMarked;
