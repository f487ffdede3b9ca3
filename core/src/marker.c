#define _GNU_SOURCE
#include "intern.h"
#include "name.h"
#include "options.h"
#include "testpoint.h"
#include "writer.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_NAME, PART_UNIT, PART_KIND };
#define UNIT_MAX 15u
#define FLAGS_ALL (uint32_t)(SCTX_MARKER_HAS_LOW | SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE)

struct sctx_marker {
    struct sctx *ctx;
    struct marker_entry *entry;
    uint32_t kind;
    char *name;
    sctx_writer *writer; /* opened when there is first something to announce */
    uint16_t topic;
};

static struct intern_table table_of(const struct sctx *ctx) {
    return (struct intern_table){&ctx->markers[0].block, sizeof(struct marker_entry) / 8,
                                 (uint32_t)ctx->header.section[SECTION_MARKERS].count, 1024, NULL};
}

/* One descriptor, copied and checked. */
struct descriptor {
    void *buffer;
    const char *name, *unit;
    uint32_t kind;
};

static int descriptor_get(struct sctx *ctx, uint32_t id, struct descriptor *d) {
    struct intern_table table = table_of(ctx);
    struct intern_parts p;
    int rc = intern_get(ctx, &table, id, &p, &d->buffer);
    if (rc) return rc;
    d->name = p.data[PART_NAME];
    d->unit = p.data[PART_UNIT];
    d->kind = p.bytes[PART_KIND] == 1 ? *(const unsigned char *)p.data[PART_KIND] : 0;
    if (d->kind >= SCTX_MARKER_F64 && d->kind <= SCTX_MARKER_COUNTER && strlen(d->name) == p.bytes[PART_NAME] && name_is_topic(d->name) &&
        strlen(d->unit) == p.bytes[PART_UNIT] && p.bytes[PART_UNIT] <= UNIT_MAX && (!*d->unit || name_is_text(d->unit, UNIT_MAX)))
        return SCTX_OK;
    free(d->buffer);
    return SCTX_ERR_DAMAGED;
}

static uint32_t marker_count(const struct sctx *ctx) {
    uint32_t n = 0, slots = (uint32_t)ctx->header.section[SECTION_MARKERS].count;
    while (n < slots && load_acquire(&ctx->markers[n].block)) n++;
    return n;
}

/* From entry `*id` on; NOT_FOUND leaves *id at the first free entry. */
static int find_from(struct sctx *ctx, const char *name, uint32_t *id, uint32_t *kind) {
    for (uint32_t count = marker_count(ctx); *id < count; ++*id) {
        struct descriptor d;
        int rc = descriptor_get(ctx, *id, &d);
        if (rc == SCTX_ERR_DAMAGED) continue;
        if (rc) return rc;
        bool same = strcmp(d.name, name) == 0;
        *kind = d.kind;
        free(d.buffer);
        if (same) return SCTX_OK;
    }
    return SCTX_ERR_NOT_FOUND;
}

static int find_or_make(struct sctx *ctx, const struct sctx_marker_options *o, uint32_t *id, uint32_t *kind) {
    struct intern_table table = table_of(ctx);
    unsigned char kind_byte = (unsigned char)o->kind;
    const char *unit = o->unit ? o->unit : "";
    struct intern_parts parts = {.data = {o->name, unit, &kind_byte}, .bytes = {(uint32_t)strlen(o->name), (uint32_t)strlen(unit), 1}};
    uint64_t claim = 0;
    int rc = SCTX_ERR_EXISTS;
    for (uint32_t tries = 0; rc == SCTX_ERR_EXISTS && tries < 2 * LAYOUT_MARKER_SLOTS; tries++) {
        rc = find_from(ctx, o->name, id, kind);
        if (rc != SCTX_ERR_NOT_FOUND || ctx->tap || !o->kind) break;
        *kind = o->kind;
        rc = intern_put(ctx, &table, *id, &parts, &claim, o->error);
    }
    intern_abandon(ctx, claim);
    return rc == SCTX_ERR_EXISTS ? SCTX_ERR_DAMAGED : rc;
}

static uint64_t to_word(sctx_level level) {
    uint64_t word;
    memcpy(&word, &level, sizeof word);
    return word;
}

static sctx_level from_word(uint64_t word) {
    sctx_level level;
    memcpy(&level, &word, sizeof level);
    return level;
}

