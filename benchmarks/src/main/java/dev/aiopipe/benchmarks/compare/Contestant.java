package dev.aiopipe.benchmarks.compare;

import java.nio.file.Path;

/**
 * One way to do the works of the comparison, which {@code benchmarks/README.md} describes. A contestant that lacks a
 * work leaves it as it is here, and the comparison names what was left out.
 */
abstract class Contestant {
    /** The size of the blocks that are written and read. */
    static final int BLOCK_SIZE = 64 * 1024;

    /** What goes over each of many pipes. */
    static final String MESSAGE = "nineteen characters\n";

    private final String lacks;

    /** @param lacks why a work is left out */
    Contestant(String lacks) {
        this.lacks = lacks;
    }

    /** A work that has been prepared. */
    @FunctionalInterface
    interface Work {
        /** Does the work so many times: first to warm up, and then to be measured. */
        void run(int count) throws Exception;
    }

    /** The exception of a contestant that lacks a work. */
    static final class UnsupportedWork extends RuntimeException {
        private static final long serialVersionUID = 1;

        UnsupportedWork(String reason) {
            super(reason);
        }
    }

    /** Reads lines of a child, as Strings. */
    Work lines(ProcessBuilder endlessLines) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Sends a line without its newline to a child that returns it. */
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Sends a message over each of so many pipes within the process, and waits until all have been read. */
    Work messages(int pipes) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Writes blocks of so many bytes into a pipe and reads them, at the same time. */
    Work throughput(int blockSize) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Copies all output of a child to a file. */
    Work toFile(ProcessBuilder source, Path file) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Copies a file to the stdin of a child, and waits for the child's exit. */
    Work fromFile(Path file, ProcessBuilder sink) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Starts so many children at once; each returns a line, and ends at the end of its stdin. */
    Work starts(ProcessBuilder echo, int atOnce) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Runs so many programs at once to their ends. */
    Work runs(ProcessBuilder program, int atOnce) throws Exception {
        throw new UnsupportedWork(lacks);
    }

    /** Opens so many more pipes, each with a reader that waits. */
    Work idle(int pipes) throws Exception {
        throw new UnsupportedWork(lacks);
    }
}
