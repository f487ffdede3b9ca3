#define _GNU_SOURCE
#include "reader.h"
#include "cause.h"
#include "gate.h"
#include "options.h"
#include "participant.h"
#include "testpoint.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 4096u
#define AHEAD_LEAST(hz) ((hz) >> 21) /* half a microsecond, in ticks */
#define AHEAD_MOST(hz) ((hz) >> 17)  /* 8 microseconds: some hundreds of messages */
#define AHEAD_BURST 4u               /* letting the writer get ahead paid if at least so many came */
#define HOLD_MOST 4096u
#define LAP_ROOM 4u

/* ---- opening -------------------------------------------------------------------------------------------------------------- */

/* A place in the table: a free one, else a dead reader's. */
static int take_slot(struct sctx_reader *r) {
    struct sctx *ctx = r->ctx;
    int folder = context_folder(ctx);
    if (folder < 0) return folder;
    int rc = lock_open(&r->lock, folder, ctx->owner, true);
    if (rc) return status_of_errno(-rc);
    for (int reuse = 0; reuse < 2; reuse++) {
        for (uint32_t i = 0; i < LAYOUT_READER_SLOTS; i++) {
            struct reader_entry *e = &ctx->readers[i];
            if ((load_relaxed(&e->join) != 0) != reuse) continue;
            rc = lock_try(&r->lock, LOCK_READER + i);
            if (rc == -EAGAIN) continue;
            if (rc) return status_of_errno(-rc);
            TESTPOINT("reader:locked");
            store_relaxed(&e->join, 0);
            store_relaxed(&e->gate, 0);
            store_relaxed(&e->flags, 0);
            store_relaxed(&e->delivered, 0);
            store_relaxed(&e->filtered, 0);
            store_relaxed(&e->lost, 0);
            store_relaxed(&e->gone, 0);
            r->slot = i;
            return SCTX_OK;
        }
    }
    return SCTX_ERR_FULL;
}

static struct sctx_reader *reader_new(struct sctx *ctx) {
    struct sctx_reader *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->ctx = ctx;
    r->slot = UINT32_MAX;
    r->lock.file.fd = -1;
    r->last_ns = INT64_MIN;
    r->looked_ns = clock_monotonic_ns();
    r->spin = 64;
    r->hold_next = 16;
    r->ahead = AHEAD_LEAST(ctx->header.clock_hz);
    r->lap_room = LAP_ROOM / 2;
    uint64_t n = ctx->cell_mask + 1;
    r->note_mask = (n / 8 < 64 ? n / 8 : 64) - 1;
    r->views = calloc(LAYOUT_ARENA_SLOTS, sizeof *r->views);
    r->buffer = malloc(BUFFER_FIRST);
    r->buffer_bytes = BUFFER_FIRST;
    if (r->views && r->buffer) return r;
    free(r->views);
    free(r->buffer);
    free(r);
    return NULL;
}

static void reader_free(struct sctx_reader *r) {
    for (uint32_t i = 0; i < LAYOUT_ARENA_SLOTS; i++) arena_view_close(&r->views[i]);
    filter_free(&r->filter);
    free(r->views);
    free(r->buffer);
    free(r);
}

int reader_new_probe(const struct sctx_reader *like, struct sctx_reader **probe) {
    struct sctx_reader *r = reader_new(like->ctx);
    if (!r) return SCTX_ERR_NO_MEMORY;
    uint32_t count = 0;
    if (like->gated != 1) /* else it has to move its gate whatever the topic */
        while (like->filter.patterns && like->filter.patterns[count]) count++;
    int rc = filter_init(&r->filter, (const char *const *)like->filter.patterns, count);
    if (rc) {
        reader_free(r);
        return rc;
    }
    *probe = r;
    return SCTX_OK;
}

/* ---- finding the next message --------------------------------------------------------------------------------------------- */

struct found {
    struct arena_view *view;
    const struct record *record;
    uint64_t pos, total; /* position as in the ref; bytes of the record */
    uint64_t what;
    uint32_t len;
};

