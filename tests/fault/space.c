/* A file system in memory that is too small, or full: an error with the sizes, never SIGBUS, and whoever needs no more goes on. The guard against SIGBUS is
 * not installed here: nothing may depend on it. Needs to mount; skipped where that is not allowed. */
#define _GNU_SOURCE
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[4096];
static bool few_inodes;

static void mount_anew(const char *options) {
    (void)umount2(folder, MNT_DETACH);
    if (mount("sctx-test", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) fault_skip("may not mount a file system");
    MUST(chmod(folder, 0700) == 0);
}

static void own_mounts(void) {
    const char *dir = getenv("SCTX_TEST_DIR");
    MUST(dir != NULL);
    (void)snprintf(folder, sizeof folder, "%s/small", dir);
    MUST(mkdir(folder, 0700) == 0);
    if (unshare(CLONE_NEWNS) != 0) fault_skip("no mount namespace of its own is allowed here");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fault_skip("may not make mounts private");
    mount_anew("size=64k");
    MUST(setenv("SCTX_DIR", folder, 1) == 0);
}

/* Takes all there is, by a file, which free_space() removes. */
static void fill_space(void) {
    char path[4200], page[4096] = {1};
    (void)snprintf(path, sizeof path, "%s/fill", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    MUST(fd >= 0);
    while (write(fd, page, sizeof page) == (ssize_t)sizeof page) {}
    MUST(errno == ENOSPC);
    (void)close(fd);
}

static void free_space(void) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/fill", folder);
    MUST(unlink(path) == 0);
}

static bool tells_sizes(const char *text) {
    if (few_inodes && strstr(text, "No space left")) return true; /* where it is not bytes that are missing */
    return strstr(text, "KiB needed") && strstr(text, "KiB free");
}

/* ---- too small ---------------------------------------------------------------------------------------------------------------- */

static int create_and_join_in_1_mib(void *unused) {
    (void)unused;
    struct sctx_error error = {""};
    struct sctx_create_options o = {.size = sizeof o, .context = "big", .cells = 65536, .error = &error};
    MUST(sctx_create(&o) == SCTX_ERR_NO_SPACE);
    MUST(tells_sizes(error.text));
    MUST(fault_entries(folder) == 0);
    struct sctx_options join = {.size = sizeof join, .context = "default", .error = &error};
    sctx *ctx = NULL;
    int rc = sctx_open(&join, &ctx);
    MUST(rc == SCTX_OK || (rc == SCTX_ERR_NO_SPACE && tells_sizes(error.text) && fault_entries(folder) == 0));
    if (rc != SCTX_OK) return 0;
    sctx_writer *w = NULL;
    MUST(sctx_writer_open(ctx, NULL, &w) == SCTX_ERR_NO_SPACE); /* an arena alone takes it all */
    MUST(w == NULL && rig_files("default") == 2);
    return 0;
}

/* Either it worked or there is no space: nothing else, and no signal. */
static bool worked(int rc, const char *what) {
    if (rc == SCTX_OK) return true;
    if (rc == SCTX_ERR_NO_SPACE) return false;
    (void)fprintf(stderr, "%s: %s\n", what, sctx_strerror(rc));
    abort();
}

static void look_at_everything(void) {
    sctx *tap = rig_tap("c");
    struct sctx_participant p = SCTX_INIT(p);
    struct sctx_marker_state s = SCTX_INIT(s);
    const struct sctx_topic *t;
    uint32_t id;
    uint16_t topic;
    (void)rig_info(tap);
    for (uint32_t i = 0; i < 3; i++) (void)sctx_participant_get(tap, i, &p);
    uint32_t topics = sctx_topic_count(tap), markers = sctx_marker_count(tap);
    for (uint32_t i = 0; i <= topics; i++) MUST(sctx_topic_get(tap, (uint16_t)i, &t) == (i < topics ? SCTX_OK : SCTX_ERR_NOT_FOUND));
    for (uint32_t i = 0; i <= markers; i++) MUST(sctx_marker_get(tap, i, &s) == (i < markers ? SCTX_OK : SCTX_ERR_NOT_FOUND));
    MUST(sctx_marker_find(tap, "not/there", &id) == SCTX_ERR_NOT_FOUND);
    struct sctx_topic_options o = {.size = sizeof o, .name = "not/there"};
    MUST(sctx_topic_register(tap, &o, &topic) == SCTX_ERR_READ_ONLY);
    sctx_reader *r = rig_reader(tap, SCTX_FROM_START, 0, "t/*");
    (void)rig_drain(r);
    MUST(sctx_wait(r, MS) == SCTX_TIMEOUT);
    MUST(rig_balances(r));
    sctx_reader_close(r);
    sctx_close(tap);
}

static void publish_and_grow(sctx *ctx, sctx_writer *w) {
    static unsigned char data[600000];
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t id = UINT16_MAX;
    struct sctx_topic_options o = {.size = sizeof o, .name = "t/first"};
    bool ready = worked(sctx_topic_register(ctx, &o, &id), "topic");
    for (size_t len = 10; ready && len < sizeof data; len += len / 2 + 1000) {
        struct sctx_message m;
        uint64_t seq;
        MUST_OK(sctx_publish(w, id, data, 10, &seq));
        bool grown = worked(sctx_publish(w, id, data, len, &seq), "publish");
        if (!grown) MUST(tells_sizes(sctx_writer_error(w)));
        for (int i = 0; i < 1 + grown; i++) MUST(sctx_read(r, &m) == SCTX_OK && m.len == (i ? len : 10));
        MUST(sctx_read(r, &m) == SCTX_AGAIN);
    }
    MUST(rig_stats(r).lost == 0 && rig_stats(r).gone == 0);
    sctx_reader_close(r);
}

/* Everything there is, in a file system of so many KiB. */
static int everything_in(void *argument) {
    char options[64];
    (void)snprintf(options, sizeof options, "size=%uk", *(unsigned *)argument);
    mount_anew(options);
    struct sctx_error error = {""};
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10, .error = &error};
    if (!worked(sctx_create(&o), "create")) {
        MUST(tells_sizes(error.text));
        MUST(fault_entries(folder) == 0);
        return 0;
    }
    look_at_everything();
    sctx *ctx = rig_join("c", "test");
    sctx_writer *w[3] = {NULL};
    for (int i = 0; i < 3 && worked(sctx_writer_open(ctx, NULL, &w[i]), "writer"); i++) publish_and_grow(ctx, w[i]);
    struct sctx_marker_options mo = {.size = sizeof mo, .kind = SCTX_MARKER_COUNTER, .name = "m/first"};
    sctx_marker *m = NULL;
    if (worked(sctx_marker_open(ctx, &mo, &m), "marker")) MUST_OK(sctx_marker_add(m, (sctx_level){.counter = 1}, NULL));
    look_at_everything();
    for (int i = 0; i < 3; i++) sctx_writer_close(w[i]);
    sctx_marker_close(m);
    rig_end(ctx, "c");
    MUST(fault_entries(folder) == 0);
    return 0;
}

