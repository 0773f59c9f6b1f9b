package dev.aiopipe;

/** A signal that a process can be sent. The numbers are those of Linux on x86-64 and AArch64 (signal(7)). */
public enum Signal {
    /** The terminal was closed; many servers read their configuration again. */
    HUP(1),
    /** As ^C on a terminal. */
    INT(2),
    /** As ^\ on a terminal; a JVM prints its threads. */
    QUIT(3),
    /** Ends the process; it cannot be caught. */
    KILL(9),
    /** Each program gives it a meaning of its own. */
    USR1(10),
    /** Each program gives it a meaning of its own. */
    USR2(12),
    /** Asks the process to end. */
    TERM(15),
    /** Lets a stopped process go on. */
    CONT(18),
    /** Stops the process until {@link #CONT}; it cannot be caught. */
    STOP(19),
    /** The size of the terminal has changed. */
    WINCH(28);

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /**
     * Returns the number by which the system knows the signal.
     *
     * @return 1 or more
     */
    public int number() {
        return number;
    }
}
