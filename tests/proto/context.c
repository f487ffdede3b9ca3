/* Contexts as files: making, joining, refusing, removing, and bytes that make no sense. */
#define _GNU_SOURCE
#include "fixture.h"
#include "layout.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Test(context, a_hundred_writers_in_a_row_leave_one_arena) {
    fresh("row", 0, 0, 0, 0);
    struct sctx_info info = {.size = sizeof info};
    for (int i = 0; i < 2000; i++) {
        sctx *c = join("row", "t");
        sctx_writer *w = writer(c);
        cr_assert_eq(sctx_publish(w, topic(c, "a", ""), &i, sizeof i, NULL), SCTX_OK);
        sctx_writer_close(w);
        if (i == 1999) cr_assert_eq(sctx_info_get(c, &info), SCTX_OK);
        sctx_close(c);
    }
    cr_assert_eq(info.arenas_used, 1);
    cr_assert_eq(info.tail, 2001);
    cr_assert_lt(info.memory_ring + info.memory_arenas, 2u << 20);
}

Test(context, refuses_what_is_planted) {
    char path[512], other[512];
    fresh("plant", 0, 0, 0, 0);
    sctx *c;
    struct sctx_error error;
    struct sctx_options o = {.size = sizeof o, .context = "link", .error = &error};
    cr_assert_eq(sctx_path("plant", NULL, path, sizeof path), SCTX_OK);
    cr_assert_eq(sctx_path("link", NULL, other, sizeof other), SCTX_OK);
    cr_assert_eq(symlink(path, other), 0);
    cr_assert_eq(sctx_open(&o, &c), SCTX_ERR_UNSAFE);
    cr_assert(strstr(error.text, "link") != NULL);
    cr_assert_eq(unlink(other), 0);
    strcat(path, "/ring");
    snprintf(other, sizeof other, "%s.hard", path);
    cr_assert_eq(link(path, other), 0);
    o.context = "plant";
    cr_assert_eq(sctx_open(&o, &c), SCTX_ERR_UNSAFE);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(unlink(other), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(sctx_open(&o, &c), SCTX_ERR_UNSAFE);
    o.context = "../x";
    cr_assert_eq(sctx_open(&o, &c), SCTX_ERR_NAME);
}

Test(context, each_bit_of_the_header_counts) {
    fresh("bits", 64, 65536, 0, 0);
    char path[512];
    cr_assert_eq(sctx_path("bits", NULL, path, sizeof path), SCTX_OK);
    strcat(path, "/ring");
    int fd = open(path, O_RDWR);
    cr_assert_geq(fd, 0);
    struct sctx_options o = {.size = sizeof o, .context = "bits"};
    for (off_t at = 0; at < (off_t)sizeof(struct ring_header); at++) {
        for (int bit = 0; bit < 8; bit++) {
            unsigned char was, now;
            cr_assert_eq(pread(fd, &was, 1, at), 1);
            now = (unsigned char)(was ^ 1u << bit);
            cr_assert_eq(pwrite(fd, &now, 1, at), 1);
            sctx *c = NULL;
            int rc = sctx_tap_open(&o, &c);
            cr_assert(rc == SCTX_ERR_DAMAGED || rc == SCTX_ERR_VERSION, "byte %d bit %d: %d", (int)at, bit, rc);
            cr_assert_eq(pwrite(fd, &was, 1, at), 1);
        }
    }
    close(fd);
    sctx_close(tap("bits"));
}

/* A clock that no processor has is not believed, though the header's check fits: readers measure their patience with it. */
Test(context, no_clock_runs_like_that) {
    fresh("hz", 64, 65536, 0, 0);
    char path[512];
    struct ring_header h;
    cr_assert_eq(sctx_path("hz", NULL, path, sizeof path), SCTX_OK);
    strcat(path, "/ring");
    int fd = open(path, O_RDWR);
    struct sctx_options o = {.size = sizeof o, .context = "hz"};
    const uint64_t wrong[] = {0, 1, UINT64_C(1) << 60, UINT64_MAX};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(pread(fd, &h, sizeof h, 0), (ssize_t)sizeof h);
        h.clock_hz = wrong[i];
        h.check = hash_bytes(&h.bytes, h.bytes, h.id);
        cr_assert_eq(pwrite(fd, &h, sizeof h, 0), (ssize_t)sizeof h);
        sctx *c = NULL;
        cr_assert_eq(sctx_tap_open(&o, &c), SCTX_ERR_DAMAGED);
    }
    close(fd);
}