int sctx_marker_open(sctx *ctx, const struct sctx_marker_options *options, sctx_marker **marker) {
    struct sctx_marker_options taken, *const o = &taken;
    if (!ctx || !options || !marker || !options_take(o, sizeof taken, options) || o->flags & ~FLAGS_ALL || o->kind > SCTX_MARKER_COUNTER)
        return SCTX_ERR_INVALID;
    if (!o->name || !name_is_topic(o->name) || strlen(o->name) > SCTX_TOPIC_MAX - 7 /* "marker/" */)
        return fail(o->error, SCTX_ERR_NAME, "a marker's name is like a topic's, with at most %u bytes", SCTX_TOPIC_MAX - 7);
    if (o->unit && *o->unit && !name_is_text(o->unit, UNIT_MAX))
        return fail(o->error, SCTX_ERR_NAME, "a unit is UTF-8 without control characters, at most %u bytes", UNIT_MAX);
    int rc = context_usable(ctx);
    if (rc) return rc;
    if (context_removed(ctx)) return SCTX_ERR_REMOVED;
    uint32_t id = 0, kind = 0;
    pthread_mutex_lock(&ctx->mutex);
    rc = find_or_make(ctx, o, &id, &kind);
    pthread_mutex_unlock(&ctx->mutex);
    if (rc) return rc;
    if (o->kind && kind != o->kind) return fail(o->error, SCTX_ERR_KIND, "the marker is there already, with another kind");
    struct sctx_marker *m = calloc(1, sizeof *m);
    if (!m || !(m->name = strdup(o->name))) {
        free(m);
        return SCTX_ERR_NO_MEMORY;
    }
    m->ctx = ctx;
    m->entry = &ctx->markers[id];
    m->kind = kind;
    if (!ctx->tap && o->flags) {
        if (o->flags & SCTX_MARKER_HAS_LOW) store_relaxed(&m->entry->low, to_word(o->low));
        if (o->flags & SCTX_MARKER_HAS_HIGH) store_relaxed(&m->entry->high, to_word(o->high));
        if (o->flags & SCTX_MARKER_ANNOUNCE) store_relaxed(&m->entry->step, to_word(o->step));
        atomic_fetch_or(&m->entry->flags, o->flags);
    }
    *marker = m;
    return SCTX_OK;
}

void sctx_marker_close(sctx_marker *m) {
    if (!m) return;
    sctx_writer_close(m->writer);
    free(m->name);
    free(m);
}

/* ---- announcing ----------------------------------------------------------------------------------------------------------- */

static double as_double(uint32_t kind, sctx_level level) {
    return kind == SCTX_MARKER_F64 ? level.f64 : kind == SCTX_MARKER_I64 ? (double)level.i64 : (double)level.counter;
}

static int compare(uint32_t kind, sctx_level a, sctx_level b) {
    if (kind == SCTX_MARKER_F64) return a.f64 < b.f64 ? -1 : a.f64 > b.f64;
    if (kind == SCTX_MARKER_I64) return a.i64 < b.i64 ? -1 : a.i64 > b.i64;
    return a.counter < b.counter ? -1 : a.counter > b.counter;
}

/* "low", "normal" or "high". */
static const char *zone(uint32_t kind, uint32_t flags, const struct marker_entry *e, sctx_level level) {
    if (flags & SCTX_MARKER_HAS_HIGH && compare(kind, level, from_word(load_relaxed(&e->high))) > 0) return "high";
    if (flags & SCTX_MARKER_HAS_LOW && compare(kind, level, from_word(load_relaxed(&e->low))) < 0) return "low";
    return "normal";
}

static void format_level(char *buf, size_t n, uint32_t kind, sctx_level level) {
    if (kind == SCTX_MARKER_I64) {
        (void)snprintf(buf, n, "%lld", (long long)level.i64);
    } else if (kind == SCTX_MARKER_COUNTER) {
        (void)snprintf(buf, n, "%llu", (unsigned long long)level.counter);
    } else if (!isfinite(level.f64)) {
        (void)snprintf(buf, n, "{\"$float\":\"%s\"}", isnan(level.f64) ? "nan" : level.f64 > 0 ? "inf" : "-inf");
    } else {
        for (int digits = 15; digits <= DBL_DECIMAL_DIG; digits++) { /* the shortest that reads back the same */
            (void)snprintf(buf, n, "%.*g", digits, level.f64);
            if (compare(kind, level, (sctx_level){.f64 = strtod(buf, NULL)}) == 0) break;
        }
        for (char *p = buf; *p; p++) /* whatever the locale */
            if (*p == ',') *p = '.';
    }
}

