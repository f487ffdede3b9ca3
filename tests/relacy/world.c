#define _GNU_SOURCE
#include "world.h"
#include "participant.h"
#include "reader.h"
#include "ring.h"
#include "writer.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CELLS_MOST 4u
#define RECORD 64u /* header and two words */
#define ARENA_MOST (4u * RECORD)

const int world_ok = SCTX_OK, world_again = SCTX_AGAIN;

/* As in a context's files. */
static struct {
    struct ring_hot hot;
    struct cell cells[CELLS_MOST];
    struct reader_entry readers[WORLD_SIDES];
    struct arena_entry arenas[WORLD_SIDES];
    struct marker_entry marker;
    _Atomic uint64_t flag;
    struct {
        struct arena_header header;
        _Alignas(32) unsigned char data[ARENA_MOST];
    } files[WORLD_SIDES];
} shared;

/* As in a process. */
static const uint32_t alive = 1;
static struct sctx contexts[2 * WORLD_SIDES];
static struct sctx_writer writers[WORLD_SIDES];
static struct sctx_reader readers[WORLD_SIDES];
static struct arena_view views[WORLD_SIDES][LAYOUT_ARENA_SLOTS];
static uint64_t chunks[WORLD_SIDES][ARENA_MOST / RECORD], buffers[WORLD_SIDES][8];
static struct world_plan plan;

/* marker.c keeps its struct to itself; this is how it begins. */
static struct marker_like {
    struct sctx *ctx;
    struct marker_entry *entry;
    uint32_t kind;
    char *name;
    sctx_writer *writer;
    uint16_t topic;
} marker;

static void context_make(struct sctx *ctx, uint32_t join) {
    memset(ctx, 0, sizeof *ctx);
    ctx->header.first_seq = 1;
    ctx->header.arena_bytes = plan.records * RECORD;
    ctx->header.clock = 1; /* ticks */
    ctx->header.gate_timeout_ns = UINT64_MAX / 4;
    ctx->header.flags = plan.gating ? SCTX_CREATE_GATING : 0;
    ctx->hot = &shared.hot;
    ctx->cells = shared.cells;
    ctx->cell_mask = plan.cells - 1;
    ctx->readers = shared.readers;
    ctx->arenas = shared.arenas;
    ctx->fork_token = &alive;
    ctx->join = join;
    ctx->alive.file.fd = ctx->ring_file.fd = ctx->folder.fd = -1;
    pthread_mutex_init(&ctx->mutex, NULL);
}

static void writer_make(unsigned i) {
    struct sctx_writer *w = &writers[i];
    struct sctx *ctx = &contexts[i];
    context_make(ctx, i + 1);
    memset(w, 0, sizeof *w);
    w->ctx = ctx;
    w->fork_token = &alive;
    w->hot = &shared.hot;
    w->cells = shared.cells;
    w->cell_mask = ctx->cell_mask;
    w->clock_hz = UINT64_MAX; /* the moment to note the clock never comes */
    w->clock_kind = 1;
    w->join = i + 1;
    w->next = 1;
    w->topics_known = 1;
    w->gate.used = plan.gating;
    w->gate.lock = &w->arena.lock;
    w->chunk_seq = plan.gating ? chunks[i] : NULL;
    memset(chunks[i], 0, sizeof chunks[i]);
    struct arena *a = &w->arena;
    a->header = &shared.files[i].header;
    a->data = shared.files[i].data;
    a->bytes = plan.records * RECORD;
    a->mask = a->bytes - 1;
    a->largest = RECORD;
    a->slot = i;
    a->gen = 1;
    a->entry = &shared.arenas[i];
    a->step = RECORD;
}

static void reader_make(unsigned i) {
    struct sctx_reader *r = &readers[i];
    struct sctx *ctx = &contexts[WORLD_SIDES + i];
    context_make(ctx, WORLD_SIDES + i + 1);
    memset(r, 0, sizeof *r);
    r->ctx = ctx;
    r->cursor = r->start = 1;
    r->views = views[i];
    r->buffer = buffers[i];
    r->buffer_bytes = sizeof buffers[i];
    r->last_ns = INT64_MIN;
    r->slot = plan.gating ? i : UINT32_MAX;
    r->note_mask = plan.gating ? 0 : UINT64_MAX;
    r->gated = plan.gating && !plan.joining;
    r->gate = 1;
    r->noted = 1;
    r->map = (struct clock_map){.to = UINT64_MAX, .mult = UINT64_C(1) << 32};
    for (unsigned k = 0; k < plan.writers; k++)
        views[i][k] =
            (struct arena_view){.header = &shared.files[k].header, .data = shared.files[k].data, .bytes = plan.records * RECORD, .gen = 1};
}

