/* Arenas: the memory that one writer owns; everybody else maps it read-only. tests/model/adopt.pml.
 *
 * Claim (owner's side)
 *   A1  try the lock of slot k: taken by another: next k. The lock alone is ownership.
 *   A2  under it: gen != 0, no living process of that pid and start time (it may have closed its descriptors), file complete, own, large enough: adopt.
 *       Start at `intent`, rounded up: no published record lies at or beyond it. Nothing is stored.
 *   A3  else replace: g = gen + 1; unlink a left-over arena.K.g; create O_EXCL, allocate, header, magic last; gen = g (release).
 *       Where that name is taken by what is not ours to unlink, the generation after it. The file of
 *       the old generation stays until no cell refers to it; then its owner, or the next one, unlinks it.
 *   What a crash leaves: a locked byte that the kernel frees; at A3 a file that nobody refers to, unlinked by the next claim.
 *
 * One file name never has two contents: generations only grow. */
#ifndef SCTX_ARENA_H
#define SCTX_ARENA_H
#include "context.h"

/* The owner's side. */
struct arena {
    unsigned char *data;
    uint64_t bytes, mask;
    uint64_t largest; /* a record of more takes a larger arena */
    uint64_t pos;    /* where the next record begins */
    uint64_t intent; /* as in the header */
    uint32_t slot, gen;
    struct arena_entry *entry;
    _Atomic uint32_t lost;
    uint64_t step;
    struct arena_header *header;
    struct mapping map;
    struct lock lock;
};

/* Takes a slot and an arena of at least `bytes`. [any thread] */
int arena_claim(struct sctx *ctx, struct arena *arena, uint64_t bytes, struct sctx_error *error);

/* Moves to a larger arena in the same slot; `last_seq` is the last message in the old one. `drop`: arenas of the dead may go for it, if that helps. On
 * failure all stays as it was. */
int arena_grow(struct sctx *ctx, struct arena *arena, uint64_t bytes, uint64_t last_seq, bool drop, struct sctx_error *error);

/* Unlinks older generations that no cell refers to any more. */
void arena_sweep(struct sctx *ctx, struct arena *arena);

void arena_release(struct arena *arena);

/* The largest record of an arena of so many bytes: a payload of a quarter; of the largest arena a half. */
static inline uint64_t arena_largest(uint64_t bytes) {
    return bytes < LAYOUT_ARENA_MAX ? bytes / 4 + LAYOUT_RECORD_BYTES : bytes / 2;
}

/* The reader's side: mapped when first met, checked, kept. */
struct arena_view {
    struct mapping map;
    const struct arena_header *header;
    const unsigned char *data;
    uint64_t bytes;
    uint32_t gen; /* full; 0: never looked */
    bool missing; /* that generation's file is not to be had: its messages are gone */
};

/* Makes `view` the one that a ref (slot, low bits of the generation) speaks of. NOT_FOUND: not to be had, and it never will be. NO_MEMORY, SYSTEM (no
 * descriptor is left): try again later. */
int arena_view_open(struct sctx *ctx, struct arena_view *view, uint32_t slot, uint32_t ref_gen, _Atomic uint32_t *lost);
void arena_view_close(struct arena_view *view);

/* Bytes that all arenas take, and how many slots are in use. */
uint64_t arena_memory(const struct sctx *ctx, uint32_t *used);
#endif
