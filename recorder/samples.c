#include "samples.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sampled {
    struct source_topic topic;
    int64_t time_ns; /* of the level that was handed over last; INT64_MIN: none yet */
    bool is_known;
};

struct samples {
    sctx *ctx;
    struct sampled **list; /* by marker id */
    uint32_t count;
};

struct samples *samples_open(sctx *ctx) {
    struct samples *samples = calloc(1, sizeof *samples);
    if (samples != NULL) samples->ctx = ctx;
    return samples;
}

void samples_close(struct samples *samples) {
    if (samples == NULL) return;
    for (uint32_t i = 0; i < samples->count; i++) {
        if (samples->list[i] == NULL) continue;
        free((char *)(uintptr_t)samples->list[i]->topic.name);
        free(samples->list[i]);
    }
    free(samples->list);
    free(samples);
}

static struct sampled *sampled_at(struct samples *samples, uint32_t id, const char *name) {
    if (id >= samples->count) {
        uint32_t count = (id | 63) + 1;
        struct sampled **larger = realloc(samples->list, count * sizeof(struct sampled *));
        if (larger == NULL) return NULL;
        memset(larger + samples->count, 0, (count - samples->count) * sizeof(struct sampled *));
        samples->list = larger;
        samples->count = count;
    }
    if (samples->list[id] != NULL) return samples->list[id];
    size_t room = strlen(name) + sizeof "marker//level";
    char *topic = malloc(room);
    struct sampled *sampled = calloc(1, sizeof *sampled);
    if (topic == NULL || sampled == NULL) {
        free(topic);
        free(sampled);
        return NULL;
    }
    (void)snprintf(topic, room, "marker/%s/level", name);
    sampled->topic = (struct source_topic){.name = topic, .encoding = "json", .id = (uint16_t)(UINT16_MAX - id % 4096)};
    sampled->time_ns = INT64_MIN;
    return samples->list[id] = sampled;
}

/* JSON has no word for nan and infinities. */
static int put_real(char *text, size_t room, double real) {
    if (isnan(real)) return snprintf(text, room, "{\"$float\":\"nan\"}");
    if (isinf(real)) return snprintf(text, room, "{\"$float\":\"%s\"}", real > 0 ? "inf" : "-inf");
    return snprintf(text, room, "%.17g", real);
}

static int put_level(char *text, size_t room, uint32_t kind, sctx_level level) {
    if (kind == SCTX_MARKER_F64) return put_real(text, room, level.f64);
    if (kind == SCTX_MARKER_I64) return snprintf(text, room, "%" PRId64, level.i64);
    return snprintf(text, room, "%" PRIu64, level.counter);
}

static bool is_beyond_doubles(const struct sctx_marker_state *state) {
    const uint64_t most = UINT64_C(1) << 53;
    if (state->kind == SCTX_MARKER_I64) return state->level.i64 > (int64_t)most || state->level.i64 < -(int64_t)most;
    return state->kind == SCTX_MARKER_COUNTER && state->level.counter > most;
}

/* Letters of a unit that JSON would have to escape are left out. */
static size_t payload_of(const struct sctx_marker_state *state, char text[512]) {
    static const char *const kinds[] = {"", "f64", "i64", "counter"};
    char level[40], low[40], high[40], unit[64] = "";
    size_t len = 0;
    for (const char *at = state->unit; *at != '\0' && len < sizeof unit - 1; at++)
        if ((unsigned char)*at >= 0x20 && *at != '"' && *at != '\\') unit[len++] = *at;
    unit[len] = '\0';
    (void)put_level(level, sizeof level, state->kind, state->level);
    int at = snprintf(text, 512, "{\"level\":%s,\"kind\":\"%s\",\"unit\":\"%s\"", level,
                      kinds[state->kind <= SCTX_MARKER_COUNTER ? state->kind : 0], unit);
    if ((state->flags & SCTX_MARKER_HAS_LOW) != 0) {
        (void)put_level(low, sizeof low, state->kind, state->low);
        at += snprintf(text + at, 512 - (size_t)at, ",\"low\":%s", low);
    }
    if ((state->flags & SCTX_MARKER_HAS_HIGH) != 0) {
        (void)put_level(high, sizeof high, state->kind, state->high);
        at += snprintf(text + at, 512 - (size_t)at, ",\"high\":%s", high);
    }
    if (is_beyond_doubles(state)) at += snprintf(text + at, 512 - (size_t)at, ",\"exact\":\"%s\"", level);
    at += snprintf(text + at, 512 - (size_t)at, "}");
    return (size_t)at;
}

bool samples_take(struct samples *samples, uint64_t seq, bool (*take)(void *context, const struct source_message *message), void *context) {
    uint32_t count = sctx_marker_count(samples->ctx);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    for (uint32_t id = 0; id < count; id++) {
        struct sctx_marker_state state = SCTX_INIT(state);
        _Alignas(8) char text[512];
        if (sctx_marker_get(samples->ctx, id, &state) != SCTX_OK) continue;
        struct sampled *sampled = sampled_at(samples, id, state.name);
        if (sampled == NULL) return false;
        if (sampled->time_ns == state.time_ns) continue;
        sampled->time_ns = state.time_ns;
        const struct source_message message = {.seq = seq,
                                               .time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                                               .topic = &sampled->topic,
                                               .from = "",
                                               .data = text,
                                               .len = (uint32_t)payload_of(&state, text),
                                               .is_sample = true,
                                               .has_seq = true};
        if (!take(context, &message)) return false;
    }
    return true;
}
