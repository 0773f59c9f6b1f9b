/** Writes of many lines, and the write that an operation has under way. */
@NullMarked
package dev.aiopipe.jvm.internal.write;

import org.jspecify.annotations.NullMarked;
