/* fork() at every test point that a process passes in a whole life on the bus. In the child all handles answer FORKED, and closing them harms nothing; it joins
 * by itself. The parent goes on, and its death is noticed though the child lives. */
#define _GNU_SOURCE
#include "fault.h"
#include "testpoint.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct {
    _Atomic uint32_t child_ready, child_wrong, child_gone, end, parent_done, points;
    uint32_t parent_join, parent_slot;
    char point[64]; /* where it forked */
} * shared;

static sctx *ctx;
static sctx_writer *writer;
static sctx_reader *reader;
static sctx_marker *marker;
static uint32_t fork_at; /* the how manieth test point; UINT32_MAX: none */

/* ---- the child ------------------------------------------------------------------------------------------------------------------- */

#define IN_CHILD(condition) \
    do { \
        if (!(condition)) child_wrong(__LINE__, #condition); \
    } while (0)

static _Noreturn void child_wrong(int line, const char *what) {
    (void)fprintf(stderr, "forks.c:%d: in the child forked at %s: not so: %s\n", line, shared->point, what);
    atomic_store(&shared->child_wrong, 1);
    _exit(1);
}

static void all_handles_refuse(void) {
    struct sctx_message m;
    struct sctx_info info = SCTX_INIT(info);
    struct sctx_participant p = SCTX_INIT(p);
    struct sctx_marker_state state = SCTX_INIT(state);
    struct sctx_reader_stats stats = SCTX_INIT(stats);
    struct sctx_topic_options topic = {.size = sizeof topic, .name = "a/b"};
    struct sctx_marker_options marker_options = {.size = sizeof marker_options, .kind = SCTX_MARKER_I64, .name = "a/b"};
    const struct sctx_topic *t;
    struct sctx_outgoing out = {.data = "x", .len = 1};
    sctx_writer *w;
    sctx_reader *r;
    sctx_marker *mk;
    void *room;
    uint16_t id;
    if (ctx) {
        IN_CHILD(sctx_check(ctx) == SCTX_ERR_FORKED && sctx_info_get(ctx, &info) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_topic_register(ctx, &topic, &id) == SCTX_ERR_FORKED && sctx_topic_get(ctx, 0, &t) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_writer_open(ctx, NULL, &w) == SCTX_ERR_FORKED && sctx_reader_open(ctx, NULL, &r) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_marker_open(ctx, &marker_options, &mk) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_participant_get(ctx, 0, &p) == SCTX_ERR_FORKED && sctx_marker_get(ctx, 0, &state) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_topic_count(ctx) == 0 && sctx_marker_count(ctx) == 0 && strcmp(sctx_participant_name(ctx, 1), "#?") == 0);
    }
    if (writer) {
        IN_CHILD(sctx_publish(writer, 0, "x", 1, NULL) == SCTX_ERR_FORKED && sctx_publish_batch(writer, &out, 1, NULL) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_reserve(writer, 1, &room) == SCTX_ERR_FORKED && sctx_commit(writer, 0, 1, NULL) == SCTX_ERR_FORKED);
    }
    if (reader) {
        IN_CHILD(sctx_read(reader, &m) == SCTX_ERR_FORKED && sctx_peek(reader, &m) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_wait(reader, 0) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_reader_fd(reader) == SCTX_ERR_FORKED && sctx_reader_stats(reader, &stats) == SCTX_ERR_FORKED);
    }
    if (marker) {
        IN_CHILD(sctx_marker_set(marker, (sctx_level){.i64 = 1}) == SCTX_ERR_FORKED);
        IN_CHILD(sctx_marker_add(marker, (sctx_level){.i64 = 1}, NULL) == SCTX_ERR_FORKED);
    }
}

static void child(void) {
    sctx_testpoint_hook = NULL;
    all_handles_refuse();
    sctx_marker_close(marker);
    sctx_reader_close(reader);
    sctx_writer_close(writer);
    sctx_close(ctx);
    sctx *own = rig_join("c", "child");
    sctx_writer *w = rig_writer(own);
    (void)rig_say(w, rig_topic(own, "of/child"), "hello");
    atomic_store(&shared->child_ready, 1);
    rig_await(&shared->end, 1);
    sctx_writer_close(w);
    sctx_close(own);
    atomic_store(&shared->child_gone, 1);
    _exit(0);
}

static void fork_here(const char *name) {
    if (atomic_fetch_add(&shared->points, 1) != fork_at) return;
    (void)snprintf(shared->point, sizeof shared->point, "%s", name);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) child();
}

/* ---- the parent: a whole life ---------------------------------------------------------------------------------------------------- */

static void read_some(void) {
    struct sctx_message m;
    int rc;
    while ((rc = sctx_read(reader, &m)) == SCTX_OK) {}
    MUST(rc == SCTX_AGAIN);
    rc = sctx_wait(reader, MS);
    MUST(rc == SCTX_OK || rc == SCTX_TIMEOUT);
    MUST(rig_balances(reader) && rig_stats(reader).lost == 0);
}

