#define _GNU_SOURCE
#include "participant.h"
#include "name.h"
#include "ring.h"
#include "testpoint.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct candidate {
    uint32_t join, slot;
};

static int by_join(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->join != y->join) return x->join < y->join ? -1 : 1;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static enum sctx_alive alive_by(const struct sctx *ctx, int held, uint32_t slot, uint32_t pid, uint64_t start) {
    if (held > 0) return SCTX_ALIVE;
    if (!ctx->tap && ctx->join && slot == ctx->slot) return SCTX_ALIVE; /* own locks look free */
    bool runs = pid && start && process_start_time(pid) == start;
    if (!runs) return SCTX_DEAD;
    return held == 0 ? SCTX_ALIVE : SCTX_ALIVE_BY_PID;
}

static enum sctx_alive entry_alive(struct sctx *ctx, uint32_t slot, uint32_t pid, uint64_t start) {
    return alive_by(ctx, lock_probe(&ctx->alive, LOCK_PARTICIPANT + slot), slot, pid, start);
}

static bool join_is_known(const struct sctx *ctx, uint32_t join) {
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++)
        if (load_relaxed(&ctx->participants[i].join) == join) return true;
    return false;
}

static void entry_fill(struct sctx *ctx, uint32_t slot, const char *name) {
    struct participant_entry *e = &ctx->participants[slot];
    uint64_t words[8] = {0};
    memcpy(words, name, strnlen(name, SCTX_NAME_MAX));
    store_relaxed(&e->join, 0);
    fence_release();
    TESTPOINT("join:cleared");
    store_relaxed(&e->pid, (uint32_t)getpid());
    store_relaxed(&e->uid, (uint32_t)geteuid());
    store_relaxed(&e->roles, 0);
    store_relaxed(&e->start_time, process_own_start_time());
    store_relaxed(&e->joined_ns, (uint64_t)clock_realtime_ns());
    store_relaxed(&e->published, 0);
    store_relaxed(&e->bytes, 0);
    store_relaxed(&e->delivered, 0);
    store_relaxed(&e->lost, 0);
    store_relaxed(&e->gone, 0);
    for (int i = 0; i < 8; i++) store_relaxed(&e->name[i], words[i]);
    uint32_t join = 0;
    /* 0 and the largest mean something else; after 2^32 of them one may still be somebody's. */
    for (uint32_t tries = 0; join == 0 || join == UINT32_MAX || (tries < 2 * LAYOUT_PARTICIPANT_SLOTS && join_is_known(ctx, join)); tries++)
        join = atomic_fetch_add(&ctx->hot->joins, 1) + 1;
    TESTPOINT("join:before-number");
    store_release(&e->join, join);
    TESTPOINT("join:done");
    ctx->slot = slot;
    ctx->join = join;
}

int participant_join(struct sctx *ctx, const char *name, struct sctx_error *error) {
    struct candidate order[LAYOUT_PARTICIPANT_SLOTS];
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++) order[i] = (struct candidate){load_relaxed(&ctx->participants[i].join), i};
    qsort(order, LAYOUT_PARTICIPANT_SLOTS, sizeof *order, by_join); /* unused ones first, then the oldest */
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++) {
        uint32_t slot = order[i].slot;
        TESTPOINT("join:before-lock");
        int rc = lock_try(&ctx->alive, LOCK_PARTICIPANT + slot);
        if (rc == -EAGAIN) continue;
        if (rc) return fail(error, status_of_errno(-rc), "cannot lock a byte of %s/alive: %s", ctx->path, strerror(-rc));
        TESTPOINT("join:locked");
        struct participant_entry *e = &ctx->participants[slot];
        uint32_t join = load_relaxed(&e->join), pid = load_relaxed(&e->pid);
        uint64_t start = load_relaxed(&e->start_time);
        if (join && pid && start && process_start_time(pid) == start) { /* it lives without its lock; start 0: it left */
            (void)lock_release(&ctx->alive, LOCK_PARTICIPANT + slot);
            continue;
        }
        entry_fill(ctx, slot, name);
        return SCTX_OK;
    }
    return fail(error, SCTX_ERR_FULL, "%s has %u living participants: no place is left", ctx->path, LAYOUT_PARTICIPANT_SLOTS);
}

