#define _GNU_SOURCE
#include "intern.h"
#include "arena.h"
#include "participant.h"
#include "testpoint.h"
#include <stdlib.h>
#include <string.h>

/* A block of the heap: this, then the parts one after the other. Whole words. */
struct block {
    _Atomic uint64_t
        claim; /* {size in bytes, all in all: high half; claimant's join, 0 once published: low half}; 0: the chain ends here */
    _Atomic uint64_t check; /* over all that follows */
    _Atomic uint64_t bytes01, bytes23;
};
#define BLOCK_ALIGN 32u
#define ORPHANS_ASKED 64u
_Static_assert(sizeof(struct block) == BLOCK_ALIGN, "layout");

static uint64_t claim_bytes(uint64_t claim) {
    return claim >> 32;
}

static struct block *block_at(const struct sctx *ctx, uint64_t off) {
    return (struct block *)(void *)(ctx->heap + off);
}

static int allocate(struct sctx *ctx, uint64_t off, uint64_t bytes, const char *what, struct sctx_error *error) {
    int fd = context_ring(ctx);
    return fd < 0 ? fail(error, fd, "%s/ring cannot be opened any more", ctx->path) : place_allocate(fd, off, bytes, what, error);
}

static int heap_allocate(struct sctx *ctx, uint64_t off, uint64_t bytes, struct sctx_error *error) {
    uint64_t heap = ctx->header.section[SECTION_HEAP].count;
    if (off + bytes > heap) bytes = heap - off;
    return allocate(ctx, ctx->header.section[SECTION_HEAP].off + off, bytes, "topics and schemas", error);
}

/* Does the heap up to `end` keep within --max-memory? */
static int heap_budget(struct sctx *ctx, uint64_t end, struct sctx_error *error) {
    uint64_t sum = ctx->header.section[SECTION_TOPICS].off + arena_memory(ctx, NULL) + end;
    if (sum <= ctx->header.max_memory) return SCTX_OK;
    return fail(error, SCTX_ERR_NO_SPACE, "topics and schemas of %llu KiB would take the context to %llu KiB, its --max-memory is %llu KiB",
                (unsigned long long)(end >> 10), (unsigned long long)(sum >> 10), (unsigned long long)(ctx->header.max_memory >> 10));
}

static bool block_published(struct sctx *ctx, uint64_t off) {
    const struct ring_header *h = &ctx->header;
    for (uint32_t i = 0; i < h->section[SECTION_TOPICS].count; i++) {
        uint64_t e = load_acquire(&ctx->topics[i]);
        if (e == 0) break;
        if ((e & UINT32_MAX) == off / BLOCK_ALIGN + 1) return true;
    }
    for (uint32_t i = 0; i < h->section[SECTION_MARKERS].count; i++) {
        uint64_t e = load_acquire(&ctx->markers[i].block);
        if (e == 0) break;
        if ((e & UINT32_MAX) == off / BLOCK_ALIGN + 1) return true;
    }
    return false;
}

/* A block of at least `bytes`: a dead claimant's, or a new one at the chain's end. */
static int block_claim(struct sctx *ctx, uint64_t bytes, uint64_t *off, struct sctx_error *error) {
    uint64_t heap = ctx->header.section[SECTION_HEAP].count, mine = bytes << 32 | ctx->join;
    int rc = heap_allocate(ctx, 0, sizeof(struct block), error); /* who claims a block allocates the place of the next one too */
    if (rc) return rc;
    uint32_t asked = 0; /* who died here left a handful; more are somebody's doing, and each question takes long */
    for (uint64_t at = ctx->heap_hint; at + bytes <= heap;) {
        struct block *b = block_at(ctx, at);
        uint64_t seen = load_acquire(&b->claim);
        if (seen == 0) {
            rc = heap_budget(ctx, at + bytes, error);
            if (rc == SCTX_OK) rc = heap_allocate(ctx, at, bytes + sizeof *b, error);
            if (rc) return rc;
            TESTPOINT("intern:before-claim");
            if (atomic_compare_exchange_strong(&b->claim, &seen, mine)) return *off = ctx->heap_hint = at, SCTX_OK;
        }
        uint64_t size = claim_bytes(seen);
        if (size < sizeof *b || size % BLOCK_ALIGN || size > heap - at)
            return fail(error, SCTX_ERR_DAMAGED, "the chain of topics and schemas is damaged");
        uint32_t join = (uint32_t)seen;
        bool suits = join && size >= bytes && size <= bytes * 2 + 128;
        if (suits && asked++ < ORPHANS_ASKED && !participant_join_alive(ctx, join) && !block_published(ctx, at)) {
            uint64_t taken = size << 32 | ctx->join;
            if (atomic_compare_exchange_strong(&b->claim, &seen, taken)) return *off = at, SCTX_OK;
        }
        at += size;
    }
    return fail(error, SCTX_ERR_FULL, "the %llu MiB for topics and schemas are full", (unsigned long long)(heap >> 20));
}

static uint64_t parts_bytes(const struct intern_parts *p) {
    uint64_t sum = sizeof(struct block);
    for (int i = 0; i < INTERN_PARTS; i++) sum += p->bytes[i];
    return (sum + BLOCK_ALIGN - 1) & ~(uint64_t)(BLOCK_ALIGN - 1);
}

static uint64_t parts_check(const struct intern_parts *p) {
    uint64_t h = 0x736374785f696e74;
    for (int i = 0; i < INTERN_PARTS; i++) h = mix64(hash_bytes(p->data[i], p->bytes[i], h), p->bytes[i]);
    return h;
}

