/* An opened context: the mapped ring with its parts, checked, and what a process remembers about it. */
#ifndef SCTX_CONTEXT_H
#define SCTX_CONTEXT_H
#include "clock.h"
#include "layout.h"
#include "lock.h"
#include "mapping.h"
#include "place.h"
#include <pthread.h>

struct topic_cache;
struct name_cache;

struct sctx {
    struct ring_header header; /* our copy: checked once, used ever after */
    struct mapping ring;
    struct ring_hot *hot;
    struct cell *cells;
    uint64_t cell_mask; /* cells - 1 */
    struct participant_entry *participants;
    struct reader_entry *readers;
    struct arena_entry *arenas;
    _Atomic uint64_t *topics;
    struct marker_entry *markers;
    unsigned char *heap;
    struct clock_view clock;

    _Atomic uint32_t lost;      /* raised by the SIGBUS guard, or by sctx_check() */
    const uint32_t *fork_token; /* 1 here, 0 in forked children */
    bool tap;
    struct own_fd ring_file, folder;
    struct lock alive; /* holds our participant's byte; file.fd < 0: may not look */
    struct place place;
    char path[PATH_MAX];
    uid_t owner; /* of the context */

    uint32_t role_handles[3]; /* open handles by role, under the mutex */
    uint32_t slot, join;      /* as participant; join 0: a tap */
    pthread_mutex_t files;    /* guards ring_file and folder, which may have to be opened anew */
    pthread_mutex_t mutex;    /* guards the caches below; taken before `files` */
    struct topic_cache *topic_cache;
    struct name_cache *name_cache;
    struct marker_name {
        void *buffer;
        const char *name, *unit;
        uint32_t kind;
    } * marker_names; /* by id; NULL: none asked for yet */
    struct clock_map map;
    uint64_t heap_hint; /* where to begin the search for the heap's end: intern.c */
};

static inline bool context_removed(const struct sctx *ctx) {
    return load_relaxed(&ctx->hot->state) == RING_REMOVED;
}

static inline int context_usable(const struct sctx *ctx) {
    if (unlikely(*ctx->fork_token == 0)) return SCTX_ERR_FORKED;
    if (likely(load_relaxed(&ctx->lost) == 0)) return SCTX_OK;
    return context_removed(ctx) ? SCTX_ERR_REMOVED : SCTX_ERR_LOST;
}

/* Descriptors of the context's folder and of its ring that are surely still ours: reopened if the program closed them. Negative: a status. [any thread] */
int context_folder(struct sctx *ctx);
int context_ring(struct sctx *ctx);

/* A cell's seq as seen now. */
static inline uint64_t cell_seq(const struct sctx *ctx, uint64_t seq) {
    return load_seq_cst(&ctx->cells[seq & ctx->cell_mask].seq);
}

/* Time in ns since 1970, outside the hot paths. [any thread] */
int64_t context_time(struct sctx *ctx, uint64_t ticks);
#endif
