/* Counters just before they wrap: positions in an arena, generations, join numbers; and headers of other versions. */
#define _GNU_SOURCE
#include "arena.h"
#include "fault.h"
#include "writer.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void fresh(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    fault_folder();
    MUST_OK(sctx_create(&o));
}

/* Messages that check themselves, read by a joined reader and a tap, with one reader that comes late. */
static void publish_and_read(sctx *ctx, sctx_writer *w, unsigned n, size_t len) {
    static unsigned char data[200000];
    sctx *tap = rig_tap("c");
    sctx_reader *r[2] = {rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), rig_reader(tap, SCTX_FROM_NOW, 0, NULL)};
    uint16_t topic = rig_topic(ctx, "t");
    for (unsigned i = 0; i < n; i++) {
        uint64_t seq;
        rig_fill(data, len, i);
        MUST_OK(sctx_publish(w, topic, data, len, &seq));
        for (int k = 0; k < 2; k++) {
            struct sctx_message m;
            MUST_OK(sctx_read(r[k], &m));
            MUST(m.seq == seq && m.len == len && rig_filled(m.data, len, i) && m.lost == 0 && m.gone == 0);
            MUST(m.from == sctx_join_number(ctx));
        }
    }
    sctx_reader *late = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    MUST(rig_drain(late) > 0 && rig_balances(late) && rig_stats(late).gone == 0 && rig_stats(late).lost == 0);
    for (int k = 0; k < 2; k++) sctx_reader_close(r[k]);
    sctx_reader_close(late);
    sctx_close(tap);
}

/* The next writer begins near `at`: its predecessor's arena says that so much was written. */
static int positions_from(void *argument) {
    uint64_t at = *(uint64_t *)argument;
    fresh();
    sctx *ctx = rig_join("c", "test");
    sctx_writer_close(rig_writer(ctx));
    int fd = open(fault_path("c", "arena.0.1"), O_RDWR);
    struct arena_header *h = mmap(NULL, LAYOUT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(fd >= 0 && h != MAP_FAILED);
    h->intent = at & ~(uint64_t)4095;
    h->resume = 0;
    sctx_writer *w = rig_writer(ctx);
    MUST(w->arena.slot == 0 && w->arena.gen == 1 && w->arena.pos == (at & ~(uint64_t)4095));
    publish_and_read(ctx, w, 400, 1000); /* four times round */
    MUST(at > UINT64_MAX - (1u << 20) || w->arena.pos > at);
    sctx_writer_close(w);
    w = rig_writer(ctx);
    publish_and_read(ctx, w, 100, 3000);
    return 0;
}

/* The slot's generations begin near `gen`, and each message needs a larger arena than the one before. */
static int generations_from(void *argument) {
    uint32_t gen = *(uint32_t *)argument;
    fresh();
    sctx *ctx = rig_join("c", "test");
    ctx->arenas[0].gen = gen;
    ctx->arenas[0].oldest = gen;
    ctx->arenas[0].uid = (uint32_t)geteuid();
    for (int round = 0; round < 3; round++) {
        sctx_writer *w = rig_writer(ctx);
        MUST(w->arena.slot == 0 && w->arena.gen != 0);
        for (size_t len = 10; len < 200000; len *= 3) publish_and_read(ctx, w, 1, len);
        sctx_writer_close(w);
        char name[32];
        (void)snprintf(name, sizeof name, "arena.0.%u", ctx->arenas[0].gen); /* the next one makes another */
        MUST(unlink(fault_path("c", name)) == 0);
        ctx->arenas[0].bytes = 64u << 10;
        sctx_writer *next = rig_writer(ctx);
        for (unsigned i = 0; i < 70; i++) (void)rig_say(next, rig_topic(ctx, "t"), "round and round");
        sctx_writer_close(next);
    }
    sctx_writer_close(rig_writer(ctx)); /* looks for older ones, once more */
    MUST(rig_files("c") <= 4);
    return 0;
}

static int joins_from(void *argument) {
    fresh();
    sctx *ctx = rig_join("c", "first");
    ctx->hot->joins = *(uint32_t *)argument;
    uint32_t last = 1;
    for (int i = 0; i < 12; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "number %d", i);
        sctx *other = rig_join("c", name);
        uint32_t join = sctx_join_number(other);
        MUST(join != 0 && join != UINT32_MAX && join != last);
        MUST(strcmp(sctx_participant_name(ctx, join), name) == 0);
        sctx_writer *w = rig_writer(other);
        publish_and_read(other, w, 3, 100);
        sctx_writer_close(w);
        sctx_close(other);
        last = join;
    }
    MUST(sctx_join_number(ctx) == 1 && sctx_check(ctx) == SCTX_OK);
    return 0;
}

/* ---- other versions ----------------------------------------------------------------------------------------------------------------- */

