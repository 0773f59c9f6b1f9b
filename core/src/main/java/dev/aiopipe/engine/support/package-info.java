/** Small helpers of all other rooms: threads, the timer, closing exactly once. It uses the JDK only. */
@NullMarked
package dev.aiopipe.engine.support;

import org.jspecify.annotations.NullMarked;