/* So few inodes. */
static int inodes(void *argument) {
    char options[64];
    (void)snprintf(options, sizeof options, "size=4m,nr_inodes=%u", *(unsigned *)argument);
    mount_anew(options);
    few_inodes = true;
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    if (!worked(sctx_create(&o), "create")) return fault_entries(folder) != 0;
    sctx *ctx = rig_join("c", "test");
    sctx_writer *w[4] = {NULL};
    int n = 0;
    while (n < 4 && worked(sctx_writer_open(ctx, NULL, &w[n]), "writer")) n++;
    for (int i = 0; i < n; i++) publish_and_grow(ctx, w[i]);
    MUST(rig_files("c") >= 2 + n);
    while (n) sctx_writer_close(w[--n]);
    rig_end(ctx, "c");
    return fault_entries(folder) != 0;
}

/* ---- full --------------------------------------------------------------------------------------------------------------------- */

/* A writer grows, and there is no room: that publish fails, everything else goes on; with room again it works. */
static int full_while_growing(void *unused) {
    (void)unused;
    mount_anew("size=4m");
    static unsigned char data[200000];
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    MUST_OK(sctx_create(&o));
    sctx *ctx = rig_join("c", "test"), *tap = rig_tap("c");
    sctx_writer *w = rig_writer(ctx), *other = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *look = rig_reader(tap, SCTX_FROM_NOW, 0, NULL);
    uint16_t id = rig_topic(ctx, "t/a");
    int files = rig_files("c");
    uint64_t memory = rig_info(ctx).memory_arenas;
    fill_space();
    for (int i = 0; i < 3; i++) {
        uint64_t seq = 77;
        void *room = NULL;
        MUST(sctx_publish(w, id, data, sizeof data, &seq) == SCTX_ERR_NO_SPACE && seq == 77);
        MUST(tells_sizes(sctx_writer_error(w)));
        MUST(sctx_reserve(w, sizeof data, &room) == SCTX_ERR_NO_SPACE && !room);
        MUST(tells_sizes(sctx_writer_error(w)));
        MUST(rig_say(w, id, "small") == 2u * (unsigned)i + 1);
        MUST(rig_say(other, id, "other") == 2u * (unsigned)i + 2);
    }
    struct sctx_writer *more = NULL;
    MUST(sctx_writer_open(ctx, NULL, &more) == SCTX_ERR_NO_SPACE && !more);
    MUST(rig_files("c") == files && rig_info(ctx).memory_arenas == memory);
    sctx_close(rig_join("c", "another"));
    look_at_everything();
    for (int i = 0; i < 200; i++) (void)rig_say(i % 2 ? w : other, id, "round and round");
    free_space();
    MUST_OK(sctx_publish(w, id, data, sizeof data, NULL));
    MUST(rig_drain(r) + rig_stats(r).lost == 207 && rig_stats(r).gone == 0);
    (void)rig_drain(look);
    MUST(rig_balances(r) && rig_balances(look));
    return 0;
}

