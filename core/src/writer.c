#define _GNU_SOURCE
#include "writer.h"
#include "options.h"
#include "participant.h"
#include "testpoint.h"
#include "topic.h"
#include <stdlib.h>
#include <string.h>

#define AHEAD_BYTES 384u /* some small messages ahead: about as long as a line takes from another core */
#define AHEAD_CELLS 12u
#define STEPS_FREE 65536u /* attempts that others may win, however small the ring */

static void chunks_reset(struct sctx_writer *w, uint64_t seq) {
    if (!w->chunk_seq) return;
    for (uint64_t i = 0; i < w->arena.bytes / w->arena.step; i++) w->chunk_seq[i] = seq;
}

int sctx_writer_open(sctx *ctx, const struct sctx_writer_options *options, sctx_writer **writer) {
    struct sctx_writer_options o;
    if (!ctx || !writer || !options_take(&o, sizeof o, options) || o.flags & ~(uint32_t)SCTX_WRITER_NO_AUTO_CAUSE) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    if (ctx->tap) return SCTX_ERR_READ_ONLY;
    if (context_removed(ctx)) return SCTX_ERR_REMOVED;
    struct sctx_writer *w = calloc(1, sizeof *w);
    if (!w) return SCTX_ERR_NO_MEMORY;
    w->ctx = ctx;
    w->fork_token = ctx->fork_token;
    w->hot = ctx->hot;
    w->cells = ctx->cells;
    w->cell_mask = ctx->cell_mask;
    w->clock_kind = ctx->header.clock;
    w->clock_hz = ctx->header.clock_hz;
    w->join = ctx->join;
    w->auto_cause = !(o.flags & SCTX_WRITER_NO_AUTO_CAUSE);
    w->gate.used = ctx->header.flags & SCTX_CREATE_GATING;
    w->gate.lock = &w->arena.lock;
    w->arena.lock.file.fd = -1;
    if (w->gate.used && !(w->chunk_seq = calloc(WRITER_CHUNKS, sizeof *w->chunk_seq))) {
        free(w);
        return SCTX_ERR_NO_MEMORY;
    }
    rc = arena_claim(ctx, &w->arena, ctx->header.arena_bytes, &w->error);
    if (rc) {
        if (o.error) *o.error = w->error;
        free(w->chunk_seq);
        free(w);
        return rc;
    }
    w->next = ring_tail(ctx);
    chunks_reset(w, w->next - 1); /* an adopter takes the old records as one checkpoint: everything up to the tail */
    participant_role(ctx, SCTX_ROLE_WRITER, 1);
    *writer = w;
    return SCTX_OK;
}

void sctx_writer_close(sctx_writer *w) {
    if (!w) return;
    struct sctx *ctx = w->ctx;
    if (*ctx->fork_token && w->arena.entry && own_fd_valid(&w->arena.lock.file) && own_fd_valid(&ctx->alive.file)) {
        atomic_fetch_add(&ctx->participants[ctx->slot].published, load_relaxed(&w->arena.entry->published));
        atomic_fetch_add(&ctx->participants[ctx->slot].bytes, load_relaxed(&w->arena.entry->payload));
        store_relaxed(&w->arena.entry->published, 0);
        store_relaxed(&w->arena.entry->payload, 0);
    }
    if (*ctx->fork_token) {
        participant_role(ctx, SCTX_ROLE_WRITER, -1);
        arena_release(&w->arena);
    }
    free(w->chunk_seq);
    free(w);
}

const char *sctx_writer_error(const sctx_writer *w) {
    return w ? w->error.text : "";
}

/* P1, the seldom part: the record does not fit below intent. */
static __attribute__((noinline)) int advance_intent(struct sctx_writer *w, uint64_t end) {
    struct arena *a = &w->arena;
    uint64_t intent = (end + a->step - 1) & ~(a->step - 1);
    if (w->gate.used) { /* what is given up must have been read: all that begins below intent - bytes */
        uint64_t done = a->intent > a->bytes ? a->intent - a->bytes : 0;
        uint64_t upto = intent > a->bytes ? intent - a->bytes : 0;
        uint64_t newest = a->intent & ~(a->step - 1);
        for (uint64_t at = done & ~(a->step - 1); at < upto && at <= newest; at += a->step) {
            int rc = gate_pass(w->ctx, &w->gate, w->chunk_seq[(at & a->mask) / a->step]);
            if (rc) return rc;
        }
    }
    TESTPOINT("publish:before-intent");
    store_relaxed(&a->header->intent, intent);
    fence_release(); /* pairs with the acquire fence before the readers' look at intent */
    a->intent = intent;
    TESTPOINT("publish:intent-set");
    return SCTX_OK;
}

