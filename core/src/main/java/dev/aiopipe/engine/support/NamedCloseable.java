package dev.aiopipe.engine.support;

import java.io.Closeable;
import java.io.IOException;

/**
 * A resource with the name that messages give to its stream, for the warning of {@link CloseOnce}.
 *
 * @param name of the stream
 * @param resource closed with this
 */
public record NamedCloseable(Object name, Closeable resource) implements Closeable {
    @Override
    public void close() throws IOException {
        resource.close();
    }

    @Override
    public String toString() {
        return name.toString();
    }
}
