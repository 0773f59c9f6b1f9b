package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.write.Output;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.function.BooleanSupplier;

/** What an end stands for before it is used: how it is opened here, or handed to a child. */
public interface Endpoint extends Closeable {
    /**
     * Opens it for reading. If that fails nothing is left open.
     *
     * @param loop waits for it
     * @return the open stream, which owns all that was this endpoint's
     * @throws IOException if it can't be opened, or the loop is closed
     */
    Input openInput(Loop loop) throws IOException;

    /**
     * Opens it for writing. If that fails nothing is left open.
     *
     * @param loop waits for it
     * @return the open stream, which owns all that was this endpoint's; null if there is no reader yet, then it is to be tried again
     * @throws IOException if it can't be opened, or the loop is closed
     */
    Output openOutput(Loop loop) throws IOException;

    /**
     * Whether this holds a descriptor already, so that opening it waits for no disk and for nobody.
     *
     * @return true if any thread may open it, and somebody has to close it
     */
    boolean opensAtOnce();

    /**
     * Called instead of an opening that was given up before it had begun: nothing is to stay open.
     *
     * @throws IOException if it can't be closed
     */
    default void discard() throws IOException {
        close();
    }

    /** Called once, when an end becomes a child's. */
    default void handOver() {}

    /**
     * Called once, behind {@link #close}, for an end that was handed to a child: a number that this process was started with stays
     * open if nobody uses its end, but no copy of what a child got is to stay.
     *
     * @throws IOException if it can't be closed
     */
    default void closeHandedOver() throws IOException {}

    /**
     * Asks the kernel for another capacity, if this is a pipe.
     *
     * @param bytes a wish
     * @throws IOException if its descriptor can't be told
     */
    default void capacity(int bytes) throws IOException {
        // most are no pipes of ours
    }

    /**
     * Whether a child can have it.
     *
     * @return false if only this process can use it
     */
    boolean canBeHandedOver();

    /**
     * How the JDK gives it to a child as stdin, stdout or stderr.
     *
     * @param usable asked at each start: whether this process's copy is still open
     * @return a redirect that keeps {@code usable}, and with it the end, alive
     * @throws IOException if there is no way
     */
    Redirect redirect(BooleanSupplier usable) throws IOException;

    /**
     * Under which path another process of this user opens the same.
     *
     * @param self how that process names the directory in /proc of this one
     * @return an absolute path
     * @throws IOException if there is none
     */
    String path(String self) throws IOException;

    /**
     * Watches over the owner of this, if this holds a descriptor already.
     *
     * @param owner whose user should close it
     * @param name what the warning calls it
     * @return to be kept by the owner
     */
    default CloseOnce watch(Object owner, String name) {
        return opensAtOnce() ? CloseOnce.of(owner, name, this) : CloseOnce.NOTHING;
    }
}