/* The text is of the last failure: an older one must not stand beside a newer status. */
static __attribute__((noinline, cold)) int nothing_to_add(struct sctx_writer *w, int status) {
    w->error.text[0] = '\0';
    return status;
}

/* What is asked at the begin of each publish. */
static inline int writer_ready(struct sctx_writer *w) {
    if (unlikely(*w->fork_token == 0)) return nothing_to_add(w, SCTX_ERR_FORKED);
    if (unlikely(load_relaxed(&w->hot->state) == RING_REMOVED)) return nothing_to_add(w, SCTX_ERR_REMOVED);
    return unlikely(load_relaxed(&w->ctx->lost) | load_relaxed(&w->arena.lost)) ? nothing_to_add(w, SCTX_ERR_LOST) : SCTX_OK;
}

/* A message larger than a quarter of the arena: a larger arena. */
static __attribute__((noinline)) int larger_arena(struct sctx_writer *w, uint64_t total) {
    uint64_t bytes = w->arena.bytes;
    while (arena_largest(bytes) < total && bytes < LAYOUT_ARENA_MAX) bytes *= 2;
    if (arena_largest(bytes) < total)
        return fail(&w->error, SCTX_ERR_TOO_BIG, "a message of %llu bytes fits no arena", (unsigned long long)total);
    bool fits = total <= w->arena.bytes / 2; /* here, too, only that less of the past is kept */
    int rc = arena_grow(w->ctx, &w->arena, bytes, w->next - 1, !fits, &w->error);
    if (rc == SCTX_OK) chunks_reset(w, w->next - 1);
    if (rc == SCTX_OK || !fits || writer_ready(w) != SCTX_OK) return rc;
    w->arena.largest = w->arena.bytes / 2; /* not to be tried again at each message */
    return nothing_to_add(w, SCTX_OK);
}

/* Room for a record of `total` bytes at arena.pos. Records are in one piece: what does not fit before the arena's end begins at its start. */
always_inline int make_room(struct sctx_writer *w, uint64_t total) {
    struct arena *a = &w->arena;
    if (unlikely(total > a->largest)) {
        int rc = larger_arena(w, total);
        if (rc) return rc;
    }
    uint64_t room = a->bytes - (a->pos & a->mask);
    uint64_t pos = unlikely(total > room) ? a->pos + room : a->pos;
    if (unlikely(pos + total > a->intent)) {
        int rc = advance_intent(w, pos + total);
        if (rc) return rc;
    }
    a->pos = pos;
    return SCTX_OK;
}

static inline struct record *record_at(const struct sctx_writer *w) {
    return (struct record *)(void *)(w->arena.data + (w->arena.pos & w->arena.mask));
}

/* About once a second: note the clock, look whether the ring was unlinked, replaced or truncated, and drop own arenas that nobody needs any more. */
static __attribute__((noinline)) uint64_t stamp_seldom(struct sctx_writer *w) {
    w->clock_noted = clock_note(&w->ctx->clock);
    (void)sctx_check(w->ctx);
    if (load_relaxed(&w->arena.entry->oldest) != w->arena.gen) arena_sweep(w->ctx, &w->arena);
    w->arena.largest = arena_largest(w->arena.bytes); /* where growing failed it may be tried again */
    load_fence();
    return clock_now(w->clock_kind);
}

/* The moment for a record: not before what the thread saw published. */
always_inline uint64_t stamp(struct sctx_writer *w, bool others) {
    if (others) load_fence();
    uint64_t ticks = clock_now(w->clock_kind);
    if (unlikely(ticks - w->clock_noted > w->clock_hz)) ticks = stamp_seldom(w);
    if (unlikely((int64_t)(ticks - w->last_ticks) < 0)) ticks = w->last_ticks;
    return w->last_ticks = ticks;
}

struct cause_choice {
    uint64_t seq;
    uint32_t flags; /* 0: none */
};

static inline uint32_t cause_distance(const struct cause_choice *c, uint64_t t) {
    uint64_t back = t - c->seq;
    return c->flags && back - 1 < UINT32_MAX ? (uint32_t)back : 0;
}

static __attribute__((noinline)) int no_sense(struct sctx_writer *w) {
    int rc = writer_ready(w);
    return rc ? rc : fail(&w->error, SCTX_ERR_DAMAGED, "the ring's cells make no sense: sctx rm it");
}

