/* The limit: the system calls alone, without strings, buffers to grow or tasks.
 * Arguments, output and works: see ../../README.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

extern char **environ;

static const char *child_program;
static char block[BLOCK];
static int64_t *latencies;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

struct child {
    pid_t pid;
    int in, out;
};

/* Starts a program; its stdin, stdout or both are pipes of ours. */
static struct child start(const char *program, const char *what, const char *number, int in, int out) {
    struct child child = {0, -1, -1};
    int to[2], from[2];
    char *arguments[] = {(char *) program, (char *) what, (char *) number, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (in) {
        if (pipe2(to, O_CLOEXEC) != 0) fail("pipe");
        posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    }
    if (out) {
        if (pipe2(from, O_CLOEXEC) != 0) fail("pipe");
        posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    }
    errno = posix_spawn(&child.pid, program, &actions, NULL, arguments, environ);
    if (errno != 0) fail(program);
    posix_spawn_file_actions_destroy(&actions);
    if (in) {
        close(to[0]);
        child.in = to[1];
    }
    if (out) {
        close(from[1]);
        child.out = from[0];
    }
    return child;
}

static void write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0) fail("write");
        bytes += written;
        count -= (size_t) written;
    }
}

static int64_t line_bytes;

static void lines(const char *argument, int64_t count) {
    static struct child child;
    static size_t from, to;
    if (child.pid == 0) child = start(child_program, "lines", argument, 0, 1);
    while (count > 0) {
        if (from == to) {
            ssize_t got = read(child.out, block, BLOCK);
            if (got <= 0) fail("read");
            from = 0;
            to = (size_t) got;
        }
        char *end = memchr(block + from, '\n', to - from);
        size_t next = end == NULL ? to : (size_t) (end - block) + 1;
        line_bytes += (int64_t) (next - from);
        from = next;
        if (end != NULL) count--;
    }
}

static void round_trips(const char *argument, int64_t count) {
    static struct child child;
    size_t length = strtoull(argument, NULL, 10);
    if (child.pid == 0) child = start(child_program, "echo", NULL, 1, 1);
    memset(block, 'x', length);
    block[length - 1] = '\n';
    for (int64_t i = 0; i < count; i++) {
        int64_t begin = now();
        write_all(child.in, block, length);
        for (size_t left = length; left > 0;) {
            ssize_t got = read(child.out, block, left);
            if (got <= 0) fail("read");
            left -= (size_t) got;
        }
        latencies[i] = now() - begin;
    }
}

static int (*open_pipes(int count, int *epoll))[2] {
    int(*pipes)[2] = calloc((size_t) count, sizeof *pipes);
    *epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++) {
        if (pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK) != 0) fail("pipe");
        struct epoll_event event = {.events = EPOLLIN, .data.fd = pipes[i][0]};
        if (epoll_ctl(*epoll, EPOLL_CTL_ADD, pipes[i][0], &event) != 0) fail("epoll_ctl");
    }
    return pipes;
}

static void messages(const char *argument, int64_t count) {
    static int(*pipes)[2], epoll;
    static struct epoll_event events[512];
    int all = atoi(argument);
    if (pipes == NULL) pipes = open_pipes(all, &epoll);
    for (int64_t i = 0; i < count; i++) {
        for (int k = 0; k < all; k++) write_all(pipes[k][1], "nineteen characters\n", 20);
        for (int left = all; left > 0;) {
            int ready = epoll_wait(epoll, events, 512, -1);
            for (int k = 0; k < ready; k++, left--) {
                if (read(events[k].data.fd, block, BLOCK) != 20) fail("read");
            }
        }
    }
}

static int throughput_pipe[2];
static int64_t throughput_blocks;
static size_t throughput_block; /* bytes */

static void *write_blocks(void *unused) {
    static char out[BLOCK];
    for (int64_t i = 0; i < throughput_blocks; i++) write_all(throughput_pipe[1], out, throughput_block);
    return unused;
}

