package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.linux.ProcDescriptorFile;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.transport.ChannelSink;
import dev.aiopipe.engine.transport.ChannelSource;
import dev.aiopipe.engine.write.ByteSink;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.function.BooleanSupplier;

/** An NIO channel: half of a pipe that was made here, or a channel of the user's. */
public final class ChannelEndpoint implements Endpoint {
    private final SelectableChannel channel;
    private final boolean ours;
    private final String name;

    /** Whether the capacity may change: nobody has asked for one. */
    private boolean grows;

    /**
     * Creates the endpoint of a channel, which nobody else uses from now on.
     *
     * @param channel readable or writable
     * @param ours whether it is half of a pipe that was made here, so that a child may get it
     * @param name what messages call it
     */
    public ChannelEndpoint(SelectableChannel channel, boolean ours, String name) {
        this.channel = channel;
        this.ours = ours;
        this.name = name;
        this.grows = ours;
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        Registration registration = Registration.of(channel, loop);
        ByteSource source = ChannelSource.ofOwn((Pipe.SourceChannel) channel, grows);
        return new Input(source, registration.input(), name, registration);
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        Registration registration = Registration.of(channel, loop);
        ByteSink sink = new ChannelSink((Pipe.SinkChannel) channel, grows);
        ReaderWatch watch = ReaderWatch.ofPipe(() -> ChannelDescriptor.fdOf(channel), loop);
        return new Output(sink, registration.output(), watch, name, registration);
    }

    @Override
    public boolean opensAtOnce() {
        return true;
    }

    @Override
    public void capacity(int bytes) throws IOException {
        grows = false;
        if (NativeAccess.canAdopt()) {
            LibC.setPipeCapacity(ChannelDescriptor.fdOf(channel), bytes);
        }
    }

    @Override
    public boolean canBeHandedOver() {
        return ours;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        ProcDescriptorFile file = new ProcDescriptorFile(ChannelDescriptor.fdOf(channel), usable);
        return (channel.validOps() & SelectionKey.OP_READ) != 0 ? Redirect.from(file) : Redirect.to(file);
    }

    @Override
    public String path(String self) throws IOException {
        return ProcFs.descriptor(self, ChannelDescriptor.fdOf(channel));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