/* R3: is the record at `pos` still whole? Only the low bits of a position travel in a ref. */
static inline bool record_whole(const struct arena_view *v, uint64_t pos, uint64_t total) {
    fence_acquire(); /* pairs with the writer's release fence after intent */
    uint64_t ahead = (load_relaxed(&v->header->intent) - pos) & (REF_POS_MASK * LAYOUT_UNIT | (LAYOUT_UNIT - 1));
    return ahead >= total && ahead <= v->bytes;
}

/* The cell holds a newer message: ours is lost, and so is what was overwritten since. Some room is left, or we would be lapped again at once: little
 * the first time, twice as much whenever that was not enough. */
static __attribute__((noinline)) void lapped(struct sctx_reader *r, uint64_t s) {
    uint64_t n = r->ctx->cell_mask + 1, to = r->cursor + 1;
    if (((s - r->cursor) & r->ctx->cell_mask) == 0) { /* else nonsense: skip this one only */
        uint64_t tail = load_relaxed(&r->ctx->hot->tail);
        uint64_t newest = tail - s < n ? tail : s + 1;
        bool again = r->delivered + r->filtered - r->lap_done < n / 2;
        r->lap_room = !again ? LAP_ROOM : r->lap_room * 2 < n / 16 ? r->lap_room * 2 : n / 16;
        r->lap_done = r->delivered + r->filtered;
        to = newest - n + r->lap_room;
        if (seq_before(to, r->cursor + 1)) to = r->cursor + 1;
    }
    r->lost += to - r->cursor;
    r->cursor = to;
}

/* R1 and the header. OK: found (not yet consumed). AGAIN: nothing there. SCTX_ERR_DAMAGED here means: gone, skipped. NO_MEMORY, SYSTEM: there is something,
 * which cannot be looked at now; it is not skipped. */
static inline int look(struct sctx_reader *r, struct found *f) {
    struct sctx *ctx = r->ctx;
    struct cell *cell = &ctx->cells[r->cursor & ctx->cell_mask];
    uint64_t s = load_acquire(&cell->seq);
    if (unlikely(s != r->cursor)) {
        if (seq_before(s, r->cursor)) return SCTX_AGAIN;
        lapped(r, s);
        return SCTX_ERR_DAMAGED;
    }
    TESTPOINT("read:seq");
    uint64_t ref = load_acquire(&cell->ref);
    TESTPOINT("read:ref");
    uint64_t again = load_relaxed(&cell->seq);
    if (unlikely(again != s)) {
        lapped(r, again);
        return SCTX_ERR_DAMAGED;
    }
    uint32_t slot = ref_slot(ref), gen = ref_gen(ref);
    if (unlikely(slot >= LAYOUT_ARENA_SLOTS)) goto gone;
    struct arena_view *v = &r->views[slot];
    if (unlikely(!v->gen || (v->gen & REF_GEN_MASK) != gen || v->missing)) {
        int rc = arena_view_open(ctx, v, slot, gen, &r->views_lost);
        if (rc == SCTX_ERR_NOT_FOUND) goto gone;
        if (rc) return rc;
    }
    f->view = v;
    f->pos = ref_pos(ref);
    uint64_t off = f->pos & (v->bytes - 1);
    f->record = (const struct record *)(const void *)(v->data + off);
    f->what = load_relaxed(&f->record->what);
    f->len = (uint32_t)(f->what >> 32);
    f->total = record_total(f->len);
    if (unlikely(f->total > v->bytes - off || load_relaxed(&f->record->self) != record_self(v->gen, f->pos))) goto gone;
    return SCTX_OK;
gone:
    r->gone++;
    r->cursor++;
    return SCTX_ERR_DAMAGED;
}

