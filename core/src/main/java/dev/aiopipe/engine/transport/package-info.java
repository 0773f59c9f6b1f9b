/**
 * Transports: how bytes are read from and written to each kind of descriptor, by a channel or by a blocking thread. A
 * transport does not know the name of its stream, nor what closes with it. Uses the rooms {@code support},
 * {@code linux}, {@code loop}, {@code read} and {@code write}.
 */
@NullMarked
package dev.aiopipe.engine.transport;

import org.jspecify.annotations.NullMarked;
