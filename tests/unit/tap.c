/* Looking without joining: sees everything, changes nothing. */
#include "rig.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(tap, cannot_change_anything) {
    sctx *ctx = rig_new("tap", NULL), *tap = rig_tap("tap");
    uint16_t topic = rig_topic(ctx, "a"), id = 77;
    struct sctx_marker_options level = {.size = sizeof level, .kind = SCTX_MARKER_I64, .name = "level"},
                               new = {.size = sizeof new, .kind = SCTX_MARKER_I64, .name = "new"};
    sctx_marker *own = NULL, *m = NULL, *none = NULL;
    sctx_writer *w = NULL;
    sctx_reader *r = NULL;
    cr_assert_eq(sctx_marker_open(ctx, &level, &own), SCTX_OK);
    cr_assert_eq(sctx_marker_set(own, (sctx_level){.i64 = 5}), SCTX_OK);

    cr_expect_eq(sctx_join_number(tap), 0);
    cr_expect_eq(sctx_writer_open(tap, NULL, &w), SCTX_ERR_READ_ONLY);
    struct sctx_topic_options known = {.size = sizeof known, .name = "a"}, other = {.size = sizeof other, .name = "b"};
    cr_expect_eq(sctx_topic_register(tap, &known, &id), SCTX_OK, "a tap finds");
    cr_expect_eq(id, topic);
    cr_expect_eq(sctx_topic_register(tap, &other, &id), SCTX_ERR_READ_ONLY, "but cannot make");
    cr_expect_eq(sctx_marker_open(tap, &new, &none), SCTX_ERR_NOT_FOUND);
    cr_assert_eq(sctx_marker_open(tap, &level, &m), SCTX_OK);
    cr_expect_eq(sctx_marker_level(m).i64, 5);
    cr_expect_eq(sctx_marker_set(m, (sctx_level){.i64 = 6}), SCTX_ERR_READ_ONLY);
    cr_expect_eq(sctx_marker_add(m, (sctx_level){.i64 = 6}, NULL), SCTX_ERR_READ_ONLY);
    cr_expect_eq(sctx_marker_level(own).i64, 5);
    struct sctx_reader_options gated = {.size = sizeof gated, .flags = SCTX_READER_GATED};
    cr_expect_eq(sctx_reader_open(tap, &gated, &r), SCTX_ERR_READ_ONLY);
    cr_expect(w == NULL && r == NULL && none == NULL, "untouched on failure");
    sctx_marker_close(m);
    sctx_marker_close(own);
    sctx_close(tap);
    rig_end(ctx, "tap");
}

