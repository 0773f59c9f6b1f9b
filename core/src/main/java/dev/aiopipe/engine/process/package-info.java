/**
 * Children: how one is started, gets its descriptors, exits and is stopped. It uses all rooms below it, and of the
 * public types only exceptions, enums and records.
 */
@NullMarked
package dev.aiopipe.engine.process;

import org.jspecify.annotations.NullMarked;
