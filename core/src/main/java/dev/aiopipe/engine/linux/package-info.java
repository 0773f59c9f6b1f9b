/**
 * Linux: the C library, {@code /proc}, and descriptors in NIO channels. Nothing else touches JNA or knows paths under
 * {@code /proc}. Uses no other room.
 */
@NullMarked
package dev.aiopipe.engine.linux;

import org.jspecify.annotations.NullMarked;