static void throughput(const char *argument, int64_t count) {
    pthread_t writer;
    if (pipe2(throughput_pipe, O_CLOEXEC) != 0) fail("pipe");
    throughput_blocks = count;
    throughput_block = strtoull(argument, NULL, 10);
    if (throughput_block > BLOCK) throughput_block = BLOCK;
    pthread_create(&writer, NULL, write_blocks, NULL);
    for (int64_t left = count * (int64_t) throughput_block; left > 0;) {
        ssize_t got = read(throughput_pipe[0], block, throughput_block);
        if (got <= 0) fail("read");
        left -= got;
    }
    pthread_join(writer, NULL);
    close(throughput_pipe[0]);
    close(throughput_pipe[1]);
}

static void splice_all(int from, int to) {
    ssize_t moved;
    while ((moved = splice(from, NULL, to, NULL, 1 << 20, SPLICE_F_MOVE)) > 0) {
    }
    if (moved < 0) fail("splice");
}

static void to_file(const char *argument, int64_t count) {
    char *path = strdup(argument), *size = strchr(path, ':');
    *size++ = '\0';
    for (int64_t i = 0; i < count; i++) {
        struct child child = start(child_program, "source", size, 0, 1);
        int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        splice_all(child.out, file);
        close(file);
        close(child.out);
        waitpid(child.pid, NULL, 0);
    }
}

static void from_file(const char *argument, int64_t count) {
    char *path = strdup(argument);
    *strchr(path, ':') = '\0';
    for (int64_t i = 0; i < count; i++) {
        struct child child = start(child_program, "sink", NULL, 1, 0);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        splice_all(file, child.in);
        close(file);
        close(child.in);
        waitpid(child.pid, NULL, 0);
    }
}

static void starts(const char *argument, int64_t count) {
    int all = atoi(argument);
    struct child children[all];
    for (int64_t i = 0; i < count; i++) {
        for (int k = 0; k < all; k++) {
            children[k] = start(child_program, "echo", NULL, 1, 1);
            write_all(children[k].in, "hello\n", 6);
        }
        for (int k = 0; k < all; k++) {
            if (read(children[k].out, block, BLOCK) != 6) fail("read");
            close(children[k].in);
        }
        for (int k = 0; k < all; k++) {
            waitpid(children[k].pid, NULL, 0);
            close(children[k].out);
        }
    }
}

static void runs(const char *argument, int64_t count) {
    int all = atoi(argument);
    struct child children[all];
    for (int64_t i = 0; i < count; i++) {
        for (int k = 0; k < all; k++) children[k] = start("/bin/true", NULL, NULL, 0, 1);
        for (int k = 0; k < all; k++) {
            while (read(children[k].out, block, BLOCK) > 0) {
            }
            close(children[k].out);
            waitpid(children[k].pid, NULL, 0);
        }
    }
}

static void idle(const char *argument, int64_t count) {
    int epoll;
    if (count > 0) open_pipes(atoi(argument), &epoll);
}

static int compare(const void *one, const void *other) {
    int64_t a = *(const int64_t *) one, b = *(const int64_t *) other;
    return (a > b) - (a < b);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(const char *, int64_t);
    } works[] = {{"lines", lines},       {"roundtrip", round_trips}, {"messages", messages},
                 {"throughput", throughput}, {"tofile", to_file},     {"fromfile", from_file},
                 {"starts", starts},     {"runs", runs},             {"idle", idle}};
    if (argc != 6) return 2;
    int64_t warm = atoll(argv[3]), count = atoll(argv[4]);
    child_program = argv[5];
    latencies = calloc((size_t) (warm > count ? warm : count) + 1, sizeof *latencies);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        if (strcmp(works[i].name, argv[1]) != 0) continue;
        works[i].run(argv[2], warm);
        puts("ready");
        if (getchar() == EOF) return 1;
        int64_t begin = now();
        works[i].run(argv[2], count);
        int64_t elapsed = now() - begin;
        qsort(latencies, (size_t) count, sizeof *latencies, compare);
        printf("done {\"ns\": %lld, \"p50\": %lld, \"p99\": %lld}\n", (long long) elapsed,
               (long long) latencies[count / 2], (long long) latencies[count * 99 / 100]);
        getchar();
        return 0;
    }
    fprintf(stderr, "unsupported: no such work\n");
    return 3;
}
