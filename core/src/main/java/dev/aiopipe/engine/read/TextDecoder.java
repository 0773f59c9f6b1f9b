package dev.aiopipe.engine.read;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Decodes the text of a stream. */
public final class TextDecoder {
    private final Charset charset;
    private final boolean reportsMalformed;
    private final boolean isUtf8;

    /**
     * Creates a decoder.
     *
     * @param malformed REPLACE, with U+FFFD, or REPORT
     */
    public TextDecoder(Charset charset, CodingErrorAction malformed) {
        this.charset = charset;
        this.reportsMalformed = malformed == CodingErrorAction.REPORT;
        this.isUtf8 = charset.equals(StandardCharsets.UTF_8);
    }

    /** Whether each byte below 0x80 is the character of that number. */
    boolean isUtf8() {
        return isUtf8;
    }

    /**
     * Decodes a text.
     *
     * @throws CharacterCodingException if it is malformed, and the decoder reports that
     */
    String decode(byte[] bytes, int offset, int count) throws CharacterCodingException {
        return reportsMalformed
                ? charset.newDecoder()
                        .decode(ByteBuffer.wrap(bytes, offset, count))
                        .toString()
                : new String(bytes, offset, count, charset);
    }
}
