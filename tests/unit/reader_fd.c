/* The descriptor for event loops: readable when there may be something to read, until sctx_read() has said AGAIN. */
#include "rig.h"
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool readable(int fd, int timeout_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n = poll(&p, 1, timeout_ms);
    MUST(n >= 0);
    return n == 1 && (p.revents & POLLIN);
}

/* It may be readable once in vain; read until AGAIN, then it is not any more. */
static bool quiet(sctx_reader *r, int fd) {
    for (int i = 0; i < 5; i++) {
        MUST(rig_drain(r) == 0);
        if (!readable(fd, 30)) return true;
    }
    return false;
}

static void basics(sctx *ctx, sctx *reading) {
    sctx_writer *w = rig_writer(ctx);
    uint16_t a = rig_topic(ctx, "a"), b = rig_topic(ctx, "b");
    sctx_reader *r = rig_reader(reading, SCTX_FROM_NOW, 0, "a");
    struct sctx_message m;
    int fd = sctx_reader_fd(r);
    cr_assert_geq(fd, 0);
    cr_assert_eq(sctx_reader_fd(r), fd, "always the same");
    cr_assert_not(readable(fd, 50), "nothing there");
    (void)rig_say(w, b, "other");
    cr_assert_not(readable(fd, 50), "nothing of its topics");
    (void)rig_say(w, a, "one");
    cr_assert(readable(fd, 5000));
    cr_assert(readable(fd, 0), "and stays so");
    (void)rig_say(w, a, "two");
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.seq > 0);
    cr_assert(readable(fd, 0), "until AGAIN was seen");
    cr_assert_eq(rig_drain(r), 1);
    cr_assert(quiet(r, fd));
    for (int i = 0; i < 200; i++) {
        (void)rig_say(w, a, "more");
        cr_assert(readable(fd, 5000), "number %d", i);
        cr_assert_eq(rig_drain(r), 1);
    }
    cr_assert(quiet(r, fd));
    sctx_reader_close(r); /* while armed */
    sctx_writer_close(w);
}

Test(reader_fd, wakes_and_stays, .timeout = 40) {
    sctx *ctx = rig_new("fd", NULL), *tap = rig_tap("fd");
    basics(ctx, ctx);
    basics(ctx, tap);
    sctx_close(tap);
    rig_end(ctx, "fd");
}

/* What was there before the descriptor was asked for counts as well. */
Test(reader_fd, of_a_reader_that_is_behind, .timeout = 20) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    (void)rig_say(w, rig_topic(ctx, "a"), "before");
    cr_assert(readable(sctx_reader_fd(r), 5000));
    cr_assert_eq(rig_drain(r), 1);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "fd");
}

/* A topic that does not exist yet, and a context that is removed: an event loop learns of both. */
Test(reader_fd, new_topics_and_the_end, .timeout = 20) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, "late/*");
    struct sctx_message m;
    int fd = sctx_reader_fd(r);
    cr_assert_not(readable(fd, 50));
    (void)rig_say(w, rig_topic(ctx, "late/a"), "x");
    cr_assert(readable(fd, 5000));
    cr_assert_eq(rig_drain(r), 1);
    cr_assert(quiet(r, fd));
    cr_assert_eq(sctx_remove("fd", NULL, NULL), SCTX_OK);
    cr_assert(readable(fd, 5000));
    cr_assert_eq(sctx_read(r, &m), SCTX_ERR_REMOVED);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
}

/* Descriptors of ours that are open: event descriptors and files of the context. */
static int descriptors(void) {
    int n = 0;
    for (int fd = 0; fd < 1000; fd++) {
        char path[32], target[300];
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(path, target, sizeof target - 1);
        if (len < 0) continue;
        target[len] = '\0';
        n += strstr(target, "eventfd") || strstr(target, "/alive") || strstr(target, "/arena.");
    }
    return n;
}

