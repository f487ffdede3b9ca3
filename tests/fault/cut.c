/* Files cut, unlinked and replaced under those who use them, with the guard: LOST or a message less, at once, and never a crash or a wait without end. */
#define _GNU_SOURCE
#include "fault.h"
#include "layout.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    _Atomic uint32_t ready, stop;
    _Atomic int32_t status[4];
} * shared;

enum user { TAP, READER, WRITER, SLEEPER, USER_COUNT };
static const char *const user_name[USER_COUNT] = {"a tap", "a reader", "a writer", "a sleeper"};

static bool is_over(int rc) {
    return rc == SCTX_ERR_LOST || rc == SCTX_ERR_DAMAGED || rc == SCTX_ERR_REMOVED;
}

/* Uses the bus until told to stop or told that it is over, whatever it finds. */
static int use(enum user user) {
    MUST_OK(sctx_guard_install());
    sctx *ctx = user == TAP ? rig_tap("c") : rig_join("c", user_name[user]);
    sctx_writer *w = user == WRITER ? rig_writer(ctx) : NULL;
    sctx_reader *r = user == WRITER ? NULL : rig_reader(ctx, SCTX_FROM_START, 0, user == TAP ? "a/*" : NULL);
    uint16_t topic = user == TAP ? 0 : rig_topic(ctx, "a/b");
    int rc = SCTX_OK;
    atomic_fetch_add(&shared->ready, 1);
    for (uint32_t i = 0; !atomic_load(&shared->stop) && !is_over(rc); i++) {
        struct sctx_message m;
        struct sctx_info info = SCTX_INIT(info);
        struct sctx_participant p = SCTX_INIT(p);
        char data[600];
        memset(data, 'x', sizeof data);
        if (w) rc = sctx_publish(w, topic, data, 1 + i % sizeof data, NULL);
        if (r) rc = user == SLEEPER ? sctx_wait(r, SECOND) : SCTX_AGAIN;
        if (r && (rc == SCTX_OK || user != SLEEPER)) rc = sctx_read(r, &m);
        if (r && rc == SCTX_AGAIN && user != SLEEPER) rc = sctx_wait(r, MS);
        if (rc == SCTX_OK && r) MUST(m.len <= sizeof data);
        if (i % 64 == 0) (void)sctx_participant_get(ctx, i / 64 % 8, &p), (void)sctx_participant_name(ctx, i);
        if (i % 256 == 0 && !is_over(rc) && is_over(sctx_info_get(ctx, &info))) rc = SCTX_ERR_LOST;
        if (r && rc == SCTX_OK) MUST(rig_balances(r));
    }
    shared->status[user] = rc;
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}
static int use_as(void *argument) {
    return use(*(enum user *)argument);
}

/* ---- what is done to the files ----------------------------------------------------------------------------------------------------- */

struct harm {
    const char *name;
    void (*run)(off_t);
    off_t to;
    bool told; /* everybody is told that the context is lost; else it may be that nobody notices */
};

static void cut_ring(off_t to) {
    MUST(truncate(fault_path("c", "ring"), to) == 0);
}
static void cut_arena(off_t to) {
    MUST(truncate(fault_path("c", "arena.0.1"), to) == 0);
}
static void unlink_ring(off_t unused) {
    (void)unused;
    MUST(unlink(fault_path("c", "ring")) == 0);
}
static void replace_ring(off_t unused) {
    (void)unused;
    int fd = open(fault_path("c", "new"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    MUST(fd >= 0 && ftruncate(fd, 70 << 20) == 0);
    (void)close(fd);
    MUST(rename(fault_path("c", "new"), fault_path("c", "ring")) == 0);
}
static void replace_folder(off_t unused) {
    (void)unused;
    struct sctx_create_options o = {.size = sizeof o, .context = "d", .cells = 64, .arena_bytes = 64u << 10};
    MUST_OK(sctx_create(&o));
    MUST(rename(fault_path("c", ""), fault_path("old", "")) == 0 && rename(fault_path("d", ""), fault_path("c", "")) == 0);
}
static void move_folder(off_t unused) {
    (void)unused;
    MUST(rename(fault_path("c", ""), fault_path("old", "")) == 0);
}

static int do_harm(void *argument) {
    const struct harm *harm = argument;
    fault_folder();
    memset(shared, 0, sizeof *shared);
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    MUST_OK(sctx_create(&o));
    pid_t pids[USER_COUNT];
    enum user users[USER_COUNT] = {TAP, READER, WRITER, SLEEPER};
    pids[WRITER] = rig_child(use_as, &users[WRITER]);
    rig_await(&shared->ready, 1);
    for (int i = 0; i < USER_COUNT; i++)
        if (i != WRITER) pids[i] = rig_child(use_as, &users[i]);
    rig_await(&shared->ready, USER_COUNT);
    harm->run(harm->to);
    int64_t end = rig_now_ns() + 15 * SECOND, soon = rig_now_ns() + 30 * MS;
    bool all_told = false;
    while (rig_now_ns() < end && !all_told && (harm->told || rig_now_ns() < soon)) {
        all_told = true;
        for (int i = 0; i < USER_COUNT; i++) all_told &= is_over(shared->status[i]);
        (void)usleep(1000);
    }
    atomic_store(&shared->stop, 1);
    bool ok = true;
    for (int i = 0; i < USER_COUNT; i++) {
        int code = rig_child_result(pids[i]);
        bool fine = code == 0 && (!harm->told || is_over(shared->status[i]));
        if (!fine) (void)fprintf(stderr, "%s: ended with %d, last status %s\n", user_name[i], code, sctx_strerror(shared->status[i]));
        ok &= fine;
    }
    return ok ? 0 : 1;
}

int main(void) {
    static const off_t arena_sizes[] = {0, 1, 4095, 4096, 4097, 8192, 36864, 65536, 69631};
    struct harm harms[160] = {{"the ring is unlinked", unlink_ring, 0, true},
                              {"the ring is replaced", replace_ring, 0, true},
                              {"the folder is replaced", replace_folder, 0, true},
                              {"the folder is moved away", move_folder, 0, true}};
    size_t n = 4;
    /* Each page of what a ring of 64 cells has at first, then some of the tables that grow. */
    for (off_t page = 0; page <= 90; page += page < 4 ? 1 : 29) harms[n++] = (struct harm){"the ring is cut", cut_ring, page * 4096, true};
    for (off_t more = 1 << 20; more <= 64 << 20; more *= 8) harms[n++] = (struct harm){"the ring is cut", cut_ring, more + 77, true};
    for (size_t i = 0; i < sizeof arena_sizes / sizeof *arena_sizes; i++)
        harms[n++] = (struct harm){"an arena is cut", cut_arena, arena_sizes[i], false};
    shared = rig_shared(sizeof *shared);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "%s to %lld", harms[i].name, (long long)harms[i].to);
        ok &= fault_case(name, do_harm, &harms[i]);
    }
    return ok ? 0 : 1;
}