/* P3 to P7: gives the record at arena.pos the next seq, which is then w->next - 1. `what` is the record's third word without the cause's flags. */
always_inline int claim_seq(struct sctx_writer *w, struct record *r, uint64_t what, struct cause_choice cause, bool stamped) {
    const uint64_t mask = w->cell_mask, n = mask + 1, ref = ref_make(w->arena.slot, w->arena.gen, w->arena.pos), own = w->next;
    struct cell *const cells = w->cells;
    uint64_t t = load_acquire(&w->hot->tail), steps = 0;
    uint32_t scans = 0;
    if (seq_before(t, own))
        t = own; /* the hint may have fallen back */
    else if (t != own && unlikely(!ring_published(cells, mask, t - 1)))
        t = ring_scan_tail(w->ctx); /* or run ahead: t is only for who saw t-1 */
    for (;;) {
        struct cell *cell = &cells[t & mask];
        uint64_t s = load_acquire(&cell->seq), old = load_relaxed(&cell->ref);
        if (unlikely(s != t - n)) {
            if (!seq_before(s, t)) {
                t = s + 1;
                if (unlikely(++steps > 2 * n + STEPS_FREE)) return no_sense(w);
            } else { /* the hint ran ahead of the truth */
                if (++scans > 8) return no_sense(w);
                t = ring_scan_tail(w->ctx);
            }
            continue;
        }
        TESTPOINT("publish:cell-read");
        if (unlikely(w->gate.used)) { /* P4 */
            int rc = gate_pass(w->ctx, &w->gate, t - n);
            if (unlikely(rc)) return rc;
            if (unlikely(w->gate.waited)) { /* others may have gone round many times meanwhile: that is no damage, and it is later now */
                w->gate.waited = stamped = false;
                steps = 0;
            }
        }
        bool others = t != own || unlikely(!w->published_any);
        uint64_t ticks = stamped && !others ? w->last_ticks : stamp(w, others); /* P5 */
        uint32_t back = cause_distance(&cause, t);
        store_relaxed(&r->time, ticks);
        store_relaxed(&r->what, back ? what | (uint64_t)cause.flags << 16 : what);
        store_relaxed(&r->who, (uint64_t)back << 32 | w->join);
        TESTPOINT("publish:before-swap");
        if (likely(cell_swap(cell, s, old, t, ref))) break; /* P6 */
        TESTPOINT("publish:swap-failed");
    }
    TESTPOINT("publish:swapped");
    store_release(&w->hot->tail, t + 1); /* P7, never seen before P6 */
    w->next = t + 1;
    if (unlikely(!w->published_any)) w->published_any = true;
    return SCTX_OK;
}

/* After a message is out: the writer's own books. */
always_inline void account(struct sctx_writer *w, size_t len, uint64_t total) {
    struct arena *a = &w->arena;
    if (unlikely(w->chunk_seq != NULL)) w->chunk_seq[(a->pos & a->mask) / a->step] = w->next - 1;
    a->pos += total;
    /* What comes next was read by others the last time round: the locked swap would wait for each of these lines. */
    fetch_to_write(a->data + ((a->pos + AHEAD_BYTES) & a->mask));
    fetch_to_write(a->data + ((a->pos + AHEAD_BYTES + 64) & a->mask));
    fetch_to_write(&w->cells[(w->next + AHEAD_CELLS) & w->cell_mask]);
    store_relaxed(&a->entry->published, load_relaxed(&a->entry->published) + 1); /* nobody else writes them */
    store_relaxed(&a->entry->payload, load_relaxed(&a->entry->payload) + len);
}

static inline int check_topic(struct sctx_writer *w, uint16_t topic) {
    if (likely(topic < w->topics_known)) return SCTX_OK;
    w->topics_known = sctx_topic_count(w->ctx);
    return topic < w->topics_known ? SCTX_OK : fail(&w->error, SCTX_ERR_INVALID, "topic %u is not registered", topic);
}

static inline uint64_t what_word(uint16_t topic, size_t len) {
    return (uint64_t)len << 32 | topic;
}

static inline struct cause_choice thread_cause(const struct sctx_writer *w) {
    const struct cause *c = cause_of_thread(w->ctx);
    if (!c || (!w->auto_cause && !(c->flags & SCTX_MSG_CAUSE_EXPLICIT))) return (struct cause_choice){0};
    return (struct cause_choice){c->seq, c->flags};
}

