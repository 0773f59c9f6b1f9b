package dev.aiopipe.engine.support;

import org.jspecify.annotations.Nullable;

/**
 * Makes the JDK's exceptions about streams that are closed or in use, with the message that the JDK's own lack: the
 * stream and what happened to it. The classes have the simple names of the JDK's, for logs that print those.
 */
public final class CloseExceptions {
    private CloseExceptions() {}

    /**
     * Reports a call on a closed stream.
     *
     * @param message names the stream and what closed it
     * @param cause of the close; {@link CloseOnce#BY_OWNER} is left out
     */
    public static java.nio.channels.ClosedChannelException before(String message, @Nullable Throwable cause) {
        return CloseOnce.because(new ClosedChannelException(message), cause);
    }

    /**
     * Reports that a stream was closed while a call waited.
     *
     * @param message names the stream and what closed it
     * @param cause of the close; {@link CloseOnce#BY_OWNER} is left out
     */
    public static java.nio.channels.AsynchronousCloseException meanwhile(String message, @Nullable Throwable cause) {
        return CloseOnce.because(new AsynchronousCloseException(message), cause);
    }

    /**
     * Reports that there is another reader.
     *
     * @param message names the stream and that reader
     */
    public static java.nio.channels.ReadPendingException pending(String message) {
        return new ReadPendingException(message);
    }

    private static final class ReadPendingException extends java.nio.channels.ReadPendingException {
        private static final long serialVersionUID = 1L;

        private final String message;

        ReadPendingException(String message) {
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return java.nio.channels.ReadPendingException.class.getName() + ": " + message;
        }
    }

    private static final class ClosedChannelException extends java.nio.channels.ClosedChannelException {
        private static final long serialVersionUID = 1L;

        private final String message;

        ClosedChannelException(String message) {
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return java.nio.channels.ClosedChannelException.class.getName() + ": " + message;
        }
    }

    private static final class AsynchronousCloseException extends java.nio.channels.AsynchronousCloseException {
        private static final long serialVersionUID = 1L;

        private final String message;

        AsynchronousCloseException(String message) {
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return java.nio.channels.AsynchronousCloseException.class.getName() + ": " + message;
        }
    }
}