Test(context, truncated_and_removed_is_told, .disabled = SCTX_TSAN) {
    cr_assert_eq(sctx_guard_install(), SCTX_OK);
    fresh("cut", 64, 65536, 0, 0);
    sctx *c = join("cut", "t"), *look = tap("cut");
    sctx_writer *w = writer(c);
    uint16_t id = topic(c, "a", "");
    sctx_reader *r = reader(look, SCTX_FROM_START, 0, NULL);
    struct sctx_message m;
    cr_assert_eq(sctx_publish(w, id, "x", 1, NULL), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    char path[512];
    cr_assert_eq(sctx_path("cut", NULL, path, sizeof path), SCTX_OK);
    strcat(path, "/ring");
    cr_assert_eq(truncate(path, 4096), 0);
    cr_assert_eq(sctx_read(r, &m), SCTX_ERR_LOST);
    (void)sctx_publish(w, id, "x", 1, NULL);
    cr_assert_eq(sctx_publish(w, id, "x", 1, NULL), SCTX_ERR_LOST);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(look);
    sctx_close(c);

    fresh("rm", 64, 65536, 0, 0);
    c = join("rm", "t");
    w = writer(c);
    id = topic(c, "a", "");
    cr_assert_eq(sctx_remove("rm", NULL, NULL), SCTX_OK);
    cr_assert_eq(sctx_publish(w, id, "x", 1, NULL), SCTX_ERR_REMOVED);
    sctx_writer_close(w);
    sctx_close(c);
}

Test(context, arbitrary_bytes_crash_nobody) {
    unsigned seed = (unsigned)time(NULL);
    printf("seed %u\n", seed);
    cr_assert_eq(sctx_guard_install(), SCTX_OK);
    fresh("noise", 64, 65536, 0, 0);
    sctx *c = join("noise", "t");
    sctx_writer *w = writer(c);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "t/%d", i);
        cr_assert_eq(sctx_publish(w, topic(c, name, "text"), name, strlen(name), NULL), SCTX_OK);
    }
    sctx_writer_close(w);
    sctx_close(c);
    char path[512], ring[600], arena[600];
    cr_assert_eq(sctx_path("noise", NULL, path, sizeof path), SCTX_OK);
    snprintf(ring, sizeof ring, "%s/ring", path);
    snprintf(arena, sizeof arena, "%s/arena.0.1", path);
    int fds[2] = {open(ring, O_RDWR), open(arena, O_RDWR)};
    cr_assert(fds[0] >= 0 && fds[1] >= 0);
    static unsigned char image[2][400000];
    ssize_t size[2] = {pread(fds[0], image[0], sizeof image[0], 0), pread(fds[1], image[1], sizeof image[1], 0)};
    for (int round = 0; round < 3000; round++) {
        for (int k = 0; k < 40; k++) {
            int f = rand_r(&seed) % 2;
            uint64_t value = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 40);
            off_t at = 4096 + rand_r(&seed) % ((f ? 8192 : (int)size[f] - 8192) / 8) * 8;
            if (rand_r(&seed) % 3 == 0) at = 4096 + rand_r(&seed) % (f ? 256 : 6000) / 8 * 8;
            cr_assert_eq(pwrite(fds[f], &value, 8, at), 8);
        }
        struct sctx_options o = {.size = sizeof o, .context = "noise"};
        sctx *look = NULL;
        if (sctx_tap_open(&o, &look) != SCTX_OK) { /* it may look like one that is being removed */
            for (int f = 0; f < 2; f++) cr_assert_eq(pwrite(fds[f], image[f], (size_t)size[f], 0), size[f]);
            continue;
        }
        sctx_reader *r = reader(look, SCTX_FROM_START, 0, round % 2 ? "t/*" : NULL);
        struct sctx_message m;
        for (int i = 0; i < 200 && sctx_read(r, &m) == SCTX_OK; i++) (void)sctx_participant_name(look, m.from);
        (void)balanced(r);
        struct sctx_info info = {.size = sizeof info};
        struct sctx_participant p = {.size = sizeof p};
        struct sctx_marker_state s = {.size = sizeof s};
        const struct sctx_topic *t;
        (void)sctx_info_get(look, &info);
        for (uint32_t i = 0; i < 8; i++)
            (void)sctx_participant_get(look, i, &p), (void)sctx_topic_get(look, (uint16_t)i, &t), (void)sctx_marker_get(look, i, &s);
        sctx_reader_close(r);
        sctx_close(look);
        for (int f = 0; f < 2; f++) cr_assert_eq(pwrite(fds[f], image[f], (size_t)size[f], 0), size[f]);
    }
}