/* A JSON string of a valid UTF-8 name without control characters. */
static void quote(char *to, const char *name) {
    *to++ = '"';
    for (; *name; *to++ = *name++)
        if (*name == '"' || *name == '\\') *to++ = '\\';
    *to++ = '"';
    *to = '\0';
}

static int announcer_open(struct sctx_marker *m) {
    char topic[SCTX_TOPIC_MAX + 8];
    (void)snprintf(topic, sizeof topic, "marker/%s", m->name);
    struct sctx_topic_options o = {.size = sizeof o, .name = topic, .encoding = "json"};
    int rc = sctx_topic_register(m->ctx, &o, &m->topic);
    return rc ? rc : sctx_writer_open(m->ctx, NULL, &m->writer);
}

/* `was` NULL: it was never set, and counts as within its thresholds. */
static int announce(struct sctx_marker *m, const sctx_level *was, sctx_level now) {
    struct marker_entry *e = m->entry;
    uint32_t flags = load_relaxed(&e->flags);
    const char *zone_was = was ? zone(m->kind, flags, e, *was) : "normal", *zone_now = zone(m->kind, flags, e, now);
    double step = as_double(m->kind, from_word(load_relaxed(&e->step)));
    uint64_t announced = load_relaxed(&e->announced);
    bool crossed = strcmp(zone_was, zone_now) != 0;
    do { /* of those who see the same step at once, one tells it, and the others look again from there; a crossing is told by who made it */
        double moved = fabs(as_double(m->kind, now) - as_double(m->kind, from_word(announced)));
        if (!crossed && !(step > 0 && moved >= step)) return SCTX_OK;
    } while (!atomic_compare_exchange_weak(&e->announced, &announced, to_word(now)));
    int rc = m->writer ? SCTX_OK : announcer_open(m);
    if (rc) return rc;
    char text[1200], name[2 * SCTX_TOPIC_MAX + 3], value[40], before[40] = "null";
    quote(name, m->name);
    format_level(value, sizeof value, m->kind, now);
    if (was) format_level(before, sizeof before, m->kind, *was);
    int n = snprintf(text, sizeof text, "{\"marker\":%s,\"value\":%s,\"was\":%s,\"zone\":\"%s\",\"crossed\":%s}", name, value, before,
                     zone_now, crossed ? "true" : "false");
    return sctx_publish(m->writer, m->topic, text, (size_t)n, NULL);
}

/* ---- levels --------------------------------------------------------------------------------------------------------------- */

static int changeable(const struct sctx_marker *m) {
    int rc = context_usable(m->ctx);
    return rc ? rc : m->ctx->tap ? SCTX_ERR_READ_ONLY : SCTX_OK;
}

static void touch(struct sctx_marker *m) {
    store_relaxed(&m->entry->ticks, clock_now(m->ctx->header.clock));
}

/* Before it is: of all who set it, one is the first. */
static bool first_set(struct sctx_marker *m) {
    return load_relaxed(&m->entry->ticks) == 0 && atomic_exchange(&m->entry->ticks, clock_now(m->ctx->header.clock)) == 0;
}

int sctx_marker_set(sctx_marker *m, sctx_level level) {
    if (!m) return SCTX_ERR_INVALID;
    int rc = changeable(m);
    if (rc) return rc;
    if (m->kind == SCTX_MARKER_COUNTER) return SCTX_ERR_KIND;
    bool announces = load_relaxed(&m->entry->flags) & SCTX_MARKER_ANNOUNCE;
    if (likely(!announces)) {
        store_release(&m->entry->level, to_word(level));
        touch(m);
        return SCTX_OK;
    }
    bool first = first_set(m);
    uint64_t was = load_relaxed(&m->entry->level); /* swapped, so that of two who cross at once each sees its own crossing */
    TESTPOINT("marker:before-swap");
    while (!atomic_compare_exchange_weak(&m->entry->level, &was, to_word(level))) {}
    TESTPOINT("marker:swapped");
    touch(m);
    const sctx_level before = from_word(was);
    return announce(m, first && was == 0 ? NULL : &before, level);
}

