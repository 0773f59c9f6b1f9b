/**
 * Futures of operations on streams, and how their outcomes come to the user's executor. Uses no other room of the
 * facade.
 */
@NullMarked
package dev.aiopipe.jvm.internal.future;

import org.jspecify.annotations.NullMarked;
