package dev.aiopipe.benchmarks;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A child that writes lines of one length, in blocks of 64 KiB, until nobody reads any more. */
public final class Producer {
    private static final int BLOCK_SIZE = 64 * 1024;

    private Producer() {}

    /**
     * How to start it.
     *
     * @param lineBytes the length of a line, with its newline
     * @return a builder, to be started by whoever is measured
     */
    static ProcessBuilder builder(int lineBytes) {
        return java(Producer.class, Integer.toString(lineBytes));
    }

    /** A main class of this module, in a JVM of its own. */
    static ProcessBuilder java(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    /**
     * Writes.
     *
     * @param arguments the length of a line in bytes, with its newline; and how many bytes to write, endless without it
     */
    public static void main(String[] arguments) {
        int lineBytes = Integer.parseInt(arguments[0]);
        long left = arguments.length > 1 ? Long.parseLong(arguments[1]) : Long.MAX_VALUE;
        byte[] lines = new byte[BLOCK_SIZE + lineBytes];
        Arrays.fill(lines, (byte) 'x');
        for (int i = lineBytes - 1; i < lines.length; i += lineBytes) {
            lines[i] = '\n';
        }
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            for (int offset = 0; left > 0; offset = (offset + BLOCK_SIZE) % lineBytes, left -= BLOCK_SIZE) {
                out.write(lines, offset, (int) Math.min(left, BLOCK_SIZE));
            }
        } catch (IOException e) {
            System.exit(0); // the benchmark is over
        }
    }
}
