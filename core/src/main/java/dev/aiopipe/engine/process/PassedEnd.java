package dev.aiopipe.engine.process;

import dev.aiopipe.engine.endpoint.Endpoint;
import java.util.function.Supplier;

/**
 * An end that a start passes to its child, once.
 *
 * @param name of the end, in messages
 * @param readable whether the child reads it
 * @param handingOver uses the end up and returns its endpoint, which the start closes; throws IllegalStateException if
 *     the end was used already, or can't be handed over
 * @param closing closes the end if it is unused
 */
public record PassedEnd(String name, boolean readable, Supplier<Endpoint> handingOver, Runnable closing) {}