static void block_fill(struct block *b, const struct intern_parts *p) {
    unsigned char *to = (unsigned char *)(b + 1);
    store_relaxed(&b->bytes01, (uint64_t)p->bytes[1] << 32 | p->bytes[0]);
    store_relaxed(&b->bytes23, (uint64_t)p->bytes[3] << 32 | p->bytes[2]);
    for (int i = 0; i < INTERN_PARTS; i++) {
        if (p->bytes[i]) memcpy(to, p->data[i], p->bytes[i]);
        to += p->bytes[i];
    }
    TESTPOINT("intern:before-check");
    store_release(&b->check, parts_check(p));
}

int intern_put(struct sctx *ctx, const struct intern_table *table, uint32_t id, const struct intern_parts *parts, uint64_t *claim,
               struct sctx_error *error) {
    if (id >= table->slots) return fail(error, SCTX_ERR_FULL, "all %u places are taken", table->slots);
    _Atomic uint64_t *entry = table->entries + (size_t)id * table->stride;
    uint64_t entry_off = (uint64_t)((uintptr_t)entry - (uintptr_t)ctx->ring.base);
    /* This entry and the one after it, at which everybody else stops looking. */
    int rc = allocate(ctx, entry_off, (uint64_t)table->stride * 16, "the tables of topics and markers", error);
    if (rc) return rc;
    if (*claim == 0) {
        uint64_t off = 0;
        rc = block_claim(ctx, parts_bytes(parts), &off, error);
        if (rc) return rc;
        TESTPOINT("intern:claimed");
        *claim = off / BLOCK_ALIGN + 1;
        block_fill(block_at(ctx, off), parts);
    }
    TESTPOINT("intern:before-entry");
    uint64_t none = 0;
    if (!atomic_compare_exchange_strong(entry, &none, parts_bytes(parts) << 32 | *claim)) return SCTX_ERR_EXISTS;
    TESTPOINT("intern:published");
    struct block *b = block_at(ctx, (*claim - 1) * BLOCK_ALIGN);
    store_release(&b->claim, load_relaxed(&b->claim) >> 32 << 32); /* nobody's any more: saves others the search */
    *claim = 0;
    return SCTX_OK;
}

void intern_abandon(struct sctx *ctx, uint64_t claim) {
    if (!claim) return;
    struct block *b = block_at(ctx, (claim - 1) * BLOCK_ALIGN);
    uint64_t seen = load_relaxed(&b->claim);
    store_release(&b->claim, (seen >> 32 << 32) | UINT32_MAX); /* a join number that never lives: free to take over */
}

int intern_get(struct sctx *ctx, const struct intern_table *table, uint32_t id, struct intern_parts *parts, void **buffer) {
    if (id >= table->slots) return SCTX_ERR_NOT_FOUND;
    uint64_t e = load_acquire(table->entries + (size_t)id * table->stride), size = e >> 32, heap = ctx->header.section[SECTION_HEAP].count;
    if (e == 0) return SCTX_ERR_NOT_FOUND;
    uint64_t off = ((e & UINT32_MAX) - 1) * BLOCK_ALIGN;
    if ((e & UINT32_MAX) == 0 || off >= heap || size > heap - off || size < sizeof(struct block) || size > table->block_most)
        return SCTX_ERR_DAMAGED;
    if (table->taken && *table->taken + size > heap) return SCTX_ERR_DAMAGED;
    const struct block *b = block_at(ctx, off);
    uint64_t b01 = load_relaxed(&b->bytes01), b23 = load_relaxed(&b->bytes23);
    struct intern_parts p = {.bytes = {(uint32_t)b01, (uint32_t)(b01 >> 32), (uint32_t)b23, (uint32_t)(b23 >> 32)}};
    uint64_t sum = sizeof *b;
    for (int i = 0; i < INTERN_PARTS; i++) sum += p.bytes[i];
    if (sum > size) return SCTX_ERR_DAMAGED;
    unsigned char *copy = malloc((size_t)sum + INTERN_PARTS);
    if (!copy) return SCTX_ERR_NO_MEMORY;
    const unsigned char *from = (const unsigned char *)(b + 1);
    unsigned char *to = copy;
    for (int i = 0; i < INTERN_PARTS; i++) {
        p.data[i] = memcpy(to, from, p.bytes[i]);
        to[p.bytes[i]] = '\0';
        to += p.bytes[i] + 1;
        from += p.bytes[i];
    }
    if (parts_check(&p) != load_relaxed(&b->check)) {
        free(copy);
        return SCTX_ERR_DAMAGED;
    }
    if (table->taken) *table->taken += size;
    *parts = p;
    *buffer = copy;
    return SCTX_OK;
}

uint64_t intern_memory(struct sctx *ctx) {
    struct layout_extent *s = ctx->header.section;
    uint64_t n = 0, m = 0, heap = 0;
    while (n < s[SECTION_TOPICS].count && load_acquire(&ctx->topics[n])) {
        uint64_t e = load_relaxed(&ctx->topics[n++]), end = (e & UINT32_MAX) * BLOCK_ALIGN + (e >> 32);
        if (end > heap && end <= s[SECTION_HEAP].count) heap = end;
    }
    while (m < s[SECTION_MARKERS].count && load_acquire(&ctx->markers[m].block)) {
        uint64_t e = load_relaxed(&ctx->markers[m++].block), end = (e & UINT32_MAX) * BLOCK_ALIGN + (e >> 32);
        if (end > heap && end <= s[SECTION_HEAP].count) heap = end;
    }
    return n * s[SECTION_TOPICS].stride + m * s[SECTION_MARKERS].stride + heap;
}
