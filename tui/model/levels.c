#include "levels.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

void levels_reset(struct levels *levels) {
    free(levels->list);
    *levels = (struct levels){.list = NULL};
}

bool levels_copy(struct levels *to, const struct levels *from) {
    struct level *list = from->count > 0 ? malloc(from->count * sizeof *list) : NULL;
    if (from->count > 0 && list == NULL) return false;
    if (from->count > 0) memcpy(list, from->list, from->count * sizeof *list);
    free(to->list);
    *to = (struct levels){list, from->count, from->count, from->unheld};
    return true;
}

/* `guess`: where it most likely is. */
static struct level *level_of(struct levels *levels, const char *name, uint32_t guess) {
    if (guess < levels->count && strcmp(levels->list[guess].name, name) == 0) return &levels->list[guess];
    for (uint32_t i = 0; i < levels->count; i++)
        if (strcmp(levels->list[i].name, name) == 0) return &levels->list[i];
    if (levels->count == levels->room) {
        uint32_t room = levels->room == 0 ? 16 : 2 * levels->room;
        struct level *list = levels->count < LEVELS_MAX ? realloc(levels->list, room * sizeof *list) : NULL;
        if (list == NULL) {
            levels->unheld++;
            return NULL;
        }
        levels->list = list;
        levels->room = room;
    }
    struct level *level = &levels->list[levels->count++];
    *level = (struct level){.second = INT64_MIN};
    (void)snprintf(level->name, sizeof level->name, "%s", name);
    return level;
}

static size_t place_of(int64_t second) {
    return (size_t)(second % LEVELS_SECONDS);
}

static void note(struct level *level, int64_t now_ns) {
    int64_t second = now_ns / SECOND;
    if (second < 0) return;
    if (level->second == INT64_MIN || second - level->second > LEVELS_SECONDS) {
        level->since = second;
    } else {
        double before = level->by_second[place_of(level->second)];
        for (int64_t at = level->second + 1; at < second; at++) level->by_second[place_of(at)] = before;
    }
    if (second > level->second) level->second = second;
    level->by_second[place_of(level->second)] = level->value;
}

size_t level_history(const struct level *level, int64_t now_ns, double *values, size_t count) {
    int64_t second = now_ns / SECOND;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t at = second - (int64_t)(count - 1 - i);
        if (at > level->second) at = level->second; /* it has stayed so since */
        if (level->second == INT64_MIN || at < level->since || at <= level->second - LEVELS_SECONDS || at < 0) continue;
        values[known++] = level->by_second[place_of(at)];
    }
    return known;
}

/* ---- of a context ----------------------------------------------------------------------------------------------------------- */

static void put_level(char *text, size_t room, uint32_t kind, sctx_level level) {
    if (kind == SCTX_MARKER_F64)
        (void)snprintf(text, room, "%.6g", level.f64);
    else if (kind == SCTX_MARKER_I64)
        (void)snprintf(text, room, "%" PRId64, level.i64);
    else
        (void)snprintf(text, room, "%" PRIu64, level.counter);
}

static double real_of(uint32_t kind, sctx_level level) {
    return kind == SCTX_MARKER_F64 ? level.f64 : kind == SCTX_MARKER_I64 ? (double)level.i64 : (double)level.counter;
}

void levels_look(struct levels *levels, sctx *ctx, int64_t now_ns) {
    static const char *const kinds[] = {"?", "f64", "i64", "counter"};
    uint32_t count = sctx_marker_count(ctx);
    for (uint32_t id = 0; id < count && id < LEVELS_MAX; id++) {
        struct sctx_marker_state state = SCTX_INIT(state);
        if (sctx_marker_get(ctx, id, &state) < 0) continue;
        struct level *level = level_of(levels, state.name, id);
        if (level == NULL) continue;
        (void)snprintf(level->kind, sizeof level->kind, "%s", kinds[state.kind <= SCTX_MARKER_COUNTER ? state.kind : 0]);
        (void)snprintf(level->unit, sizeof level->unit, "%s", state.unit);
        put_level(level->text, sizeof level->text, state.kind, state.level);
        level->low[0] = level->high[0] = '\0';
        if ((state.flags & SCTX_MARKER_HAS_LOW) != 0) put_level(level->low, sizeof level->low, state.kind, state.low);
        if ((state.flags & SCTX_MARKER_HAS_HIGH) != 0) put_level(level->high, sizeof level->high, state.kind, state.high);
        level->value = real_of(state.kind, state.level);
        level->is_low = (state.flags & SCTX_MARKER_HAS_LOW) != 0 && level->value < real_of(state.kind, state.low);
        level->is_high = (state.flags & SCTX_MARKER_HAS_HIGH) != 0 && level->value > real_of(state.kind, state.high);
        level->time_ns = state.time_ns;
        if (state.time_ns != 0) note(level, now_ns);
    }
}

/* ---- of a recording --------------------------------------------------------------------------------------------------------- */

static void take_text(char *to, size_t room, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    (void)snprintf(to, room, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

/* {"level":4.5,"kind":"f64","unit":"C"}, on "marker/NAME/level" */
void levels_add(struct levels *levels, const struct source_message *sample) {
    static const char before[] = "marker/", behind[] = "/level";
    char name[SCTX_TOPIC_MAX + 1];
    size_t len = strlen(sample->topic->name), extra = sizeof before - 1 + sizeof behind - 1;
    if (len <= extra || len - extra >= sizeof name) return;
    (void)snprintf(name, sizeof name, "%.*s", (int)(len - extra), sample->topic->name + sizeof before - 1);
    cJSON *object = cJSON_ParseWithLength(sample->data, sample->len);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, "level");
    struct level *level = cJSON_IsNumber(value) ? level_of(levels, name, UINT32_MAX) : NULL;
    if (level != NULL) {
        take_text(level->kind, sizeof level->kind, object, "kind");
        take_text(level->unit, sizeof level->unit, object, "unit");
        take_text(level->text, sizeof level->text, object, "exact");
        level->value = value->valuedouble;
        if (level->text[0] == '\0') (void)snprintf(level->text, sizeof level->text, "%.6g", level->value);
        level->time_ns = sample->time_ns;
        note(level, sample->time_ns);
    }
    cJSON_Delete(object);
}
