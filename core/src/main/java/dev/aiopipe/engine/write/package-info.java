/**
 * Writing: an {@link dev.aiopipe.engine.write.Output} sends {@link dev.aiopipe.engine.write.Message}s to a
 * {@link dev.aiopipe.engine.write.ByteSink}. Uses the rooms {@code support}, {@code linux} and {@code loop}.
 */
@NullMarked
package dev.aiopipe.engine.write;

import org.jspecify.annotations.NullMarked;
