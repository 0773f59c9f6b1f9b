/**
 * Reading: an {@link dev.aiopipe.engine.read.Input} runs {@link dev.aiopipe.engine.read.ReadOp}s over the bytes of a
 * {@link dev.aiopipe.engine.read.ByteSource}. Uses the rooms {@code support} and {@code loop}.
 */
@NullMarked
package dev.aiopipe.engine.read;

import org.jspecify.annotations.NullMarked;