Test(reader_fd, close_at_any_moment, .timeout = 40) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    int64_t worst = 0, all = 0;
    int before = descriptors();
    for (int i = 0; i < 300; i++) {
        sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, i % 2 ? "a" : NULL);
        int fd = sctx_reader_fd(r);
        if (i % 3 == 0) (void)rig_say(w, topic, "x");
        if (i % 5 == 0) (void)readable(fd, 1);
        if (i % 7 == 0) (void)rig_drain(r);
        int64_t begin = rig_now_ns();
        sctx_reader_close(r);
        int64_t took = rig_now_ns() - begin;
        all += took;
        if (took > worst) worst = took;
    }
    cr_assert_lt(worst, SECOND, "%lld ns", (long long)worst);
    cr_assert_lt(all / 300, 20 * MS, "closing is quick: %lld ns on average", (long long)(all / 300));
    cr_assert_eq(descriptors(), before, "no descriptor leaks");
    sctx_writer_close(w);
    rig_end(ctx, "fd");
}

/* The helper thread takes no signals. */
static _Atomic uint32_t signals;
static void count(int number) {
    (void)number;
    atomic_fetch_add(&signals, 1);
}

Test(reader_fd, signals_are_the_programs, .timeout = 20) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    cr_assert_geq(sctx_reader_fd(r), 0);
    cr_assert(signal(SIGUSR1, count) != SIG_ERR);
    sigset_t set, old;
    cr_assert(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR1) == 0 && sigprocmask(SIG_BLOCK, &set, &old) == 0);
    cr_assert_eq(kill(getpid(), SIGUSR1), 0);
    (void)usleep(50000);
    cr_assert_eq(signals, 0, "blocked here, so nobody else may get it");
    cr_assert_eq(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    cr_assert_eq(signals, 1);
    sctx_reader_close(r);
    rig_end(ctx, "fd");
}

/* After a seek back there is something to read, though nothing new came. */
Test(reader_fd, after_a_seek, .timeout = 20) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_writer *w = rig_writer(ctx);
    uint16_t a = rig_topic(ctx, "a");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    int fd = sctx_reader_fd(r);
    uint64_t first = rig_say(w, a, "one");
    cr_assert(readable(fd, 5000));
    cr_assert_eq(rig_drain(r), 1);
    cr_assert(quiet(r, fd));
    cr_assert_eq(sctx_reader_seek(r, first), SCTX_OK);
    cr_assert(readable(fd, 1000));
    cr_assert_eq(rig_drain(r), 1);
    cr_assert(quiet(r, fd));
    (void)rig_say(w, a, "two");
    cr_assert(readable(fd, 5000));
    cr_assert_eq(rig_drain(r), 1);
    cr_assert_eq(sctx_reader_seek(r, 0), SCTX_OK);
    cr_assert_eq(rig_drain(r), 2);
    cr_assert_eq(rig_stats(r).lost, 0, "there never was a message before the first");
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "fd");
}

static int truncated_while_watched(void *argument) {
    (void)argument;
    char path[512], ring[600];
    MUST_OK(sctx_guard_install());
    sctx *ctx = rig_join("fd", "watcher");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    int fd = sctx_reader_fd(r);
    MUST_OK(sctx_path("fd", NULL, path, sizeof path));
    (void)snprintf(ring, sizeof ring, "%s/ring", path);
    MUST(truncate(ring, 0) == 0);
    MUST(readable(fd, 10000));
    struct sctx_message m;
    MUST(sctx_read(r, &m) == SCTX_ERR_LOST);
    sctx_reader_close(r);
    sctx_close(ctx);
    return 0;
}

/* The guard holds for the helper thread, which has all signals blocked but those that it raises itself. */
Test(reader_fd, guarded, .timeout = 30, .disabled = SCTX_TSAN) {
    sctx *ctx = rig_new("fd", NULL);
    sctx_close(ctx);
    cr_assert_eq(rig_child_result(rig_child(truncated_while_watched, NULL)), 0);
    (void)sctx_remove("fd", NULL, NULL);
}
