package dev.aiopipe.engine.write;

import dev.aiopipe.engine.support.CloseExceptions;
import dev.aiopipe.engine.support.CloseOnce;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** The exceptions of a closed {@link Output}, which say why it was closed. */
final class CloseReasons {
    private CloseReasons() {}

    /** Reports a call after the close. */
    static ClosedChannelException before(String name, @Nullable Throwable cause) {
        return CloseExceptions.before(message(name, cause), cause);
    }

    /** Reports a close while a call waited. */
    static AsynchronousCloseException meanwhile(String name, @Nullable Throwable cause) {
        return CloseExceptions.meanwhile(message(name, cause), cause);
    }

    private static String message(String name, @Nullable Throwable cause) {
        return cause == null || cause == CloseOnce.BY_OWNER
                ? name + " was closed here"
                : name + " was closed: " + cause;
    }
}
