#include "level.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct level {
    const struct source_topic *topic;
    sctx_marker *marker;
    uint32_t kind;
};

struct levels {
    struct level *list;
    size_t count, room;
};

struct levels *levels_open(void) {
    return calloc(1, sizeof(struct levels));
}

void levels_close(struct levels *levels) {
    if (levels == NULL) return;
    for (size_t i = 0; i < levels->count; i++) sctx_marker_close(levels->list[i].marker);
    free(levels->list);
    free(levels);
}

static uint32_t kind_of(const cJSON *sample) {
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sample, "kind"));
    if (kind == NULL) return 0;
    return strcmp(kind, "f64") == 0       ? SCTX_MARKER_F64
           : strcmp(kind, "i64") == 0     ? SCTX_MARKER_I64
           : strcmp(kind, "counter") == 0 ? SCTX_MARKER_COUNTER
                                          : 0;
}

/* Also {"$float":"nan"}; of integers the exact text where there is one. */
static bool level_of(const cJSON *sample, const char *key, uint32_t kind, sctx_level *level) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(sample, key);
    const char *special = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(value, "$float"));
    const char *exact = strcmp(key, "level") == 0 ? cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sample, "exact")) : NULL;
    *level = (sctx_level){.counter = 0};
    if (special == NULL && !cJSON_IsNumber(value)) return false;
    errno = 0;
    if (kind == SCTX_MARKER_F64)
        level->f64 = special != NULL ? strtod(special, NULL) : value->valuedouble;
    else if (special != NULL || (exact == NULL && fabs(value->valuedouble) > 9007199254740992.0))
        return false;
    else if (kind == SCTX_MARKER_I64)
        level->i64 = exact != NULL ? strtoll(exact, NULL, 10) : (int64_t)value->valuedouble;
    else
        level->counter = exact != NULL ? strtoull(exact, NULL, 10) : (uint64_t)value->valuedouble;
    return errno == 0;
}

/* "marker/NAME/level" */
static bool name_of(const char *topic, char name[static SCTX_TOPIC_MAX + 1]) {
    size_t len = strlen(topic), around = strlen("marker/") + strlen("/level");
    if (len <= around || len > SCTX_TOPIC_MAX || strncmp(topic, "marker/", 7) != 0 || strcmp(topic + len - 6, "/level") != 0) return false;
    (void)snprintf(name, SCTX_TOPIC_MAX + 1, "%.*s", (int)(len - around), topic + 7);
    return true;
}

static int open_marker(const struct source_message *message, sctx *ctx, const cJSON *sample, struct level *level) {
    char name[SCTX_TOPIC_MAX + 1];
    struct sctx_marker_options options = SCTX_INIT(options);
    level->kind = kind_of(sample);
    if (level->kind == 0 || !name_of(message->topic->name, name)) return SCTX_AGAIN;
    options.kind = level->kind;
    options.name = name;
    options.unit = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sample, "unit"));
    if (level_of(sample, "low", level->kind, &options.low)) options.flags |= SCTX_MARKER_HAS_LOW;
    if (level_of(sample, "high", level->kind, &options.high)) options.flags |= SCTX_MARKER_HAS_HIGH;
    return sctx_marker_open(ctx, &options, &level->marker);
}

static int find(struct levels *levels, sctx *ctx, const struct source_message *message, const cJSON *sample, struct level **found) {
    for (size_t i = 0; i < levels->count; i++) {
        *found = &levels->list[i];
        if ((*found)->topic == message->topic) return SCTX_OK;
    }
    if (levels->count == levels->room) {
        size_t room = levels->room > 0 ? levels->room * 2 : 32;
        struct level *larger = realloc(levels->list, room * sizeof *larger);
        if (larger == NULL) return SCTX_ERR_NO_MEMORY;
        levels->list = larger;
        levels->room = room;
    }
    *found = &levels->list[levels->count];
    **found = (struct level){.topic = message->topic};
    int status = open_marker(message, ctx, sample, *found);
    if (status == SCTX_OK) levels->count++;
    return status;
}

static int set(const struct level *level, sctx_level to) {
    if (level->kind != SCTX_MARKER_COUNTER) return sctx_marker_set(level->marker, to);
    /* A counter is only added to. */
    const sctx_level delta = {.counter = to.counter - sctx_marker_level(level->marker).counter};
    return delta.counter == 0 ? SCTX_OK : sctx_marker_add(level->marker, delta, NULL);
}

int levels_set(struct levels *levels, sctx *ctx, const struct source_message *message) {
    cJSON *sample = cJSON_ParseWithLength(message->data, message->len);
    struct level *level = NULL;
    sctx_level to;
    int status = sample != NULL ? find(levels, ctx, message, sample, &level) : SCTX_AGAIN;
    if (status == SCTX_OK && level_of(sample, "level", level->kind, &to)) status = set(level, to);
    cJSON_Delete(sample);
    return status == SCTX_AGAIN ? SCTX_OK : status;
}