void world_reset(const struct world_plan *p, void (*track)(void *, size_t, bool, uint64_t)) {
    plan = *p;
    memset(&shared, 0, sizeof shared);
    for (unsigned i = 0; i < plan.writers; i++) writer_make(i);
    for (unsigned i = 0; i < plan.readers; i++) reader_make(i);
    if (plan.marker) {
        contexts[0] = (struct sctx){0};
        context_make(&contexts[0], 1);
        marker = (struct marker_like){.ctx = &contexts[0], .entry = &shared.marker, .kind = SCTX_MARKER_F64};
        track(&shared.marker.level, 8, false, 0);
        track(&shared.marker.ticks, 8, false, 0);
        track(&shared.flag, 8, false, 0);
        return;
    }
    track(&shared.hot.tail, 8, false, 1);
    for (uint64_t t = 1; t <= plan.cells; t++) {
        track(&shared.cells[t & (plan.cells - 1)].seq, 8, false, t - plan.cells);
        track(&shared.cells[t & (plan.cells - 1)].ref, 8, false, 0);
    }
    for (unsigned i = 0; i < plan.writers; i++) {
        track(&shared.files[i].header.intent, 8, false, 0);
        for (unsigned at = 0; at < plan.records * RECORD; at += 8)
            if (at % RECORD < LAYOUT_RECORD_BYTES + 16) track(&shared.files[i].data[at], 8, plan.gating, 0);
    }
    if (plan.sleeping) {
        track(&shared.hot.want, 4, false, 0);
        track(&shared.hot.wave, 8, false, 0);
    }
    if (!plan.gating) return;
    if (!plan.joining) shared.hot.gate_slots = plan.readers;
    track(&shared.hot.gate_slots, 4, false, shared.hot.gate_slots);
    track(&shared.hot.gate_epoch, 4, false, 1);
    for (unsigned i = 0; i < plan.readers; i++) {
        shared.readers[i].join = WORLD_SIDES + i + 1;
        shared.readers[i].cursor = 1;
        track(&shared.readers[i].gate, 8, false, !plan.joining);
    }
}

int world_say(unsigned i, uint64_t id, uint64_t *seq) {
    uint64_t words[2] = {id, id};
    return sctx_publish(&writers[i], 0, words, sizeof words, seq);
}

int world_say_two(unsigned i, uint64_t id, uint64_t *seq) {
    uint64_t words[2][2] = {{id, id}, {id + 1, id + 1}};
    struct sctx_outgoing m[2] = {{.data = words[0], .len = 16}, {.data = words[1], .len = 16}};
    int rc = sctx_publish_batch(&writers[i], m, 2, NULL);
    *seq = m[1].seq;
    return rc;
}

int world_read(unsigned i, struct world_message *out) {
    struct sctx_message m;
    readers[i].lap_done =
        readers[i].delivered; /* as if just lapped: the room that is left then, four messages, is more than this ring has */
    int rc = sctx_read(&readers[i], &m);
    if (rc != SCTX_OK) return rc;
    *out = (struct world_message){.seq = m.seq, .lost = m.lost, .gone = m.gone, .time = m.time_ns, .len = m.len};
    memcpy(out->words, m.data, sizeof out->words);
    return rc;
}

int world_wait(unsigned i) {
    readers[i].lap_done = readers[i].delivered;
    return sctx_wait(&readers[i], -1);
}

/* As in sctx_reader_open(). */
void world_join_gated(unsigned i) {
    struct sctx_reader *r = &readers[i];
    uint64_t tail = gate_join(r->ctx, r->slot);
    r->gated = 1;
    r->gate = gate_word(tail);
    r->cursor = r->start = r->noted = tail;
}

uint64_t world_cursor(unsigned i) {
    return readers[i].cursor;
}

void world_account(unsigned i, uint64_t *delivered, uint64_t *lost, uint64_t *gone) {
    *delivered = readers[i].delivered;
    *lost = readers[i].lost;
    *gone = readers[i].gone;
}

int world_marker_add(double delta) {
    return sctx_marker_add((sctx_marker *)(void *)&marker, (sctx_level){.f64 = delta}, NULL);
}
double world_marker_level(void) {
    return sctx_marker_level((sctx_marker *)(void *)&marker).f64;
}
int world_marker_set(double level) {
    return sctx_marker_set((sctx_marker *)(void *)&marker, (sctx_level){.f64 = level});
}
void world_flag_set(uint64_t value) {
    store_relaxed(&shared.flag, value);
}
uint64_t world_flag(void) {
    return load_relaxed(&shared.flag);
}

void *world_base(size_t *bytes) {
    *bytes = sizeof shared;
    return &shared;
}
void *world_wave(void) {
    return &shared.hot.wave;
}

/* ---- instead of arena.c: whoever speaks of an arena that is not there speaks nonsense ---------------------------------------- */

int arena_view_open(struct sctx *ctx, struct arena_view *view, uint32_t slot, uint32_t gen, _Atomic uint32_t *lost) {
    (void)ctx;
    (void)view;
    (void)slot;
    (void)gen;
    (void)lost;
    return SCTX_ERR_NOT_FOUND;
}

/* ---- instead of lock.c: everybody lives ------------------------------------------------------------------------------------- */

int lock_try(const struct lock *lock, uint32_t byte) {
    (void)lock;
    (void)byte;
    return -EAGAIN;
}
int lock_release(const struct lock *lock, uint32_t byte) {
    (void)lock;
    (void)byte;
    return 0;
}
bool own_fd_valid(const struct own_fd *own) {
    (void)own;
    return false;
}
