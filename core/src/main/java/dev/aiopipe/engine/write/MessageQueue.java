package dev.aiopipe.engine.write;

/**
 * Messages in their order, linked through {@link Message#next}: a message is in one queue at most. Nothing is allocated, so that a full
 * heap can't keep a message from being sent, given up or reported.
 */
final class MessageQueue {
    private Message first;
    private Message last;

    boolean isEmpty() {
        return first == null;
    }

    Message peek() {
        return first;
    }

    void add(Message message) {
        if (first == null) {
            first = message;
        } else {
            last.next = message;
        }
        last = message;
    }

    /** Removes the first one; null if there is none. */
    Message poll() {
        Message head = first;
        if (head != null) {
            first = head.next;
            head.next = null;
        }
        return head;
    }

    /** Removes all. The first one, to which the others are linked; null if there is none. */
    Message takeAll() {
        Message chain = first;
        first = null;
        return chain;
    }

    /** Removes a message; false if it is not here. */
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