/* To the next message that is wanted; its header is trustworthy only after record_whole(). AGAIN, NO_MEMORY, SYSTEM as above. Bounded. */
static inline int locate(struct sctx_reader *r, struct found *f) {
    for (uint64_t steps = 2 * (r->ctx->cell_mask + 1); steps; steps--) {
        int rc = look(r, f);
        if (rc == SCTX_ERR_DAMAGED) continue;
        if (rc != SCTX_OK) return rc;
        if (!r->filter.verdicts) return SCTX_OK;
        if (!record_whole(f->view, f->pos, f->total)) {
            r->gone++;
            r->cursor++;
            continue;
        }
        enum verdict v = filter_verdict(r->ctx, &r->filter, (uint16_t)f->what);
        if (v != VERDICT_NO) return v == VERDICT_YES ? SCTX_OK : SCTX_ERR_NO_MEMORY;
        r->filtered++;
        r->cursor++;
    }
    return SCTX_AGAIN;
}

bool reader_anything(struct sctx_reader *r) {
    struct found f;
    return locate(r, &f) != SCTX_AGAIN;
}

/* ---- what others see ------------------------------------------------------------------------------------------------------ */

/* Moves the gate up to the cursor; finds out that it was let go. */
static void move_gate(struct sctx_reader *r) {
    uint64_t word = gate_word(r->cursor);
    if (seq_before(word, r->gate) || word == r->gate) return;
    TESTPOINT("gate:before-move");
    uint64_t seen = r->gate;
    if (atomic_compare_exchange_strong_explicit(&r->ctx->readers[r->slot].gate, &seen, word, memory_order_release, memory_order_relaxed)) {
        r->gate = word;
        return;
    }
    r->gated = 2;
    atomic_fetch_or(&r->ctx->readers[r->slot].flags, READER_LET_GO);
    participant_role(r->ctx, SCTX_ROLE_GATED, -1);
}

__attribute__((noinline)) void reader_note(struct sctx_reader *r) {
    if (r->slot == UINT32_MAX || r->noted == r->cursor) return;
    struct reader_entry *e = &r->ctx->readers[r->slot];
    store_relaxed(&e->cursor, r->cursor);
    store_relaxed(&e->delivered, r->delivered);
    store_relaxed(&e->filtered, r->filtered);
    store_relaxed(&e->lost, r->lost);
    store_relaxed(&e->gone, r->gone);
    r->noted = r->cursor;
    if (r->gated != 1) return;
    if (load_relaxed(&e->flags) & READER_AWAITED) atomic_fetch_and(&e->flags, ~(uint32_t)READER_AWAITED);
    move_gate(r);
}

