package dev.aiopipe;

/**
 * How many bytes were copied between two sides.
 *
 * @param sent from the first side to the other
 * @param received from the other side to the first
 */
public record CopyTotals(long sent, long received) {}