void participant_leave(struct sctx *ctx) {
    if (!ctx->join || !own_fd_valid(&ctx->alive.file)) return;
    store_release(&ctx->participants[ctx->slot].start_time, 0); /* no process has that; name and pid stay, for what it said */
}

void participant_role(struct sctx *ctx, uint32_t roles, int by) {
    if (!ctx->join || !own_fd_valid(&ctx->alive.file)) return; /* else the slot may be another's by now */
    uint32_t now = 0;
    pthread_mutex_lock(&ctx->mutex);
    for (uint32_t i = 0; i < 3; i++) {
        if (roles & 1u << i) ctx->role_handles[i] += (uint32_t)by;
        if (ctx->role_handles[i]) now |= 1u << i;
    }
    store_relaxed(&ctx->participants[ctx->slot].roles, now);
    pthread_mutex_unlock(&ctx->mutex);
}

/* One consistent copy, or nothing. */
static bool entry_read(const struct participant_entry *e, struct sctx_participant *p, uint64_t *start) {
    uint64_t words[8];
    uint32_t join = load_acquire(&e->join);
    if (join == 0) return false;
    p->join = join;
    p->pid = load_relaxed(&e->pid);
    p->uid = load_relaxed(&e->uid);
    p->roles = load_relaxed(&e->roles) & (SCTX_ROLE_WRITER | SCTX_ROLE_READER | SCTX_ROLE_GATED);
    p->start_time = *start = load_relaxed(&e->start_time);
    p->joined_ns = (int64_t)load_relaxed(&e->joined_ns);
    p->published = load_relaxed(&e->published);
    p->bytes = load_relaxed(&e->bytes);
    p->delivered = load_relaxed(&e->delivered);
    p->lost = load_relaxed(&e->lost);
    p->gone = load_relaxed(&e->gone);
    for (int i = 0; i < 8; i++) words[i] = load_relaxed(&e->name[i]);
    memcpy(p->name, words, sizeof words);
    p->name[SCTX_NAME_MAX] = '\0';
    fence_acquire();
    return load_relaxed(&e->join) == join;
}

uint32_t sctx_participant_slots(const sctx *ctx) {
    (void)ctx;
    return LAYOUT_PARTICIPANT_SLOTS;
}

static void add_arena(struct sctx_participant *p, const struct arena_entry *arena) {
    p->published += load_relaxed(&arena->published);
    p->bytes += load_relaxed(&arena->payload);
}

/* *any: one of its readers was added before. */
static void add_reader(struct sctx_participant *p, const struct reader_entry *reader, bool *any) {
    uint64_t cursor = load_relaxed(&reader->cursor);
    p->delivered += load_relaxed(&reader->delivered);
    p->lost += load_relaxed(&reader->lost);
    p->gone += load_relaxed(&reader->gone);
    if (!*any || seq_before(cursor, p->cursor)) p->cursor = cursor;
    *any = true;
}

static void note_lag(const struct sctx *ctx, struct sctx_participant *p, bool any) {
    uint64_t tail = load_relaxed(&ctx->hot->tail);
    p->lag = any && seq_before(p->cursor, tail) ? tail - p->cursor : 0;
}

int sctx_participant_get(sctx *ctx, uint32_t slot, struct sctx_participant *out) {
    if (!ctx || !out || slot >= LAYOUT_PARTICIPANT_SLOTS) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    struct sctx_participant p = {.size = out->size};
    uint64_t start = 0;
    bool found = false;
    for (int i = 0; i < 16 && !found; i++) found = entry_read(&ctx->participants[slot], &p, &start);
    if (!found) return SCTX_ERR_NOT_FOUND;
    p.alive = entry_alive(ctx, slot, p.pid, start);
    bool any = false;
    for (uint32_t i = 0; i < LAYOUT_ARENA_SLOTS; i++)
        if (load_acquire(&ctx->arenas[i].join) == p.join) add_arena(&p, &ctx->arenas[i]);
    for (uint32_t i = 0; i < LAYOUT_READER_SLOTS; i++)
        if (load_acquire(&ctx->readers[i].join) == p.join) add_reader(&p, &ctx->readers[i], &any);
    note_lag(ctx, &p, any);
    memcpy(out, &p, out->size && out->size < sizeof p ? out->size : sizeof p);
    return SCTX_OK;
}

