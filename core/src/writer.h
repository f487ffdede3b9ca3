/* The writer: claims an arena, fills records, publishes them. Steps P1 to P8 of layout.h. */
#ifndef SCTX_WRITER_H
#define SCTX_WRITER_H
#include "arena.h"
#include "cause.h"
#include "gate.h"
#include "wait.h"

#define WRITER_CHUNKS (LAYOUT_ARENA_MAX / LAYOUT_STEP_MAX)

struct sctx_writer {
    struct sctx *ctx;
    /* What each publish needs of ctx, side by side. */
    const uint32_t *fork_token;
    struct ring_hot *hot;
    struct cell *cells;
    uint64_t cell_mask;
    uint64_t clock_hz;
    uint32_t clock_kind, join;

    uint64_t next;           /* own last seq + 1 */
    uint64_t last_ticks;     /* of the own last message */
    uint64_t clock_noted;    /* ticks of the last triple that we know of */
    uint64_t reserved_total; /* bytes of an open reservation, header included; 0: none */
    uint32_t topics_known;   /* ids below this are registered */
    bool published_any;
    bool auto_cause;
    struct arena arena;
    struct gate_keeper gate;
    uint64_t *chunk_seq; /* gated contexts: the last own seq that begins in each step of the arena */
    size_t reserved_len;
    struct sctx_error error;
};
#endif
