package dev.aiopipe;

import java.util.ArrayList;
import java.util.List;

/** Lines and commands, as messages and results show them. */
final class Texts {
    private static final int SHOWN_LINES = 5;
    private static final int SHOWN_CHARACTERS = 2_000;
    private static final int SHOWN_ARGUMENTS = 200;

    private Texts() {}

    /** Splits at {@code \n} and {@code \r\n}. A lone {@code \r} is data; an unterminated last line is a line. */
    static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        for (int start = 0; start < text.length(); ) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline;
            int next = newline < 0 ? end : end + 1;
            boolean carriageReturn = newline > start && text.charAt(newline - 1) == '\r';
            lines.add(text.substring(start, carriageReturn ? end - 1 : end));
            start = next;
        }
        return List.copyOf(lines);
    }

    /** The command as one line, cut off if it is long. */
    static String command(List<String> command) {
        String line = String.join(" ", command);
        return line.length() <= SHOWN_ARGUMENTS ? line : line.substring(0, SHOWN_ARGUMENTS) + "…";
    }

    /** The last lines of a text, after {@code ": "}; nothing if there is none. */
    static String ending(String text) {
        String cut = text.stripTrailing();
        List<String> lines = lines(cut.substring(Math.max(0, cut.length() - SHOWN_CHARACTERS)));
        if (lines.isEmpty()) {
            return "";
        }
        return ": " + String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    }
}
