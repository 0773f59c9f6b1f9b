package dev.aiopipe;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What children do in the tests where the shell is not enough. Pure JDK. */
public final class ChildMain {
    private ChildMain() {}

    /**
     * Runs one of {@code pattern COUNT}, which writes that many bytes of {@link #pattern} at once and exits, and
     * {@code records NAME COUNT}, which writes lines of 1 to 4,096 bytes one by one.
     */
    public static void main(String[] args) throws IOException {
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        switch (args[0]) {
            case "pattern" -> {
                out.write(pattern(Integer.parseInt(args[1])));
                Runtime.getRuntime().halt(0);
            }
            case "records" -> {
                for (int i = 0; i < Integer.parseInt(args[2]); i++) {
                    out.write(record(args[1].charAt(0), i));
                }
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    /** Bytes of which no stretch repeats itself soon. */
    static byte[] pattern(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (i * 31 + i / 251);
        }
        return bytes;
    }

    /** The line number {@code index} of the writer {@code name}. */
    static byte[] record(char name, int index) {
        byte[] number = Integer.toString(index).getBytes(StandardCharsets.US_ASCII);
        byte[] line = new byte[Math.min(WriteEnd.PIPE_BUF, number.length + 2 + index * 61 % WriteEnd.PIPE_BUF)];
        Arrays.fill(line, (byte) name);
        System.arraycopy(number, 0, line, 0, number.length);
        line[line.length - 1] = '\n';
        return line;
    }
}