static sctx_level sum(uint32_t kind, sctx_level a, sctx_level b) {
    if (kind == SCTX_MARKER_F64) return (sctx_level){.f64 = a.f64 + b.f64};
    return (sctx_level){.counter = a.counter + b.counter}; /* two's complement: i64 as well */
}

int sctx_marker_add(sctx_marker *m, sctx_level delta, sctx_level *now) {
    if (!m) return SCTX_ERR_INVALID;
    int rc = changeable(m);
    if (rc) return rc;
    bool announces = load_relaxed(&m->entry->flags) & SCTX_MARKER_ANNOUNCE, first = announces && first_set(m);
    uint64_t was;
    if (m->kind != SCTX_MARKER_F64) {
        was = atomic_fetch_add(&m->entry->level, delta.counter);
    } else {
        was = load_relaxed(&m->entry->level);
        TESTPOINT("marker:before-swap");
        while (!atomic_compare_exchange_weak(&m->entry->level, &was, to_word(sum(m->kind, from_word(was), delta)))) {}
    }
    TESTPOINT("marker:swapped");
    touch(m);
    const sctx_level before = from_word(was), level = sum(m->kind, before, delta);
    if (now) *now = level;
    return announces ? announce(m, first && was == 0 ? NULL : &before, level) : SCTX_OK;
}

sctx_level sctx_marker_level(const sctx_marker *m) {
    if (!m || *m->ctx->fork_token == 0) return (sctx_level){0};
    return from_word(load_acquire(&m->entry->level));
}

/* ---- listing -------------------------------------------------------------------------------------------------------------- */

uint32_t sctx_marker_count(sctx *ctx) {
    return ctx && *ctx->fork_token ? marker_count(ctx) : 0;
}

/* Name and unit live as long as the context: kept beside its other caches, by id. */
static int descriptor_kept(struct sctx *ctx, uint32_t id, struct descriptor *d) {
    if (id >= LAYOUT_MARKER_SLOTS) return SCTX_ERR_NOT_FOUND;
    if (!ctx->marker_names && !(ctx->marker_names = calloc(LAYOUT_MARKER_SLOTS, sizeof *ctx->marker_names))) return SCTX_ERR_NO_MEMORY;
    struct marker_name *kept = &ctx->marker_names[id];
    if (!kept->buffer) {
        int rc = descriptor_get(ctx, id, d);
        if (rc) return rc;
        *kept = (struct marker_name){d->buffer, d->name, d->unit, d->kind};
    }
    *d = (struct descriptor){kept->buffer, kept->name, kept->unit, kept->kind};
    return SCTX_OK;
}

int sctx_marker_get(sctx *ctx, uint32_t id, struct sctx_marker_state *out) {
    if (!ctx || !out) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    struct descriptor d;
    pthread_mutex_lock(&ctx->mutex);
    rc = id < marker_count(ctx) ? descriptor_kept(ctx, id, &d) : SCTX_ERR_NOT_FOUND;
    pthread_mutex_unlock(&ctx->mutex);
    if (rc) return rc;
    const struct marker_entry *e = &ctx->markers[id];
    uint64_t ticks = load_relaxed(&e->ticks);
    struct sctx_marker_state s = {
        .size = out->size,
        .kind = d.kind,
        .flags = load_relaxed(&e->flags) & FLAGS_ALL,
        .id = id,
        .name = d.name,
        .unit = d.unit,
        .level = from_word(load_acquire(&e->level)),
        .low = from_word(load_relaxed(&e->low)),
        .high = from_word(load_relaxed(&e->high)),
        .step = from_word(load_relaxed(&e->step)),
        .time_ns = ticks ? context_time(ctx, ticks) : 0,
    };
    memcpy(out, &s, out->size && out->size < sizeof s ? out->size : sizeof s);
    return SCTX_OK;
}

int sctx_marker_find(sctx *ctx, const char *name, uint32_t *id) {
    if (!ctx || !name || !id) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    uint32_t at = 0, kind;
    rc = find_from(ctx, name, &at, &kind);
    if (rc == SCTX_OK) *id = at;
    return rc;
}
