/**
 * The thread that waits for all streams: its selector, the channels that are registered with it, and the readiness of
 * each direction. It uses {@code engine.support} and {@code engine.linux}, and knows nothing of bytes.
 */
@NullMarked
package dev.aiopipe.engine.loop;

import org.jspecify.annotations.NullMarked;