bool participant_join_alive(struct sctx *ctx, uint32_t join) {
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++) {
        struct sctx_participant p;
        uint64_t start;
        if (load_acquire(&ctx->participants[i].join) == join && entry_read(&ctx->participants[i], &p, &start))
            return entry_alive(ctx, i, p.pid, start) != SCTX_DEAD;
    }
    return false;
}

/* ---- all at once ------------------------------------------------------------------------------------------------------------- */

/* Twice as many places as there can be seats: a search always ends. */
static uint32_t place_of(const struct census *census, uint32_t join) {
    enum { PLACES = sizeof census->places / sizeof *census->places };
    uint32_t place = join % PLACES;
    while (census->places[place] != 0 && census->seats[census->places[place] - 1].join != join) place = (place + 1) % PLACES;
    return place;
}

uint32_t census_find(const struct census *census, uint32_t join) {
    uint32_t place = place_of(census, join);
    return census->places[place] != 0 ? census->places[place] - 1u : UINT32_MAX;
}

void census_take(struct sctx *ctx, struct census *census) {
    bool held[LAYOUT_PARTICIPANT_SLOTS];
    int rc = lock_probe_range(&ctx->alive, LOCK_PARTICIPANT, LAYOUT_PARTICIPANT_SLOTS, held);
    memset(census, 0, sizeof *census);
    for (uint32_t slot = 0; slot < LAYOUT_PARTICIPANT_SLOTS; slot++) {
        struct sctx_participant p;
        uint64_t start = 0;
        bool found = false;
        for (int i = 0; i < 16 && !found && load_relaxed(&ctx->participants[slot].join) != 0; i++)
            found = entry_read(&ctx->participants[slot], &p, &start);
        if (!found) continue;
        uint32_t place = place_of(census, p.join);
        if (census->places[place] != 0) continue; /* a number that is there twice was forged */
        census->seats[census->count] = (struct seat){slot, p.join, alive_by(ctx, rc != 0 ? rc : held[slot], slot, p.pid, start)};
        census->places[place] = (uint16_t)++census->count;
    }
}

static void add_tables(struct sctx *ctx, const struct census *census, struct sctx_participant *list) {
    bool any[LAYOUT_PARTICIPANT_SLOTS] = {false};
    for (uint32_t i = 0; i < LAYOUT_ARENA_SLOTS; i++) {
        uint32_t join = load_acquire(&ctx->arenas[i].join), seat = join != 0 ? census_find(census, join) : UINT32_MAX;
        if (seat != UINT32_MAX) add_arena(&list[seat], &ctx->arenas[i]);
    }
    for (uint32_t i = 0; i < LAYOUT_READER_SLOTS; i++) {
        uint32_t join = load_acquire(&ctx->readers[i].join), seat = join != 0 ? census_find(census, join) : UINT32_MAX;
        if (seat != UINT32_MAX) add_reader(&list[seat], &ctx->readers[i], &any[seat]);
    }
    for (uint32_t i = 0; i < census->count; i++) note_lag(ctx, &list[i], any[i]);
}

