/**
 * Transfers between pipes whose bytes stay in the kernel (splice(2), tee(2)). Uses the rooms {@code linux},
 * {@code read} and {@code write}.
 */
@NullMarked
package dev.aiopipe.engine.splice;

import org.jspecify.annotations.NullMarked;
