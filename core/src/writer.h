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
    struct arena arena;
    uint64_t next;              /* own last seq + 1 */
    bool published_any;
    bool auto_cause;
    uint32_t topics_known;      /* ids below this are registered */
    uint64_t last_ticks;        /* of the own last message */
    uint64_t clock_noted;       /* ticks of the last triple that we know of */
    uint64_t count, payload;    /* as noted in the arena's entry */
    struct gate_keeper gate;
    uint64_t *chunk_seq;        /* gated contexts: the last own seq that begins in each step of the arena */
    uint64_t reserved_total;    /* bytes of an open reservation, header included; 0: none */
    size_t reserved_len;
    struct sctx_error error;
};
#endif
