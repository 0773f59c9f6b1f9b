package dev.aiopipe.engine;

import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;

/** Makes the JDK's exceptions about closed streams, with the message that theirs lack: which stream, and what happened to it. */
final class Closings {
    private Closings() {}

    /**
     * Reports a call on a closed stream.
     *
     * @param message names the stream and what closed it
     * @param cause why it was closed; {@link Release#BY_OWNER} is left out
     */
    static ClosedChannelException before(String message, Throwable cause) {
        return Release.because(new Before(message), cause);
    }

    /**
     * Reports that a stream was closed while a call waited.
     *
     * @param message names the stream and what closed it
     * @param cause why it was closed; {@link Release#BY_OWNER} is left out
     */
    static AsynchronousCloseException meanwhile(String message, Throwable cause) {
        return Release.because(new Meanwhile(message), cause);
    }

    private static final class Before extends ClosedChannelException {
        private static final long serialVersionUID = 1L;

        private final String message;

        Before(String message) {
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return ClosedChannelException.class.getName() + ": " + message;
        }
    }

    private static final class Meanwhile extends AsynchronousCloseException {
        private static final long serialVersionUID = 1L;

        private final String message;

        Meanwhile(String message) {
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return AsynchronousCloseException.class.getName() + ": " + message;
        }
    }
}
