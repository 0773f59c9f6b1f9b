package dev.aiopipe.engine.read;

/**
 * A reader that has an {@link Input} to itself for more than one read: the slot rests at it, so no other read comes in
 * between.
 */
public sealed interface ExclusiveReader permits ReadTransaction, Drain {}
