package dev.aiopipe.engine.write;

import org.jspecify.annotations.Nullable;

/**
 * Messages in their order, linked through {@link Message#next}: a message is in one queue at most. Allocates nothing,
 * so that a full heap can't keep a message from being sent, given up or reported. Not thread-safe.
 */
final class MessageQueue {
    private @Nullable Message first;
    private @Nullable Message last;

    boolean isEmpty() {
        return first == null;
    }

    @Nullable
    Message peek() {
        return first;
    }

    void add(Message message) {
        if (first == null || last == null) {
            first = message;
        } else {
            last.next = message;
        }
        last = message;
    }

    /** Removes and returns the first one; null if there is none. */
    @Nullable
    Message poll() {
        Message head = first;
        if (head != null) {
            first = head.next;
            head.next = null;
        }
        return head;
    }

    /** Removes all, and returns the first one, to which the others are linked; null if there is none. */
    @Nullable
    Message takeAll() {
        Message chain = first;
        first = null;
        return chain;
    }

    /** Removes a message. Returns false if it is not here. */
    boolean remove(Message message) {
        Message before = null;
        for (Message each = first; each != null; before = each, each = each.next) {
            if (each == message) {
                if (before == null) {
                    first = each.next;
                } else {
                    before.next = each.next;
                }
                if (each == last) {
                    last = before;
                }
                each.next = null;
                return true;
            }
        }
        return false;
    }
}