int sctx_participants_get(sctx *ctx, struct sctx_participant *list, uint32_t room, uint32_t *count) {
    if (!ctx || !count || (!list && room > 0)) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    struct census census;
    census_take(ctx, &census);
    struct sctx_participant *all = calloc(census.count + 1, sizeof *all);
    if (!all) return SCTX_ERR_NO_MEMORY;
    uint32_t size = room > 0 && list[0].size && list[0].size < sizeof *all ? list[0].size : sizeof *all;
    for (uint32_t i = 0; i < census.count; i++) {
        uint64_t start;
        if (!entry_read(&ctx->participants[census.seats[i].slot], &all[i], &start) || all[i].join != census.seats[i].join)
            all[i] = (struct sctx_participant){.join = 0}; /* somebody else took its slot just now */
        all[i].size = size;
        all[i].alive = census.seats[i].alive;
    }
    add_tables(ctx, &census, all);
    *count = 0;
    for (uint32_t i = 0; i < census.count; i++) {
        if (all[i].join == 0) continue;
        if (*count < room) memcpy((char *)list + (size_t)*count * size, &all[i], size);
        ++*count;
    }
    free(all);
    return SCTX_OK;
}

uint32_t sctx_participant_pid(sctx *ctx, uint32_t join) {
    if (!ctx || join == 0 || context_usable(ctx) != SCTX_OK) return 0;
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++) {
        struct sctx_participant p;
        uint64_t start;
        if (load_acquire(&ctx->participants[i].join) == join && entry_read(&ctx->participants[i], &p, &start) && p.join == join)
            return p.pid;
    }
    return 0;
}

/* ---- names ------------------------------------------------------------------------------------------------------------------- */

/* Names once seen, by join number; they outlive the entries. Bounded: a hostile ring may name 2^32 of them. */
struct name_cache {
    struct name_entry {
        uint32_t join;
        char *name;
    } * entries;
    uint32_t used, room;
};
#define NAME_CACHE_MAX (1u << 20)

struct name_cache *name_cache_new(void) {
    return calloc(1, sizeof(struct name_cache));
}

void name_cache_free(struct name_cache *c) {
    if (!c) return;
    for (uint32_t i = 0; i < c->room; i++) free(c->entries[i].name);
    free(c->entries);
    free(c);
}

static struct name_entry *name_slot(struct name_cache *c, uint32_t join) {
    uint32_t i = (join * UINT32_C(2654435761)) & (c->room - 1);
    while (c->entries[i].name && c->entries[i].join != join) i = (i + 1) & (c->room - 1);
    return &c->entries[i];
}

static bool name_cache_grow(struct name_cache *c) {
    struct name_cache bigger = {.room = c->room ? c->room * 2 : 64, .used = c->used};
    bigger.entries = calloc(bigger.room, sizeof *bigger.entries);
    if (!bigger.entries) return false;
    for (uint32_t i = 0; i < c->room; i++)
        if (c->entries[i].name) *name_slot(&bigger, c->entries[i].join) = c->entries[i];
    free(c->entries);
    *c = bigger;
    return true;
}

static bool entry_name(struct sctx *ctx, uint32_t join, char name[SCTX_NAME_MAX + 1]) {
    for (uint32_t i = 0; i < LAYOUT_PARTICIPANT_SLOTS; i++) {
        struct sctx_participant p;
        uint64_t start;
        if (load_acquire(&ctx->participants[i].join) != join || !entry_read(&ctx->participants[i], &p, &start) || p.join != join) continue;
        memcpy(name, p.name, SCTX_NAME_MAX + 1);
        return name[0] != '\0';
    }
    return false;
}

const char *sctx_participant_name(sctx *ctx, uint32_t join) {
    static const char none[] = "#?";
    if (!ctx || *ctx->fork_token == 0) return none;
    pthread_mutex_lock(&ctx->mutex);
    struct name_cache *c = ctx->name_cache;
    const char *result = none;
    struct name_entry *e = c->room ? name_slot(c, join) : NULL;
    if (e && e->name) {
        result = e->name;
    } else if (c->used < NAME_CACHE_MAX && (c->used * 2 < c->room || name_cache_grow(c))) {
        char name[SCTX_NAME_MAX + 1];
        if (!entry_name(ctx, join, name)) (void)snprintf(name, sizeof name, "#%u", join);
        e = name_slot(c, join);
        e->name = strdup(name);
        if (e->name) {
            e->join = join;
            c->used++;
            result = e->name;
        }
    }
    pthread_mutex_unlock(&ctx->mutex);
    return result;
}