/* Others are told now and then, but at once where a writer waits for our gate. */
static inline bool note_due(const struct sctx_reader *r) {
    if (unlikely((r->cursor & r->note_mask) == 0)) return true;
    return unlikely(r->gated == 1) && load_relaxed(&r->ctx->readers[r->slot].flags) & READER_AWAITED;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static inline int reader_usable(const struct sctx_reader *r) {
    return context_usable(r->ctx);
}

/* Caught up with the writer. To poll its cell again at once would take the line away from it for each single message; in a stream it pays to let
 * it get ahead by some. Whether this is one shows in how many come then: where it paid, by more the next time, up to an eighth of the ring; where it
 * did not, it is tried more and more seldom. True: that was done, look again. */
static bool caught_up(struct sctx_reader *r) {
    cpu_pause();
    if (r->burst == 0) return false;
    if (r->let_ahead) {
        bool paid = r->burst >= AHEAD_BURST;
        r->hold_next = paid ? 16 : r->hold_next < HOLD_MOST ? r->hold_next * 2 : HOLD_MOST;
        r->hold = paid ? 0 : r->hold_next;
        r->ahead = !paid || r->burst > (r->ctx->cell_mask + 1) / 8 ? r->ahead / 2 : r->ahead * 2;
        if (r->ahead > AHEAD_MOST(r->ctx->header.clock_hz)) r->ahead = AHEAD_MOST(r->ctx->header.clock_hz);
        if (r->ahead < AHEAD_LEAST(r->ctx->header.clock_hz)) r->ahead = AHEAD_LEAST(r->ctx->header.clock_hz);
    }
    r->burst = 0;
    r->let_ahead = r->hold == 0;
    if (!r->let_ahead) return r->hold--, false;
    for (uint64_t begin = cpu_ticks(); cpu_ticks() - begin < r->ahead;) cpu_pause();
    return true;
}

/* Nothing there: tell others how far we are, forget the cause, and see whether there ever will be. */
static __attribute__((noinline)) int found_nothing(struct sctx_reader *r) {
    reader_note(r);
    if (r->causes) cause_forget(r->ctx);
    if (unlikely(load_relaxed(&r->ctx->lost))) return SCTX_ERR_LOST;
    if (unlikely(context_removed(r->ctx))) return SCTX_ERR_REMOVED;
    if (r->fd) reader_fd_arm(r);
    return SCTX_AGAIN;
}

static inline void fill_message(struct sctx_reader *r, const struct found *f, const void *data, struct sctx_message *m) {
    uint64_t who = load_relaxed(&f->record->who);
    int64_t ns = clock_convert(&r->map, &r->ctx->clock, load_relaxed(&f->record->time));
    if (unlikely(ns < r->last_ns) && (uint64_t)r->last_ns - (uint64_t)ns < 1000000)
        ns = r->last_ns; /* two pieces of the conversion meet here */
    m->time_ns = ns;
    m->seq = r->cursor;
    m->cause = r->cursor - (who >> 32);
    m->flags = (who >> 32) ? (uint16_t)(f->what >> 16) & (SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT) : 0;
    m->data = data;
    m->len = f->len;
    m->from = (uint32_t)who;
    m->topic = (uint16_t)f->what;
    m->reserved = 0;
}

static inline void delivered(struct sctx_reader *r, struct sctx_message *m) {
    m->lost = r->lost - r->lost_told;
    m->gone = r->gone - r->gone_told;
    r->lost_told = r->lost;
    r->gone_told = r->gone;
    r->last_ns = m->time_ns;
    r->burst++;
    r->delivered++;
    if (r->causes) cause_note(r->ctx, r->cursor, SCTX_MSG_CAUSE);
    r->cursor++;
}

static __attribute__((noinline)) int grow_buffer(struct sctx_reader *r, size_t len) {
    size_t bytes = r->buffer_bytes;
    while (bytes < len) bytes *= 2;
    uint64_t *bigger = malloc(bytes);
    if (!bigger) return SCTX_ERR_NO_MEMORY;
    free(r->buffer);
    r->buffer = bigger;
    r->buffer_bytes = bytes;
    return SCTX_OK;
}

int sctx_read(sctx_reader *r, struct sctx_message *message) {
    if (unlikely(!r || !message)) return SCTX_ERR_INVALID;
    int rc = reader_usable(r);
    if (unlikely(rc)) return rc;
    for (uint64_t steps = 2 * (r->ctx->cell_mask + 1); steps; steps--) {
        struct found f;
        struct sctx_message m;
        if (unlikely((rc = locate(r, &f)) != SCTX_OK)) {
            reader_note(r);
            if (rc != SCTX_AGAIN) return rc;
            if (caught_up(r)) continue;
            break;
        }
        if (unlikely(f.len > r->buffer_bytes)) {
            if (!record_whole(f.view, f.pos, f.total)) goto gone; /* do not allocate on the word of nobody */
            rc = grow_buffer(r, f.len);
            if (rc) return rc;
        }
        TESTPOINT("read:before-copy");
        copy_from_shared(r->buffer, (const _Atomic uint64_t *)(const void *)(f.record + 1), f.len); /* R2 */
        fill_message(r, &f, r->buffer, &m);
        TESTPOINT("read:copied");
        if (likely(record_whole(f.view, f.pos, f.total))) { /* R3 */
            delivered(r, &m);
            if (unlikely(note_due(r))) reader_note(r);
            *message = m;
            return SCTX_OK;
        }
    gone:
        r->gone++;
        r->cursor++;
    }
    return found_nothing(r);
}

int sctx_peek(sctx_reader *r, struct sctx_message *message) {
    if (!r || !message) return SCTX_ERR_INVALID;
    int rc = reader_usable(r);
    if (rc) return rc;
    for (uint64_t steps = 2 * (r->ctx->cell_mask + 1); steps; steps--) {
        struct found f;
        struct sctx_message m;
        if (unlikely((rc = locate(r, &f)) != SCTX_OK)) {
            reader_note(r);
            if (rc != SCTX_AGAIN) return rc;
            if (caught_up(r)) continue;
            break;
        }
        fill_message(r, &f, f.record + 1, &m);
        if (record_whole(f.view, f.pos, f.total)) {
            r->peeked = f.view;
            r->peeked_pos = f.pos;
            r->peeked_total = f.total;
            r->peeked_seq = m.seq;
            r->peeked_gen = f.view->gen;
            if (note_due(r)) reader_note(r); /* the gate stays before what is being looked at, until the next call */
            delivered(r, &m);
            *message = m;
            return SCTX_OK;
        }
        r->gone++;
        r->cursor++;
    }
    return found_nothing(r);
}

bool sctx_still_valid(sctx_reader *r, const struct sctx_message *m) {
    if (!r || !m || !r->peeked || m->seq != r->peeked_seq || reader_usable(r) != SCTX_OK) return false;
    if (r->peeked->gen == r->peeked_gen && !r->peeked->missing && record_whole(r->peeked, r->peeked_pos, r->peeked_total)) return true;
    r->peeked = NULL;
    r->delivered--;
    r->gone++;
    return false;
}

/* ---- opening and closing, public ------------------------------------------------------------------------------------------ */

/* Leaves out what is at the start but cannot be read any more. */
static void skip_gone(struct sctx_reader *r) {
    struct found f;
    for (uint64_t steps = r->ctx->cell_mask + 1; steps; steps--) {
        uint64_t before = r->cursor;
        int rc = look(r, &f);
        if (rc == SCTX_OK && !record_whole(f.view, f.pos, f.total))
            r->cursor = before + 1;
        else if (rc != SCTX_ERR_DAMAGED)
            break;
    }
    r->lost = r->gone = 0;
}

static void set_start(struct sctx_reader *r, const struct sctx_reader_options *o, uint64_t tail) {
    uint64_t first = r->ctx->header.first_seq;
    r->cursor = tail;
    if (o->from == SCTX_FROM_SEQ) r->cursor = seq_before(o->seq, first) ? first : o->seq;
    if (o->from == SCTX_FROM_START) {
        r->cursor = ring_oldest(r->ctx, tail);
        skip_gone(r);
    }
    r->start = r->cursor;
}

int reader_new_look(struct sctx *ctx, struct sctx_reader **look) {
    struct sctx_reader *r = reader_new(ctx);
    if (!r) return SCTX_ERR_NO_MEMORY;
    set_start(r, &(struct sctx_reader_options){.from = SCTX_FROM_START}, ring_tail(ctx));
    *look = r;
    return SCTX_OK;
}

static uint32_t reader_roles(const struct sctx_reader *r) {
    return r->gated == 1 ? SCTX_ROLE_READER | SCTX_ROLE_GATED : SCTX_ROLE_READER;
}

int sctx_reader_open(sctx *ctx, const struct sctx_reader_options *options, sctx_reader **reader) {
    struct sctx_reader_options o;
    if (!ctx || !reader || !options_take(&o, sizeof o, options) || o.flags & ~(uint32_t)(SCTX_READER_GATED | SCTX_READER_NO_CAUSE) ||
        o.from > SCTX_FROM_SEQ || (o.pattern_count && !o.patterns))
        return SCTX_ERR_INVALID;
    bool gated = o.flags & SCTX_READER_GATED;
    int rc = context_usable(ctx);
    if (rc) return rc;
    if (gated && ctx->tap) return SCTX_ERR_READ_ONLY;
    if (gated && !(ctx->header.flags & SCTX_CREATE_GATING)) return SCTX_ERR_GATING;
    if (!ctx->tap && context_removed(ctx)) return SCTX_ERR_REMOVED;
    struct sctx_reader *r = reader_new(ctx);
    if (!r) return SCTX_ERR_NO_MEMORY;
    r->causes = !ctx->tap && !(o.flags & SCTX_READER_NO_CAUSE);
    rc = filter_init(&r->filter, o.patterns, o.pattern_count);
    if (rc == SCTX_OK && !ctx->tap) rc = take_slot(r);
    if (rc) {
        lock_close(&r->lock);
        reader_free(r);
        return rc;
    }
    uint64_t tail = gated ? gate_join(ctx, r->slot) : ring_tail(ctx);
    if (gated) {
        r->gated = 1;
        r->gate = gate_word(tail);
    }
    set_start(r, &o, tail);
    if (r->slot != UINT32_MAX) {
        struct reader_entry *e = &ctx->readers[r->slot];
        store_relaxed(&e->flags, gated);
        store_relaxed(&e->start_seq, r->start);
        store_relaxed(&e->cursor, r->cursor);
        r->noted = r->cursor;
        store_release(&e->join, ctx->join);
        participant_role(ctx, reader_roles(r), 1);
        if (gated) move_gate(r); /* to a seq that is still to come: what is before that holds nobody */
    }
    *reader = r;
    return SCTX_OK;
}

void sctx_reader_close(sctx_reader *r) {
    if (!r) return;
    struct sctx *ctx = r->ctx;
    if (*ctx->fork_token) {
        reader_fd_close(r);
        if (r->slot != UINT32_MAX && own_fd_valid(&r->lock.file) && own_fd_valid(&ctx->alive.file)) {
            struct participant_entry *p = &ctx->participants[ctx->slot];
            atomic_fetch_add(&p->delivered, r->delivered);
            atomic_fetch_add(&p->lost, r->lost);
            atomic_fetch_add(&p->gone, r->gone);
            store_release(&ctx->readers[r->slot].gate, 0);
            store_release(&ctx->readers[r->slot].join, 0);
        }
        if (r->slot != UINT32_MAX) participant_role(ctx, reader_roles(r), -1);
        lock_close(&r->lock);
    } else {
        memset(r->views, 0, LAYOUT_ARENA_SLOTS * sizeof *r->views); /* not inherited: what is mapped there is the child's own */
    }
    reader_free(r);
}

int sctx_reader_stats(const sctx_reader *r, struct sctx_reader_stats *out) {
    if (!r || !out) return SCTX_ERR_INVALID;
    if (*r->ctx->fork_token == 0) return SCTX_ERR_FORKED;
    struct sctx_reader_stats s = {.size = out->size,
                                  .gated = r->gated,
                                  .start_seq = r->start,
                                  .cursor = r->cursor,
                                  .delivered = r->delivered,
                                  .filtered = r->filtered,
                                  .lost = r->lost,
                                  .gone = r->gone,
                                  .tail = load_relaxed(&r->ctx->hot->tail)};
    memcpy(out, &s, out->size && out->size < sizeof s ? out->size : sizeof s);
    return SCTX_OK;
}

int sctx_reader_seek(sctx_reader *r, uint64_t seq) {
    if (!r || r->gated) return SCTX_ERR_INVALID;
    int rc = reader_usable(r);
    if (rc) return rc;
    if (seq_before(seq, r->ctx->header.first_seq)) seq = r->ctx->header.first_seq;
    r->cursor = r->start = seq;
    r->delivered = r->filtered = r->lost = r->gone = r->lost_told = r->gone_told = r->lap_done = 0;
    r->last_ns = INT64_MIN;
    r->peeked = NULL;
    reader_note(r);
    if (r->fd) reader_fd_poke(r);
    return SCTX_OK;
}
