package dev.aiopipe.engine.linux;

import java.io.File;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The file of a redirect to a descriptor: {@code /proc/self/fd/N}. The JDK opens it in this process, before the fork,
 * which gives the child a new and blocking description of the same pipe (proc(5)). Once N is closed it may become the
 * fd of something else. So from then on this names a file that does not exist; the JDK's exception shows that name.
 */
public final class ProcDescriptorFile extends File {
    private static final long serialVersionUID = 1L;

    /** Null in a copy that was deserialized. */
    private final transient @Nullable BooleanSupplier usable;

    /** Creates the file of a descriptor that is open as long as {@code usable} is true. */
    public ProcDescriptorFile(int fd, BooleanSupplier usable) {
        super(ProcFs.descriptor(fd).toString());
        this.usable = usable;
    }

    @Override
    public String getPath() {
        return usable == null || usable.getAsBoolean()
                ? super.getPath()
                : ProcFs.DESCRIPTORS + "/the ChildEnd of this redirect is closed";
    }
}
