package dev.aiopipe.engine.linux;

import java.io.File;
import java.util.function.BooleanSupplier;

/**
 * The file that a redirect names: {@code /proc/self/fd/N}. The JDK opens it in this process, before the fork, which gives the child a
 * fresh and blocking description of the same pipe (proc(5)). Once N is closed it may be anybody's, so from then on this names a file
 * that does not exist, and whose name is what the JDK's exception says then.
 */
public final class ProcDescriptorFile extends File {
    private static final long serialVersionUID = 1L;

    private final transient BooleanSupplier usable;

    public ProcDescriptorFile(int number, BooleanSupplier usable) {
        super("/proc/self/fd/" + number);
        this.usable = usable;
    }

    @Override
    public String getPath() {
        return usable.getAsBoolean() ? super.getPath() : "/proc/self/fd/the ChildEnd of this redirect is closed";
    }
}
