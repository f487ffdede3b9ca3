#define _GNU_SOURCE
#include "ring.h"
#include "testpoint.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct section_kind {
    const char *name;
    uint32_t stride;
    uint64_t count; /* 0: as many as the ring has cells */
    uint64_t most;
} sections[SECTION_COUNT] = {
    [SECTION_HOT] = {"hot lines", sizeof(struct ring_hot), 1, 1},
    [SECTION_CLOCK] = {"clock", sizeof(struct clock_triple), LAYOUT_CLOCK_SLOTS, LAYOUT_CLOCK_SLOTS},
    [SECTION_CELLS] = {"cells", sizeof(struct cell), 0, LAYOUT_CELLS_MAX},
    [SECTION_PARTICIPANTS] = {"participants", sizeof(struct participant_entry), LAYOUT_PARTICIPANT_SLOTS, LAYOUT_PARTICIPANT_SLOTS},
    [SECTION_READERS] = {"readers", sizeof(struct reader_entry), LAYOUT_READER_SLOTS, LAYOUT_READER_SLOTS},
    [SECTION_ARENAS] = {"arenas", sizeof(struct arena_entry), LAYOUT_ARENA_SLOTS, LAYOUT_ARENA_SLOTS},
    [SECTION_TOPICS] = {"topics", sizeof(uint64_t), LAYOUT_TOPIC_SLOTS, LAYOUT_TOPIC_SLOTS},
    [SECTION_MARKERS] = {"markers", sizeof(struct marker_entry), LAYOUT_MARKER_SLOTS, LAYOUT_MARKER_SLOTS},
    [SECTION_HEAP] = {"heap", 1, LAYOUT_HEAP_BYTES, LAYOUT_HEAP_BYTES},
};

static uint64_t header_check(const struct ring_header *h, uint32_t bytes) {
    return hash_bytes(&h->bytes, bytes, h->id);
}

static const uint32_t header_bytes = sizeof(struct ring_header) - offsetof(struct ring_header, bytes);

int ring_header_make(struct ring_header *h, const struct sctx_create_options *o) {
    *h = (struct ring_header){
        .bytes = header_bytes,
        .endian = LAYOUT_ENDIAN,
        .major = LAYOUT_MAJOR,
        .minor = LAYOUT_MINOR,
        .flags = o->flags,
        .clock = clock_kind_here(),
        .first_seq = o->first_seq ? o->first_seq : 1,
        .arena_bytes = o->arena_bytes ? o->arena_bytes : UINT64_C(1) << 20,
        .max_memory = o->max_memory ? o->max_memory : UINT64_C(1) << 30,
        .gate_timeout_ns = o->gate_timeout_ns ? o->gate_timeout_ns : UINT64_C(1000000000),
        .created_ns = clock_realtime_ns(),
    };
    uint64_t cells = o->cells ? o->cells : 32768, off = LAYOUT_PAGE;
    if ((cells & (cells - 1)) || cells < LAYOUT_CELLS_MIN || cells > LAYOUT_CELLS_MAX)
        return fail(o->error, SCTX_ERR_INVALID, "the number of cells must be a power of two from %u to %u", LAYOUT_CELLS_MIN,
                    LAYOUT_CELLS_MAX);
    if ((h->arena_bytes & (h->arena_bytes - 1)) || h->arena_bytes < LAYOUT_ARENA_MIN || h->arena_bytes > LAYOUT_ARENA_MAX)
        return fail(o->error, SCTX_ERR_INVALID, "an arena's size must be a power of two from 64 KiB to 256 MiB");
    if (h->gate_timeout_ns > LAYOUT_GATE_TIMEOUT_MAX_NS) return fail(o->error, SCTX_ERR_INVALID, "a gate time-out is an hour at most");
    if (o->flags & ~(uint32_t)(SCTX_CREATE_GATING | SCTX_CREATE_TAP_ONLY)) return fail(o->error, SCTX_ERR_INVALID, "unknown flags");

    for (int i = 0; i < SECTION_COUNT; i++) {
        struct layout_extent *e = &h->section[i];
        off = i >= SECTION_TOPICS ? (off + LAYOUT_PAGE - 1) & ~(uint64_t)(LAYOUT_PAGE - 1) : (off + 127) & ~UINT64_C(127);
        *e = (struct layout_extent){.off = off, .count = sections[i].count ? sections[i].count : cells, .stride = sections[i].stride};
        off += e->count * e->stride;
    }
    h->file_bytes = (off + LAYOUT_PAGE - 1) & ~(uint64_t)(LAYOUT_PAGE - 1);
    if (h->max_memory < h->section[SECTION_TOPICS].off + h->arena_bytes)
        return fail(o->error, SCTX_ERR_INVALID, "max-memory is too small: the ring takes %llu KiB, an arena %llu KiB",
                    (unsigned long long)(h->section[SECTION_TOPICS].off >> 10), (unsigned long long)(h->arena_bytes >> 10));
    if (getrandom(&h->id, sizeof h->id, 0) != sizeof h->id) h->id = (uint64_t)h->created_ns ^ (uint64_t)getpid() << 40;
    h->clock_hz = clock_measure_hz(h->clock, 500000);
    h->check = header_check(h, h->bytes);
    return SCTX_OK;
}