struct tables {
    unsigned topics, markers;
};

/* So many topics and markers, which end with a page of the tables or do not, and then not a byte left: whoever looks where the next one would be finds none. */
static int full_at(void *argument) {
    const struct tables *tables = argument;
    mount_anew("size=8m");
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    MUST_OK(sctx_create(&o));
    sctx *ctx = rig_join("c", "test");
    char name[32];
    for (unsigned i = 0; i < tables->topics; i++) {
        (void)snprintf(name, sizeof name, "t/%u", i);
        MUST(rig_topic(ctx, name) == i);
    }
    struct sctx_marker_options mo = {.size = sizeof mo, .kind = SCTX_MARKER_I64, .name = name};
    for (unsigned i = 0; i < tables->markers; i++) {
        sctx_marker *m = NULL;
        (void)snprintf(name, sizeof name, "m/%u", i);
        MUST_OK(sctx_marker_open(ctx, &mo, &m));
        sctx_marker_close(m);
    }
    fill_space();
    look_at_everything();
    sctx_close(rig_join("c", "another"));
    /* What fits into what is there already may work; the others are told that there is no space. */
    bool full = false;
    for (unsigned i = 0; i < 600 && !full; i++) {
        uint16_t id;
        (void)snprintf(name, sizeof name, "more/%u", i);
        struct sctx_topic_options to = {.size = sizeof to, .name = name};
        full = !worked(sctx_topic_register(ctx, &to, &id), "topic");
    }
    MUST(full);
    full = false;
    for (unsigned i = 0; i < 600 && !full; i++) {
        sctx_marker *m = NULL;
        (void)snprintf(name, sizeof name, "more/%u", i);
        full = !worked(sctx_marker_open(ctx, &mo, &m), "marker");
        sctx_marker_close(m);
    }
    MUST(full);
    look_at_everything();
    free_space();
    MUST(rig_topic(ctx, "room/again") >= tables->topics);
    rig_end(ctx, "c");
    return 0;
}

int main(void) {
    bool ok = true;
    own_mounts();
    mount_anew("size=1m");
    ok &= fault_case("create and join in 1 MiB", create_and_join_in_1_mib, NULL);
    for (unsigned kib = 8; kib <= 3000; kib += kib < 800 ? 12 : 100) {
        char name[64];
        (void)snprintf(name, sizeof name, "everything in %u KiB", kib);
        ok &= fault_case(name, everything_in, &kib);
    }
    for (unsigned n = 1; n <= 12; n++) {
        char name[64];
        (void)snprintf(name, sizeof name, "with %u inodes", n);
        ok &= fault_case(name, inodes, &n);
    }
    ok &= fault_case("full while a writer grows", full_while_growing, NULL);
    static struct tables tables[] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {511, 63}, {512, 64}, {513, 65}, {1024, 128}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "full with %u topics and %u markers", tables[i].topics, tables[i].markers);
        ok &= fault_case(name, full_at, &tables[i]);
    }
    return ok ? 0 : 1;
}
