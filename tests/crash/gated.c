/* Gated readers that are killed, again and again, at random test points: writers go on at once, and no place is lost.
 *
 * $SCTX_CYCLES (500; while soaking 10000), $SCTX_SEED */
#define _GNU_SOURCE
#include "bus.h"
#include "context.h"
#include "testpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CELLS 64u
#define PATIENCE_NS UINT64_C(20000000000) /* no dead reader is waited for as long as that, and no living one is so slow */
#define POINTS 120u

static struct {
    sctx *ctx;
    sctx_writer *writer;
    struct ear ear;
    uint64_t slowest_ns;
} bus;
static unsigned left; /* test points, until the child dies */

static void hook(const char *name) {
    (void)name;
    if (left-- == 0) (void)kill(getpid(), SIGKILL);
}

static _Noreturn void child(unsigned points) {
    left = points;
    sctx_testpoint_hook = hook;
    sctx *c = join("c", "gated");
    struct ear e = ear_open(c, SCTX_FROM_NOW, SCTX_READER_GATED);
    for (unsigned waits = 0; waits < 30; waits++) {
        int rc = sctx_wait(e.reader, INT64_C(50000000));
        CHECK(rc == SCTX_OK || rc == SCTX_TIMEOUT);
        (void)ear_drain(&e);
    }
    struct sctx_reader_stats s = balanced(e.reader);
    CHECK(s.gated == 1 && s.lost == 0 && s.gone == 0);
    ear_close(&e);
    sctx_close(c);
    _exit(0);
}

static void publish_some(unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        uint64_t began = now_ns();
        CHECK_OK(say(bus.writer, 0, 1, 40 + 400 * (i % 3), NULL));
        uint64_t took = now_ns() - began;
        if (took > bus.slowest_ns) bus.slowest_ns = took;
    }
    (void)ear_drain(&bus.ear);
}

static void publish_8(void) {
    publish_some(8);
}

static void no_place_is_lost(void) {
    uint32_t places = 0;
    publish_some(2 * CELLS); /* the last who died is let go by now */
    for (uint32_t g = 0; g < LAYOUT_READER_SLOTS; g++) {
        int held = lock_probe(&bus.ctx->alive, LOCK_READER + g);
        CHECK(bus.ctx->readers[g].gate == 0);
        places += held == 0;
    }
    CHECK(places == LAYOUT_READER_SLOTS - 1);
    sctx *c = join("c", "many");
    for (uint32_t g = 0; g < LAYOUT_READER_SLOTS - 1; g++) (void)reader(c, SCTX_FROM_NOW, g % 2 ? SCTX_READER_GATED : 0);
    sctx_reader *r;
    CHECK(sctx_reader_open(c, NULL, &r) == SCTX_ERR_FULL);
}

int main(void) {
    unsigned cycles = env_number("SCTX_CYCLES", env_number("SCTX_SOAK_MINUTES", 0) ? 10000 : 500), killed = 0;
    unsigned seed = env_number("SCTX_SEED", (unsigned)now_ns());
    printf("seed %u\n", seed);
    fflush(stdout);
    srandom(seed);
    become_nobody();
    tally = shared_new(sizeof *tally);
    fresh("c", CELLS, 64u << 10, SCTX_CREATE_GATING, PATIENCE_NS);
    bus.ctx = join("c", "parent");
    CHECK(topic(bus.ctx, "t") == 0);
    bus.writer = writer(bus.ctx);
    bus.ear = ear_open(bus.ctx, SCTX_FROM_START, 0);
    for (unsigned i = 0; i < cycles; i++) {
        unsigned points = random() % 16 ? (unsigned)random() % POINTS : UINT32_MAX; /* some live */
        (void)snprintf(circumstances, sizeof circumstances, "seed %u, cycle %u, killed at point %d", seed, i, (int)points);
        pid_t pid = spawn();
        if (pid == 0) child(points);
        int status = await_child(pid, publish_8);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            killed++;
        else
            expect_exit(pid, status);
        publish_some(CELLS / 4);
    }
    *circumstances = '\0';
    CHECK(killed > cycles / 2 && killed < cycles);
    CHECK(info_of(bus.ctx).gate_evictions == 0 && bus.slowest_ns < PATIENCE_NS / 4);
    uint32_t places = info_of(bus.ctx).readers;
    no_place_is_lost();
    printf("%u gated readers, %u killed; the writer published %llu messages, each within %.1f ms; %u places were in use\n", cycles, killed,
           (unsigned long long)tally->acked, (double)bus.slowest_ns / 1e6, places);
    return 0;
}