static uint64_t ring_hash(const char *context) {
    char path[300];
    MUST_OK(sctx_path(context, NULL, path, sizeof path));
    strcat(path, "/ring");
    int fd = open(path, O_RDONLY);
    MUST(fd >= 0);
    static unsigned char bytes[1 << 16];
    uint64_t hash = 14695981039346656037u;
    ssize_t n;
    for (off_t at = 0; at < 4 << 20 && (n = pread(fd, bytes, sizeof bytes, at)) > 0; at += n)
        for (ssize_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
    close(fd);
    return hash;
}

/* Everything that a tap can do, and not a byte of the ring has changed, not a place is taken. */
Test(tap, leaves_no_trace) {
    static const struct sctx_create_options small = {.cells = 64, .arena_bytes = 64u << 10};
    sctx *ctx = rig_new("tap", &small);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    for (int i = 0; i < 100; i++) (void)rig_say(w, topic, "text");
    sctx_writer_close(w);
    sctx_close(ctx);
    int files = rig_files("tap");
    uint64_t before = ring_hash("tap");

    sctx *tap = rig_tap("tap");
    sctx_reader *r = rig_reader(tap, SCTX_FROM_START, 0, "a");
    struct sctx_message m;
    struct sctx_participant p = SCTX_INIT(p);
    cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
    cr_assert(sctx_still_valid(r, &m));
    cr_assert_eq(rig_drain(r), 63);
    cr_assert_eq(sctx_wait(r, 20 * MS), SCTX_TIMEOUT);
    cr_assert_eq(sctx_reader_seek(r, 90), SCTX_OK);
    cr_assert_geq(sctx_reader_fd(r), 0);
    cr_assert_eq(rig_drain(r), 11);
    cr_assert_eq(rig_info(tap).participants_alive, 0);
    cr_assert_eq(sctx_participant_get(tap, 0, &p), SCTX_OK);
    cr_assert_eq(p.alive, SCTX_DEAD);
    cr_assert_str_eq(sctx_participant_name(tap, p.join), "test");
    cr_assert_eq(sctx_check(tap), SCTX_OK);
    sctx_reader_close(r);
    sctx_close(tap);
    cr_assert_eq(ring_hash("tap"), before);
    cr_assert_eq(rig_files("tap"), files);
    cr_assert_eq(sctx_remove("tap", NULL, NULL), SCTX_OK);
}

static int say_a_thousand(void *argument) {
    _Atomic uint32_t *ready = argument;
    sctx *ctx = rig_join("tap", "writer");
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    rig_await(ready, 1);
    for (int i = 0; i < 1000; i++) {
        (void)rig_say(w, topic, "text");
        if (i % 100 == 0) (void)usleep(2000);
    }
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

/* It follows live traffic by waiting. */
Test(tap, follows, .timeout = 30) {
    sctx *ctx = rig_new("tap", NULL), *tap = rig_tap("tap");
    _Atomic uint32_t *ready = rig_shared(sizeof *ready);
    sctx_reader *r = rig_reader(tap, SCTX_FROM_NOW, 0, NULL);
    struct sctx_message m;
    uint64_t cause;
    pid_t child = rig_child(say_a_thousand, ready);
    atomic_store(ready, 1);
    for (uint64_t seq = 1; seq <= 1000;) {
        int rc = sctx_read(r, &m);
        if (rc == SCTX_OK)
            cr_assert_eq(m.seq, seq++);
        else
            cr_assert(rc == SCTX_AGAIN && sctx_wait(r, 10 * SECOND) == SCTX_OK);
    }
    cr_assert_not(sctx_cause_get(tap, &cause), "a tap never sets the cause");
    cr_assert_eq(rig_child_result(child), 0);
    sctx_reader_close(r);
    sctx_close(tap);
    rig_end(ctx, "tap");
}

Test(tap, of_what_is_not_there) {
    struct sctx_error error = {{0}};
    struct sctx_options o = {.size = sizeof o, .context = "nowhere", .error = &error};
    sctx *tap = NULL;
    cr_expect_eq(sctx_tap_open(&o, &tap), SCTX_ERR_NOT_FOUND);
    cr_expect_neq(*(error.text), '\0');
    cr_expect_null(tap);
    cr_expect_eq(rig_files("nowhere"), -1, "and it does not make it");
}

Test(tap, is_told_of_the_end) {
    sctx *ctx = rig_new("tap", NULL), *tap = rig_tap("tap");
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    sctx_reader *r = rig_reader(tap, SCTX_FROM_NOW, 0, NULL);
    struct sctx_message m;
    (void)rig_say(w, topic, "a word");
    cr_assert_eq(sctx_read(r, &m), SCTX_OK); /* from here on the arena is mapped */
    (void)rig_say(w, topic, "last words");
    cr_assert_eq(sctx_remove("tap", NULL, NULL), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK, "what was published can still be read");
    cr_assert_eq(sctx_read(r, &m), SCTX_ERR_REMOVED);
    cr_assert_eq(sctx_wait(r, SCTX_FOREVER), SCTX_ERR_REMOVED);
    cr_assert_eq(sctx_check(tap), SCTX_ERR_REMOVED);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(tap);
    sctx_close(ctx);
}
