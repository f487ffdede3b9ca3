/* The reader: finds the next message, copies it, says what was missed. Steps R1 to R3 of layout.h, sleeping as in wait.h. */
#ifndef SCTX_READER_H
#define SCTX_READER_H
#include "arena.h"
#include "filter.h"
#include <pthread.h>

struct reader_fd;

struct sctx_reader {
    struct sctx *ctx;
    uint64_t cursor, start;
    uint64_t delivered, filtered, lost, gone;
    uint64_t lost_told, gone_told; /* as of the last message delivered */
    uint64_t lap_done;             /* delivered and filtered when it was lapped last */
    uint64_t lap_room;             /* how far before the oldest message it went on then */
    struct arena_view *views;      /* by arena slot */
    struct filter filter;
    struct clock_map map;
    int64_t last_ns;
    uint64_t *buffer;
    size_t buffer_bytes;
    bool causes;              /* what it reads becomes the thread's cause */
    uint32_t burst;           /* delivered since the last look that found nothing */
    uint32_t hold, hold_next; /* looks to go before it lets the writer get ahead again: reader.c, caught_up() */
    bool let_ahead;           /* it did so the last time */
    uint64_t ahead;           /* for so many ticks, the next time */

    uint32_t slot; /* in the table of readers; UINT32_MAX: none (a tap, or a helper) */
    struct lock lock;
    uint64_t noted;     /* cursor as others see it */
    uint64_t note_mask; /* tell others whenever cursor & note_mask == 0 */
    uint32_t gated;     /* 0, 1, 2 as in sctx_reader_stats */
    uint64_t gate;      /* the gate's word as we set it last */

    uint64_t looked_ns;          /* when a wait last looked whether the ring's file is still the one */
    uint32_t spin, waits;        /* polls before sleeping, as it has paid lately */
    _Atomic uint32_t views_lost; /* an arena was truncated: its messages are gone, nothing else */

    const struct arena_view *peeked; /* the message last peeked, its end and size */
    uint64_t peeked_pos, peeked_total, peeked_seq;
    uint32_t peeked_gen;    /* the view may have been given to another generation since */
    _Atomic bool cancelled; /* a probe's wait is to end */
    struct reader_fd *fd;   /* NULL: none */
};

/* A reader from the start without a place in the table, which never becomes a cause: for a look at what there is. [any thread] */
int reader_new_look(struct sctx *ctx, struct sctx_reader **look);

/* A reader without a place in the table, with `like`'s patterns: for the helper thread. */
int reader_new_probe(const struct sctx_reader *like, struct sctx_reader **probe);

/* Ends the wait of a probe, from another thread: from now on it answers INTERRUPTED. Who calls it then wakes the sleepers. */
static inline void reader_cancel(struct sctx_reader *probe) {
    store_release(&probe->cancelled, true);
}

/* Is there something to read? Also what cannot be looked at is: reading says why. Moves on over what is not wanted. */
bool reader_anything(struct sctx_reader *reader);

/* Tells others how far the reader is. */
void reader_note(struct sctx_reader *reader);

/* reader_wait.c: sctx_wait() without touching the thread's cause. */
int reader_wait(struct sctx_reader *reader, int64_t timeout_ns);

/* reader_fd.c: the owner found nothing: watch from its cursor on. */
void reader_fd_arm(struct sctx_reader *reader);
/* The owner's cursor is elsewhere now: let it look. */
void reader_fd_poke(struct sctx_reader *reader);
void reader_fd_close(struct sctx_reader *reader);
#endif
