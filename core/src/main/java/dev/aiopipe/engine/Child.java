package dev.aiopipe.engine;

/**
 * A child that was started, and this side of its pipes.
 *
 * @param process the child
 * @param stdin refuses every message if the user has redirected it
 * @param stdout at its end if the user has redirected it
 * @param stderr at its end if the user has redirected it, or has it go where stdout goes
 */
public record Child(Process process, Outbox stdin, Input stdout, Input stderr) {
    /** Kills it, and releases everything; does not wait for its end. */
    public void kill() {
        try {
            process.destroyForcibly();
            stdin.abort();
        } finally {
            try {
                stdout.close();
            } finally {
                stderr.close();
            }
        }
    }
}