int ring_file_make(int fd, const struct ring_header *h, struct sctx_error *error) {
    int rc = place_allocate(fd, 0, h->section[SECTION_TOPICS].off, "the ring", error);
    if (rc == SCTX_OK) rc = place_set_size(fd, h->file_bytes, "the ring", error);
    /* The first entry of each table, where everybody stops looking: even to read a hole takes a page, which a full file system does not have. */
    for (int i = SECTION_TOPICS; rc == SCTX_OK && i <= SECTION_MARKERS; i++)
        rc = place_allocate(fd, h->section[i].off, h->section[i].stride, "the tables of topics and markers", error);
    if (rc) return rc;
    _Atomic uint32_t lost = 0;
    struct mapping m;
    rc = mapping_open(&m, fd, h->section[SECTION_TOPICS].off, true, &lost);
    if (rc) return fail(error, status_of_errno(-rc), "cannot map the ring: %s", strerror(-rc));

    struct cell *cells = (struct cell *)(void *)(m.base + h->section[SECTION_CELLS].off);
    uint64_t n = h->section[SECTION_CELLS].count, first = h->first_seq;
    for (uint64_t t = first; t != first + n; t++) store_relaxed(&cells[t & (n - 1)].seq, t - n);
    struct ring_hot *hot = (struct ring_hot *)(void *)(m.base + h->section[SECTION_HOT].off);
    store_relaxed(&hot->tail, first);
    store_relaxed(&hot->clock_epochs, 1);
    store_relaxed(&hot->gate_epoch, 1);
    struct clock_view clock = {(struct clock_triple *)(void *)(m.base + h->section[SECTION_CLOCK].off), hot, h->clock, h->clock_hz};
    (void)clock_note(&clock);
    struct ring_header *to = (struct ring_header *)(void *)m.base;
    memcpy((unsigned char *)to + sizeof to->magic, (const unsigned char *)h + sizeof h->magic, sizeof *h - sizeof h->magic);
    TESTPOINT("create:before-magic");
    store_release(&to->magic, LAYOUT_MAGIC);
    mapping_close(&m);
    return atomic_load(&lost) ? fail(error, SCTX_ERR_LOST, "the ring was truncated while it was made") : SCTX_OK;
}

static int header_validate(const struct ring_header *h, uint64_t size, bool writable, struct sctx_error *error) {
    if (h->endian != LAYOUT_ENDIAN)
        return fail(error, SCTX_ERR_VERSION, "the ring was made on a machine of the other byte order, or is damaged");
    if (h->major != LAYOUT_MAJOR)
        return fail(error, SCTX_ERR_VERSION, "the ring has layout %u.%u, this program knows %u.%u: use one version of sctx on one context",
                    h->major, h->minor, LAYOUT_MAJOR, LAYOUT_MINOR);
    if (h->minor > LAYOUT_MINOR && writable)
        return fail(error, SCTX_ERR_VERSION, "the ring has the newer layout %u.%u: this program may tap it, not join", h->major, h->minor);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct layout_extent *e = &h->section[i];
        bool fixed = i < SECTION_TOPICS && i != SECTION_CELLS; /* these are walked by the constants of layout.h */
        if (e->stride != sections[i].stride || e->count == 0 || e->count > sections[i].most || (fixed && e->count != sections[i].count) ||
            e->off < LAYOUT_PAGE || e->off % (i == SECTION_HOT ? _Alignof(struct ring_hot) : 64) || e->off > h->file_bytes ||
            e->count * e->stride > h->file_bytes - e->off)
            return fail(error, SCTX_ERR_DAMAGED, "the ring's header is damaged: section '%s' is out of place", sections[i].name);
    }
    uint64_t n = h->section[SECTION_CELLS].count;
    bool clock_fits = h->clock == CLOCK_KIND_TICKS ? h->clock_hz >= LAYOUT_HZ_MIN && h->clock_hz <= LAYOUT_HZ_MAX
                                                   : h->clock == CLOCK_KIND_MONOTONIC && h->clock_hz == UINT64_C(1000000000);
    if ((n & (n - 1)) || n < LAYOUT_CELLS_MIN || !clock_fits || h->gate_timeout_ns > LAYOUT_GATE_TIMEOUT_MAX_NS ||
        (h->arena_bytes & (h->arena_bytes - 1)) || h->arena_bytes < LAYOUT_ARENA_MIN || h->arena_bytes > LAYOUT_ARENA_MAX)
        return fail(error, SCTX_ERR_DAMAGED, "the ring's header is damaged: sizes make no sense");
    if (h->file_bytes > size)
        return fail(error, SCTX_ERR_DAMAGED, "the ring's file is %llu bytes long, its header says %llu: it was cut",
                    (unsigned long long)size, (unsigned long long)h->file_bytes);
    return SCTX_OK;
}

