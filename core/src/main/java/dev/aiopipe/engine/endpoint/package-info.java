/**
 * Endpoints: what an end stands for before it is used, and how that is opened or handed to a child. This is the room
 * that decides which transport reads or writes a descriptor, and names the streams. Uses all rooms except
 * {@code process}.
 */
@NullMarked
package dev.aiopipe.engine.endpoint;

import org.jspecify.annotations.NullMarked;
