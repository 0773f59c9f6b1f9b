package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.write.Output;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The descriptor of an end that is not used yet. It is opened here, or handed to a child, once. */
public interface Endpoint extends Closeable {
    /**
     * Opens the endpoint for reading. If that fails, nothing is left open.
     *
     * @param loop waits for the stream
     * @return the open stream, which owns everything that belonged to this endpoint
     * @throws IOException if it can't be opened, or the loop is closed
     */
    Input openInput(Loop loop) throws IOException;

    /**
     * Opens the endpoint for writing. If that fails, nothing is left open.
     *
     * @param loop waits for the stream
     * @return the open stream, which owns everything that belonged to this endpoint; null if there is no reader yet,
     *     and the caller must try again
     * @throws IOException if it can't be opened, or the loop is closed
     */
    @Nullable
    Output openOutput(Loop loop) throws IOException;

    /**
     * Returns whether this holds a descriptor already. Then any thread may open it, as that waits for nothing; and its
     * user must close it.
     */
    boolean opensAtOnce();

    /**
     * Closes everything. Called instead of an opening that was given up before it had begun.
     *
     * @throws IOException if it can't be closed
     */
    default void discard() throws IOException {
        close();
    }

    /** Notes that a child gets this. Called once. */
    default void handOver() {}

    /**
     * Closes this process's copy of what a child got. Called once, after {@link #close}. A descriptor that this process
     * was started with stays open if nobody uses its end; but once a child has got it, a copy would keep the child's
     * stream from ending.
     *
     * @throws IOException if it can't be closed
     */
    default void closeHandedOver() throws IOException {}

    /**
     * Asks the kernel for another capacity, if this is a pipe.
     *
     * @param bytes a wish
     * @throws IOException if the descriptor can't be found
     */
    default void capacity(int bytes) throws IOException {
        // Most endpoints are no pipe that was made here.
    }

    /** Returns whether a child can get this; if not, only this process can use it. */
    boolean canBeHandedOver();

    /**
     * Returns whether {@link #redirect} gives exactly this to a child, without a wait.
     *
     * @param number 0 to 2, what the child gets this as
     */
    default boolean isRedirectable(int number) {
        return true;
    }

    /**
     * Returns the redirect by which the JDK gives this to a child as stdin, stdout or stderr.
     *
     * @param usable asked at each start: whether this process's copy is still open
     * @return a redirect that keeps {@code usable}, and with it the end, alive
     * @throws IOException if there is no way
     */
    Redirect redirect(BooleanSupplier usable) throws IOException;

    /**
     * Returns the absolute path by which another process of this user opens the same.
     *
     * @param self the name that the other process gives to this one's directory in {@code /proc}
     * @throws IOException if there is none
     */
    String path(String self) throws IOException;

    /**
     * Watches over the owner of this, if this holds a descriptor already.
     *
     * @param owner must be closed by its user
     * @param name of the owner in the warning
     * @return kept by the owner
     */
    default CloseOnce watch(Object owner, String name) {
        return opensAtOnce() ? CloseOnce.of(owner, name, this) : CloseOnce.NOTHING;
    }
}