static struct ring_header *map_header(void) {
    int fd = open(fault_path("c", "ring"), O_RDWR);
    struct ring_header *h = mmap(NULL, LAYOUT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(fd >= 0 && h != MAP_FAILED);
    (void)close(fd);
    return h;
}

static void seal(struct ring_header *h) {
    h->check = hash_bytes(&h->bytes, h->bytes, h->id);
}

static int open_says(bool tap, const char *text) {
    struct sctx_error error = {""};
    struct sctx_options o = {.size = sizeof o, .context = "c", .error = &error};
    sctx *ctx = NULL;
    int rc = tap ? sctx_tap_open(&o, &ctx) : sctx_open(&o, &ctx);
    MUST((rc == SCTX_OK) == (ctx != NULL));
    MUST(rc == SCTX_OK || strstr(error.text, text));
    sctx_close(ctx);
    return rc;
}

static int versions(void *unused) {
    (void)unused;
    fresh();
    sctx *ctx = rig_join("c", "old");
    sctx_writer *w = rig_writer(ctx);
    (void)rig_say(w, rig_topic(ctx, "t"), "hello");
    struct ring_header *h = map_header();
    h->minor = LAYOUT_MINOR + 1; /* with a longer header, as it may have */
    h->bytes += 64;
    memset((unsigned char *)h + sizeof *h, 0x5a, 64);
    seal(h);
    MUST(open_says(false, "may tap it, not join") == SCTX_ERR_VERSION);
    MUST(open_says(true, "") == SCTX_OK);
    sctx *tap = rig_tap("c");
    sctx_reader *r = rig_reader(tap, SCTX_FROM_START, 0, NULL);
    MUST(rig_drain(r) == 1 && rig_info(tap).layout_minor == LAYOUT_MINOR + 1);
    (void)rig_say(w, 0, "who joined before goes on");
    MUST(rig_drain(r) == 1);
    ((unsigned char *)h)[sizeof *h + 3] ^= 1; /* the check covers what is not known, too */
    MUST(open_says(true, "check") == SCTX_ERR_DAMAGED);
    ((unsigned char *)h)[sizeof *h + 3] ^= 1;
    for (uint32_t major = 0; major < 4; major++) {
        if (major == LAYOUT_MAJOR) continue;
        char text[64];
        (void)snprintf(text, sizeof text, "layout %u.%u", major, h->minor);
        h->major = major;
        seal(h);
        MUST(open_says(false, text) == SCTX_ERR_VERSION && open_says(true, text) == SCTX_ERR_VERSION);
        h->check++; /* one whose check is made in another way is still named */
        MUST(open_says(true, text) == SCTX_ERR_VERSION);
    }
    h->major = LAYOUT_MAJOR;
    h->minor = LAYOUT_MINOR;
    h->endian = UINT32_C(0x04030201);
    seal(h);
    MUST(open_says(false, "byte order") == SCTX_ERR_VERSION && open_says(true, "byte order") == SCTX_ERR_VERSION);
    h->endian = LAYOUT_ENDIAN;
    h->bytes = LAYOUT_PAGE; /* more than a page can hold */
    MUST(open_says(true, "check") == SCTX_ERR_DAMAGED);
    h->bytes = UINT32_MAX;
    MUST(open_says(true, "check") == SCTX_ERR_DAMAGED);
    MUST_OK(sctx_remove("c", NULL, NULL)); /* whatever it is, it can be removed */
    return 0;
}

int main(void) {
    static uint64_t positions[] = {0,
                                   (UINT64_C(1) << 32) - 100000,
                                   (UINT64_C(1) << 40) - 100000,
                                   (UINT64_C(1) << 45) - 100000,
                                   (UINT64_C(1) << 46) - 100000,
                                   (UINT64_C(1) << 63) - 100000};
    static uint32_t generations[] = {1, 4090, 4094, 4095, (1u << 24) - 3, UINT32_MAX - 3, UINT32_MAX - 1, UINT32_MAX};
    static uint32_t joins[] = {INT32_MAX - 3u, UINT32_MAX - 5, UINT32_MAX - 1, UINT32_MAX};
    bool ok = true;
    char name[64];
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        (void)snprintf(name, sizeof name, "positions from %#llx", (unsigned long long)positions[i]);
        ok &= fault_case(name, positions_from, &positions[i]);
    }
    for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
        (void)snprintf(name, sizeof name, "generations from %u", generations[i]);
        ok &= fault_case(name, generations_from, &generations[i]);
    }
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
        (void)snprintf(name, sizeof name, "join numbers from %u", joins[i]);
        ok &= fault_case(name, joins_from, &joins[i]);
    }
    ok &= fault_case("versions", versions, NULL);
    return ok ? 0 : 1;
}
