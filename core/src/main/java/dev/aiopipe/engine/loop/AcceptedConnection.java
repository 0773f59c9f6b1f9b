package dev.aiopipe.engine.loop;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Waits until one connection is accepted.
 *
 * <pre>
 *     WAITING ── a connection, or a failure ──► DONE
 *        └────── cancel: nothing is accepted ──► DONE
 * </pre>
 */
public final class AcceptedConnection extends CompletableFuture<SocketChannel> {
    private final Acceptor acceptor;

    @GuardedBy("this")
    private boolean over;

    @GuardedBy("this")
    private Acceptor.@Nullable Wait wait;

    private AcceptedConnection(Acceptor acceptor) {
        this.acceptor = acceptor;
    }

    /**
     * Begins to wait.
     *
     * @param server becomes non-blocking
     * @return completes on the loop's thread, or here
     * @throws java.nio.channels.AcceptPendingException if another call waits
     * @throws IOException if the channel or the loop is closed
     */
    public static AcceptedConnection begin(ServerSocketChannel server, Loop loop) throws IOException {
        server.configureBlocking(false);
        AcceptedConnection accepted = new AcceptedConnection(new Acceptor(server, loop));
        accepted.attempt();
        return accepted;
    }

    private void attempt() {
        SocketChannel connection = null;
        Throwable failure = null;
        synchronized (this) {
            wait = null;
            if (over) {
                return;
            }
            while (!over) {
                try {
                    connection = acceptor.accept();
                    wait = connection == null ? acceptor.await(this::attempt) : null;
                } catch (Throwable e) {
                    failure = e;
                }
                if (wait != null) {
                    return;
                }
                over = connection != null || failure != null;
            }
        }
        try {
            acceptor.close();
        } catch (Throwable e) {
            failure = failure == null ? e : failure;
        }
        if (failure == null) {
            complete(connection);
        } else {
            closeUnwanted(connection, failure);
            completeExceptionally(failure);
        }
    }

    private static void closeUnwanted(@Nullable SocketChannel connection, Throwable failure) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Returns true if no connection was accepted, and none will be. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        synchronized (this) {
            if (over) {
                return false;
            }
            over = true;
            if (wait != null) {
                wait.cancel();
            }
        }
        try {
            acceptor.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return super.cancel(mayInterruptIfRunning);
    }
}