static void live(void) {
    static unsigned char data[70000];
    struct sctx_marker_options o = {
        .size = sizeof o, .kind = SCTX_MARKER_I64, .name = "m", .flags = SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE, .high.i64 = 10};
    struct sctx_outgoing out[2] = {{.data = "a", .len = 1}, {.data = "b", .len = 1}};
    struct sctx_create_options other = {.size = sizeof other, .context = "other", .cells = 64};
    void *room;
    ctx = rig_join("c", "parent");
    shared->parent_join = sctx_join_number(ctx);
    reader = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    uint16_t topic = rig_topic(ctx, "of/parent");
    writer = rig_writer(ctx);
    for (int i = 0; i < 3; i++) (void)rig_say(writer, topic, "small");
    MUST_OK(sctx_publish(writer, topic, data, sizeof data, NULL));
    out[0].topic = out[1].topic = topic;
    MUST_OK(sctx_publish_batch(writer, out, 2, NULL));
    MUST_OK(sctx_reserve(writer, 10, &room));
    memset(room, 7, 10);
    MUST_OK(sctx_commit(writer, topic, 10, NULL));
    read_some();
    MUST_OK(sctx_marker_open(ctx, &o, &marker));
    MUST_OK(sctx_marker_set(marker, (sctx_level){.i64 = 20}));
    read_some();
    MUST_OK(sctx_create(&other));
    MUST_OK(sctx_remove("other", NULL, NULL));
    sctx_writer *second = rig_writer(ctx);
    (void)rig_say(second, topic, "second");
    sctx_writer_close(second);
}

/* Goes on after the child closed what it inherited, and waits to be killed. */
static int parent(void *argument) {
    fork_at = *(uint32_t *)argument;
    sctx_testpoint_hook = fork_here;
    live();
    sctx_testpoint_hook = NULL;
    if (fork_at == UINT32_MAX) return 0;
    rig_await(&shared->child_ready, 1);
    (void)rig_say(writer, rig_topic(ctx, "of/parent"), "after the child");
    read_some();
    MUST_OK(sctx_marker_set(marker, (sctx_level){.i64 = 0}));
    MUST_OK(sctx_check(ctx));
    atomic_store(&shared->parent_done, 1);
    (void)pause();
    return 1;
}

/* ---- from outside ---------------------------------------------------------------------------------------------------------------- */

static uint32_t alive(sctx *tap, const char *name) {
    struct sctx_participant p = SCTX_INIT(p);
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < 8; i++)
        if (sctx_participant_get(tap, i, &p) == SCTX_OK && strcmp(p.name, name) == 0) found = p.alive;
    return found;
}

static int fork_once(void *argument) {
    struct sctx_create_options o = {.size = sizeof o, .cells = 64, .arena_bytes = 64u << 10, .flags = SCTX_CREATE_GATING};
    sctx *own = rig_new("c", &o);
    uint32_t *at = argument;
    pid_t pid = rig_child(parent, at);
    if (*at == UINT32_MAX) return rig_child_result(pid);
    int64_t end = rig_now_ns() + 20 * SECOND;
    while (!atomic_load(&shared->parent_done) && rig_now_ns() < end && !atomic_load(&shared->child_wrong)) (void)usleep(200);
    bool ok = atomic_load(&shared->parent_done);
    sctx *tap = rig_tap("c");
    if (ok) ok = alive(tap, "parent") == SCTX_ALIVE && alive(tap, "child") == SCTX_ALIVE;
    uint32_t arenas = rig_info(own).arenas_used;
    MUST(kill(pid, SIGKILL) == 0);
    MUST(rig_child_result(pid) == 128 + SIGKILL);
    if (ok) ok = alive(tap, "parent") == SCTX_DEAD && alive(tap, "child") == SCTX_ALIVE; /* while the child lives */
    /* What was the parent's can be had: by as many writers as it had. */
    sctx_writer *w = rig_writer(own);
    MUST(!ok || rig_info(own).arenas_used == arenas);
    for (int i = 0; i < 100; i++) (void)rig_say(w, rig_topic(own, "of/outside"), "nobody waits for the dead reader");
    atomic_store(&shared->end, 1);
    if (ok) rig_await(&shared->child_gone, 1);
    return ok ? 0 : 1;
}

int main(void) {
    uint32_t none = UINT32_MAX;
    bool ok = true;
    shared = rig_shared(sizeof *shared);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    fault_folder();
    MUST(fault_case("no fork", fork_once, &none));
    uint32_t points = atomic_load(&shared->points), step = points / 200 + 1;
    (void)printf("%u test points\n", points);
    MUST(points > 60);
    for (uint32_t at = 0; at < points; at += step) {
        char name[64];
        memset(shared, 0, sizeof *shared);
        (void)snprintf(name, sizeof name, "fork at test point %u", at);
        if (fault_case(name, fork_once, &at)) continue;
        (void)fprintf(stderr, "     which is %s\n", shared->point);
        ok = false;
    }
    return ok ? 0 : 1;
}
