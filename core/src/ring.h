/* The ring file: made whole under another name, then renamed; checked before it is used. Steps P3 to P7 and R1 of layout.h live in
 * ring.h (inline) since they are the hot path. */
#ifndef SCTX_RING_H
#define SCTX_RING_H
#include "context.h"

/* Fills in a header for the options: sizes, places of the sections, check. */
int ring_header_make(struct ring_header *header, const struct sctx_create_options *options);

/* Writes a new ring into fd: allocated, cells virgin, magic last. */
int ring_file_make(int fd, const struct ring_header *header, struct sctx_error *error);

/* Maps fd and checks everything that is constant in it; sets up ctx's pointers. */
int ring_open(struct sctx *ctx, int fd, bool writable, struct sctx_error *error);

/* The first unpublished seq, found the long way: the hint was of no use. [any thread] */
uint64_t ring_scan_tail(const struct sctx *ctx);

/* The first unpublished seq as far as the hint is right, else by walking and scanning. Bounded. [any thread] */
uint64_t ring_tail(const struct sctx *ctx);

/* Was seq published, as its cell shows? */
static inline bool ring_published(struct cell *cells, uint64_t mask, uint64_t seq) {
    return !((int64_t)(load_acquire(&cells[seq & mask].seq) - seq) < 0);
}

/* The oldest seq that the ring still holds, given the tail. */
static inline uint64_t ring_oldest(const struct sctx *ctx, uint64_t tail) {
    uint64_t n = ctx->cell_mask + 1;
    return tail - ctx->header.first_seq < n ? ctx->header.first_seq : tail - n;
}

/* a is before b, on a 64-bit circle. */
static inline bool seq_before(uint64_t a, uint64_t b) {
    return (int64_t)(a - b) < 0;
}
#endif
