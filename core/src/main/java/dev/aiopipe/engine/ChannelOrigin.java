package dev.aiopipe.engine;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.WritableByteChannel;
import java.util.function.BooleanSupplier;

/** An NIO channel: half of a pipe that is ours, or one that the user has brought. */
public final class ChannelOrigin implements Origin {
    private final SelectableChannel channel;
    private final boolean ours;
    private final String name;

    /**
     * A channel that nobody else uses from now on.
     *
     * @param channel readable or writable
     * @param ours whether it is half of a pipe that was made here, so that a child may have it
     * @param name what messages call it
     */
    public ChannelOrigin(SelectableChannel channel, boolean ours, String name) {
        this.channel = channel;
        this.ours = ours;
        this.name = name;
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        Registration registration = Registration.of(channel, loop);
        ReadableByteChannel readable = (ReadableByteChannel) channel;
        return new Input(new ChannelSource(name, readable, registration), registration.input());
    }

    @Override
    public Outbox openOutbox(Loop loop) throws IOException {
        Registration registration = Registration.of(channel, loop);
        WritableByteChannel writable = (WritableByteChannel) channel;
        ReaderWatch watch = new ReaderWatch(() -> Descriptors.numberOf(channel), loop);
        return new Outbox(new ChannelSink(name, writable, registration), registration.output(), watch);
    }

    @Override
    public boolean opensAtOnce() {
        return true;
    }

    @Override
    public void capacity(int bytes) throws IOException {
        if (NativeAccess.canAdopt()) {
            LibC.setPipeCapacity(Descriptors.numberOf(channel), bytes);
        }
    }

    @Override
    public boolean canBeHandedOver() {
        return ours;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        DescriptorFile file = new DescriptorFile(Descriptors.numberOf(channel), usable);
        return (channel.validOps() & SelectionKey.OP_READ) != 0 ? Redirect.from(file) : Redirect.to(file);
    }

    @Override
    public String path(String self) throws IOException {
        return self + "/fd/" + Descriptors.numberOf(channel);
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