static void *section_at(const struct sctx *ctx, enum layout_section i) {
    return ctx->ring.base + ctx->header.section[i].off;
}

int ring_open(struct sctx *ctx, int fd, bool writable, struct sctx_error *error) {
    struct stat st;
    if (fstat(fd, &st) != 0) return fail(error, SCTX_ERR_SYSTEM, "%s/ring: %s", ctx->path, strerror(errno));
    uint64_t size = (uint64_t)st.st_size;
    if (size < LAYOUT_PAGE || size > LAYOUT_RING_MAX)
        return fail(error, SCTX_ERR_DAMAGED, "%s/ring is no ring: %llu bytes; `sctx rm` removes it", ctx->path, (unsigned long long)size);
    int rc = mapping_open(&ctx->ring, fd, size, writable, &ctx->lost);
    if (rc) return fail(error, status_of_errno(-rc), "cannot map %s/ring: %s", ctx->path, strerror(-rc));

    struct ring_header *shared = (struct ring_header *)(void *)ctx->ring.base;
    if (load_acquire(&shared->magic) != LAYOUT_MAGIC)
        return fail(error, SCTX_ERR_DAMAGED, "%s/ring is no ring of sctx; `sctx rm` removes it", ctx->path);
    unsigned char page[LAYOUT_PAGE]; /* copied once: a newer minor may have a longer header */
    memcpy(page, ctx->ring.base, sizeof page);
    memcpy(&ctx->header, page, sizeof ctx->header);
    const struct ring_header *h = &ctx->header;
    if (h->bytes < header_bytes || h->bytes > LAYOUT_PAGE - offsetof(struct ring_header, bytes) ||
        h->check != hash_bytes(page + offsetof(struct ring_header, bytes), h->bytes, h->id)) {
        if (h->endian == LAYOUT_ENDIAN && h->major != LAYOUT_MAJOR) return header_validate(h, size, writable, error);
        return fail(error, SCTX_ERR_DAMAGED, "%s/ring: the header's check does not fit: damaged, or made by a version too different",
                    ctx->path);
    }
    rc = header_validate(h, size, writable, error);
    if (rc) return rc;
    if (h->clock == CLOCK_KIND_TICKS && clock_kind_here() != CLOCK_KIND_TICKS)
        return fail(error, SCTX_ERR_VERSION, "the ring's time is the processor's counter, which is not constant on this machine");

    ctx->hot = section_at(ctx, SECTION_HOT);
    ctx->cells = section_at(ctx, SECTION_CELLS);
    ctx->cell_mask = h->section[SECTION_CELLS].count - 1;
    ctx->participants = section_at(ctx, SECTION_PARTICIPANTS);
    ctx->readers = section_at(ctx, SECTION_READERS);
    ctx->arenas = section_at(ctx, SECTION_ARENAS);
    ctx->topics = section_at(ctx, SECTION_TOPICS);
    ctx->markers = section_at(ctx, SECTION_MARKERS);
    ctx->heap = section_at(ctx, SECTION_HEAP);
    ctx->clock = (struct clock_view){section_at(ctx, SECTION_CLOCK), ctx->hot, h->clock, h->clock_hz};
    return SCTX_OK;
}

uint64_t ring_scan_tail(const struct sctx *ctx) {
    uint64_t n = ctx->cell_mask + 1, first = ctx->header.first_seq, newest = first - 1;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t s = load_acquire(&ctx->cells[i].seq);
        if (((s ^ i) & ctx->cell_mask) == 0 && !seq_before(s, first) && seq_before(newest, s)) newest = s;
    }
    return newest + 1;
}

uint64_t ring_tail(const struct sctx *ctx) {
    uint64_t n = ctx->cell_mask + 1, t = load_acquire(&ctx->hot->tail);
    if (!ring_published(ctx->cells, ctx->cell_mask, t - 1)) return ring_scan_tail(ctx);
    for (uint64_t steps = 0; steps < 2 * n; steps++) {
        uint64_t s = cell_seq(ctx, t);
        if (s == t - n) return t;
        if (seq_before(s, t)) break; /* the hint ran ahead */
        t = s + 1;
    }
    return ring_scan_tail(ctx);
}
