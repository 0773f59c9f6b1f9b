/** Reads that go on after their method has returned: of one value, of many, for a subscriber, in a transaction. */
@NullMarked
package dev.aiopipe.jvm.internal.read;

import org.jspecify.annotations.NullMarked;