/* One whole message; the look for sleepers is the caller's. */
always_inline int publish_one(struct sctx_writer *w, uint16_t topic, const void *data, size_t len, struct cause_choice cause,
                              bool stamped) {
    const uint64_t total = record_total(len);
    int rc = make_room(w, total); /* P1 */
    if (unlikely(rc)) return rc;
    struct record *r = record_at(w);
    store_relaxed(&r->self, record_self(w->arena.gen, w->arena.pos));
    TESTPOINT("publish:before-payload");
    copy_to_shared((_Atomic uint64_t *)(void *)(r + 1), data, len); /* P2 */
    TESTPOINT("publish:payload-written");
    rc = claim_seq(w, r, what_word(topic, len), cause, stamped);
    if (likely(rc == SCTX_OK)) account(w, len, total);
    return rc;
}

static inline int publish_checks(struct sctx_writer *w, size_t len) {
    int rc = writer_ready(w);
    if (unlikely(rc)) return rc;
    if (unlikely(w->reserved_total)) return fail(&w->error, SCTX_ERR_STATE, "a reservation is open: commit or abort it");
    if (unlikely(len > SCTX_PAYLOAD_MAX))
        return fail(&w->error, SCTX_ERR_TOO_BIG, "a payload has at most %u bytes, this one %zu", SCTX_PAYLOAD_MAX, len);
    return SCTX_OK;
}

int sctx_publish(sctx_writer *w, uint16_t topic, const void *data, size_t len, uint64_t *seq) {
    if (unlikely(!w || (!data && len))) return SCTX_ERR_INVALID;
    int rc = publish_checks(w, len);
    if (likely(rc == SCTX_OK)) rc = check_topic(w, topic);
    if (unlikely(rc)) return rc;
    rc = publish_one(w, topic, data, len, thread_cause(w), false);
    if (unlikely(rc)) return rc;
    wait_published_topic(w->ctx, w->hot, topic); /* P8 */
    if (seq) *seq = w->next - 1;
    return SCTX_OK;
}

static struct cause_choice outgoing_cause(const struct sctx_writer *w, const struct sctx_outgoing *m) {
    if (m->cause_mode == SCTX_CAUSE_AUTO) return thread_cause(w);
    if (m->cause_mode == SCTX_CAUSE_NONE) return (struct cause_choice){0};
    return (struct cause_choice){m->cause, SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT};
}

int sctx_publish_batch(sctx_writer *w, struct sctx_outgoing *messages, size_t n, size_t *done) {
    if (!w || (!messages && n)) return SCTX_ERR_INVALID;
    uint32_t bits = 0;
    size_t i = 0;
    int rc = SCTX_OK;
    for (; i < n; i++) {
        struct sctx_outgoing *m = &messages[i];
        rc = m->cause_mode > SCTX_CAUSE_SEQ || (!m->data && m->len) ? SCTX_ERR_INVALID : publish_checks(w, m->len);
        if (rc == SCTX_OK) rc = check_topic(w, m->topic);
        if (rc) break;
        /* Those that follow the own last one directly share its time: nothing lies between. */
        rc = publish_one(w, m->topic, m->data, m->len, outgoing_cause(w, m), i > 0);
        if (rc) break;
        m->seq = w->next - 1;
        bits |= wait_topic_bit(m->topic) | WAIT_EVERYTHING;
    }
    if (bits) wait_published(w->ctx, bits);
    if (done) *done = i;
    return rc;
}

int sctx_reserve(sctx_writer *w, size_t len, void **data) {
    if (!w || !data) return SCTX_ERR_INVALID;
    int rc = publish_checks(w, len);
    if (rc) return rc;
    const uint64_t total = record_total(len);
    rc = make_room(w, total);
    if (rc) return rc;
    struct record *r = record_at(w);
    store_relaxed(&r->self, record_self(w->arena.gen, w->arena.pos));
    w->reserved_total = total;
    w->reserved_len = len;
    *data = r + 1;
    return SCTX_OK;
}

int sctx_commit(sctx_writer *w, uint16_t topic, size_t len, uint64_t *seq) {
    if (!w) return SCTX_ERR_INVALID;
    int rc = writer_ready(w);
    if (rc) return rc;
    if (!w->reserved_total) return fail(&w->error, SCTX_ERR_STATE, "nothing is reserved");
    if (len > w->reserved_len) return fail(&w->error, SCTX_ERR_INVALID, "%zu bytes committed, %zu reserved", len, w->reserved_len);
    rc = check_topic(w, topic);
    if (rc) return rc;
    rc = claim_seq(w, record_at(w), what_word(topic, len), thread_cause(w), false);
    if (rc) return rc;
    account(w, len, record_total(len));
    w->reserved_total = 0;
    wait_published_topic(w->ctx, w->hot, topic);
    if (seq) *seq = w->next - 1;
    return SCTX_OK;
}

void sctx_abort(sctx_writer *w) {
    if (w) w->reserved_total = 0;
}
