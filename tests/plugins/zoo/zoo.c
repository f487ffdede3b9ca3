/* Plugins that do what they may not, one for each value of ZOO. */
#define _GNU_SOURCE
#include <sctx/plugin.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum zoo {
    SEGFAULT = 1,
    LOOP,
    DOUBLE_FREE,
    EXIT,
    ABORT_EARLY,
    KILL_EARLY,
    DEEP,
    CLOSE_ALL,
    PRINT,
    FORK,
    HUGE_TREE,
    SLEEP,
    CONNECT,
    LEAK,
    RING_EARLY,
    RING,
    RING_AND_STAY,
    RING_LATE,
    LOOP_EARLY,
    STAY,
    SLOW
};

/* The byte by which the worker tells the host that it is done. */
static void ring(void) {
    (void)write(3, "", 1);
}

__attribute__((constructor)) static void early(void) {
    volatile bool forever = true;
    switch (ZOO) {
    case ABORT_EARLY: abort();
    case KILL_EARLY: (void)kill(getppid(), SIGKILL); break;
    case RING_EARLY: ring(); break;
    case LOOP_EARLY:
        while (forever) {}
        break;
    default: break;
    }
}

static int deep(int level, volatile char *above) {
    volatile char frame[4096];
    frame[0] = above[0];
    return level < 0 ? frame[0] : deep(level + 1, frame) + frame[1];
}

static void busy_ms(int ms) {
    struct timespec used = {0, 0};
    long long since = -1, now = 0;
    do {
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        now = used.tv_sec * 1000LL + used.tv_nsec / 1000000;
        if (since < 0) since = now;
    } while (now - since < ms);
}

static void misbehave(sctx_out *out, char first) {
    volatile int *nowhere = (volatile int *)(ZOO == SEGFAULT ? 8 : 0);
    char start = 0;
    void *block = malloc(100);
    const sctx_value one = {.type = SCTX_U64, .v.u = 1};
    volatile bool forever = true;
    sigset_t all;
    switch (ZOO) {
    case SEGFAULT: *nowhere = 1; break;
    case LOOP:
        while (forever) {}
        break;
    case DOUBLE_FREE:
        free(block);
        free(block);
        block = NULL;
        break;
    case EXIT: exit(0);
    case DEEP: out->fail(out, (uint32_t)(deep(0, &start) & 0), "never"); break;
    case CLOSE_ALL:
        for (int fd = 0; fd < 64; fd++) (void)close(fd);
        break;
    case PRINT: (void)printf("hello\n"); break;
    case FORK:
        while (fork() >= 0) {}
        break;
    case HUGE_TREE:
        (void)out->open(out, (sctx_str){NULL, 0}, SCTX_ARRAY, (sctx_span){0, 0});
        for (int i = 0; i < 10000000; i++) (void)out->put(out, (sctx_str){NULL, 0}, &one, (sctx_span){0, 0});
        (void)out->close(out, 0);
        break;
    case SLEEP: (void)sleep(100); break;
    case CONNECT: (void)socket(AF_INET, SOCK_STREAM, 0); break;
    case LEAK:
        for (int i = 0; i < 4096; i++) memset(malloc(1u << 20), 1, 1);
        break;
    case RING: ring(); break;
    case RING_AND_STAY:
        ring();
        while (forever) {}
        break;
    case STAY:
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
        while (forever) {}
        break;
    case SLOW: busy_ms(50); break;
    case RING_LATE:
        busy_ms(80);
        if (first != 'r') break;
        ring();
        while (forever) {}
        break;
    default: break;
    }
    free(block);
}

static int decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    misbehave(out, len > 0 ? *(const char *)data : '\0');
    const sctx_value one = {.type = SCTX_U64, .v.u = 1};
    if (ZOO != HUGE_TREE) (void)out->put(out, (sctx_str){NULL, 0}, &one, (sctx_span){0, 0});
    return SCTX_PLUGIN_OK;
}

SCTX_PLUGIN("name=" ZOO_NAME "\nversion=1\nlicense=MIT\nencodings=" ZOO_NAME "\n", .decode = decode);
