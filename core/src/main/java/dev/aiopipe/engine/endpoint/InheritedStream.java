package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.IOException;

/**
 * Opens one direction of a descriptor that this process was started with, by its kind; see {@link InheritedEndpoint}.
 */
abstract class InheritedStream {
    private static final FileDescriptor[] STANDARD = {FileDescriptor.in, FileDescriptor.out, FileDescriptor.err};

    final InheritedDescriptor descriptor;
    final int fd;
    final DescriptorKind kind;
    final Loop loop;

    /** Ends the claim to the descriptor; closed with the stream. */
    final Closeable claim;

    InheritedStream(InheritedDescriptor descriptor, DescriptorKind kind, Loop loop, Closeable claim) {
        this.descriptor = descriptor;
        this.fd = descriptor.fd();
        this.kind = kind;
        this.loop = loop;
        this.claim = claim;
    }

    /** Returns the name that messages give to the stream. */
    final String name() {
        return descriptor.toString();
    }

    /** Returns whether the descriptor can be put into an NIO channel. */
    final boolean adopts() throws IOException {
        return kind.isStream() && NativeAccess.canAdopt();
    }

    final boolean isSocket() {
        return kind == DescriptorKind.SOCKET;
    }

    /**
     * Returns the JDK's object for a descriptor from 0 to 2. A stream on it must not be closed: the JDK would put
     * /dev/null there.
     */
    final FileDescriptor standard() {
        return STANDARD[fd];
    }
}
