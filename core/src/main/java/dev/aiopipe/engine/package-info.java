/**
 * The engine: pipes, their readers and writers without the language of their drivers. Its rooms are the packages below;
 * this one holds {@link dev.aiopipe.engine.SharedSecrets}, the door between the public types and the drivers.
 */
@NullMarked
package dev.aiopipe.engine;

import org.jspecify.annotations.NullMarked;
