/* The child of all contestants, so that what they talk to is the same:
 *   lines BYTES    writes lines of that length for ever, in blocks of 64 KiB
 *   source BYTES   writes that many bytes, in blocks of 64 KiB
 *   echo           writes what it reads
 *   sink           reads to the end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

static char buffer[2 * BLOCK];

static int write_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written <= 0) {
            return 0;
        }
        bytes += written;
        count -= (size_t) written;
    }
    return 1;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    size_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    memset(buffer, 'x', sizeof buffer);
    if (strcmp(what, "lines") == 0 && number > 0 && number <= BLOCK) {
        for (size_t i = number - 1; i < sizeof buffer; i += number) {
            buffer[i] = '\n';
        }
        for (size_t offset = 0; write_all(buffer + offset, BLOCK); offset = (offset + BLOCK) % number) {
        }
    } else if (strcmp(what, "source") == 0) {
        for (size_t left = number; left > 0;) {
            size_t next = left < BLOCK ? left : BLOCK;
            if (!write_all(buffer, next)) {
                return 1;
            }
            left -= next;
        }
    } else if (strcmp(what, "echo") == 0) {
        for (ssize_t got; (got = read(STDIN_FILENO, buffer, BLOCK)) > 0;) {
            if (!write_all(buffer, (size_t) got)) {
                return 1;
            }
        }
    } else if (strcmp(what, "sink") == 0) {
        while (read(STDIN_FILENO, buffer, BLOCK) > 0) {
        }
    } else {
        fprintf(stderr, "child: lines BYTES | source BYTES | echo | sink\n");
        return 2;
    }
    return 0;
}
