package dev.aiopipe;

/**
 * One end of a stream: a descriptor that nobody reads or writes yet. It is opened here, or handed to a child, once; each further try is
 * an {@link IllegalStateException}. Making an end does no I/O (but for {@link AioPipe#create}, which makes the pipe): what is wrong
 * with it shows when it is opened or handed over.
 */
public sealed interface PipeEnd extends AutoCloseable permits ReadEnd, WriteEnd {
    /**
     * Makes this the end of a child process: of the one whose {@link ProcessBuilder} is given the redirect.
     *
     * @return to be closed when the child, or children, were started
     * @throws IllegalStateException if the end was used or closed already, or is of a kind that can't be handed over
     */
    ChildEnd forChild();

    /** Closes the end if it was not used. After it was opened or handed over this does nothing. */
    @Override
    void close();
}
