#include "recording_topics.h"
#include "recording.h"

#include <stdlib.h>
#include <string.h>

struct recorded_schema {
    struct recorded_schema *next; /* another one that had the same id */
    const char *seen;             /* where it lay in the file's reader: need not be compared again */
    uint32_t len, hash;
    uint8_t data[];
};

static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) hash = (hash ^ at[i]) * 16777619u;
    return (hash ^ 0xFF) * 16777619u;
}

static bool same_bytes(struct mcap_str str, const void *bytes, size_t len) {
    return str.len == len && (len == 0 || memcmp(str.data, bytes, len) == 0);
}

/* NUL-terminated, up to a NUL in it. */
static char *copy_text(struct mcap_str str) {
    char *copy = malloc(str.len + 1);
    if (copy == NULL) return NULL;
    if (str.len > 0) memcpy(copy, str.data, str.len);
    copy[str.len] = '\0';
    return copy;
}

/* ---- schemas ---------------------------------------------------------------------------------------------------------------- */

static bool make_place_for(struct recorded_topics *topics, uint16_t id) {
    if (id < topics->schema_ids) return true;
    uint32_t count = ((uint32_t)id | 63) + 1;
    struct recorded_schema **larger = realloc(topics->schemas, count * sizeof(struct recorded_schema *));
    if (larger == NULL) return false;
    for (uint32_t i = topics->schema_ids; i < count; i++) larger[i] = NULL;
    topics->schemas = larger;
    topics->schema_ids = count;
    return true;
}

static struct recorded_schema *find_schema(struct recorded_topics *topics, const struct mcap_schema *schema) {
    if (!make_place_for(topics, schema->id)) return NULL;
    for (struct recorded_schema *known = topics->schemas[schema->id]; known != NULL; known = known->next) {
        if (known->seen == schema->data.data) return known;
        if (!same_bytes(schema->data, known->data, known->len)) continue;
        known->seen = schema->data.data;
        return known;
    }
    struct recorded_schema *copy = malloc(sizeof *copy + schema->data.len);
    if (copy == NULL) return NULL;
    copy->next = topics->schemas[schema->id];
    copy->seen = schema->data.data;
    copy->len = (uint32_t)schema->data.len;
    copy->hash = hash_bytes(2166136261u, schema->data.data, copy->len);
    memcpy(copy->data, schema->data.data, copy->len);
    topics->schemas[schema->id] = copy;
    return copy;
}

/* ---- topics ----------------------------------------------------------------------------------------------------------------- */

struct wanted {
    struct mcap_str name, encoding;
    const struct recorded_schema *schema; /* NULL: none */
    uint32_t hash;
};

static bool is_wanted(const struct source_topic *topic, const struct wanted *wanted) {
    const struct recorded_schema *schema = wanted->schema;
    if (!same_bytes(wanted->name, topic->name, strlen(topic->name))) return false;
    if (!same_bytes(wanted->encoding, topic->encoding, strlen(topic->encoding))) return false;
    if (schema == NULL) return topic->schema_len == 0;
    return topic->schema == schema->data || same_bytes((struct mcap_str){topic->schema, topic->schema_len}, schema->data, schema->len);
}

static uint32_t *slot_of(const struct recorded_topics *topics, const struct wanted *wanted) {
    uint32_t at = wanted->hash & (topics->slot_count - 1);
    while (topics->slots[at] != 0 && !is_wanted(topics->list[topics->slots[at] - 1], wanted)) at = (at + 1) & (topics->slot_count - 1);
    return &topics->slots[at];
}

static bool grow(struct recorded_topics *topics) {
    uint32_t room = topics->room > 0 ? topics->room * 4 : 64;
    struct source_topic **list = realloc(topics->list, room * sizeof(struct source_topic *));
    if (list == NULL) return false;
    topics->list = list;
    uint32_t *hashes = realloc(topics->hashes, room * sizeof *hashes);
    if (hashes == NULL) return false;
    topics->hashes = hashes;
    uint32_t *slots = calloc((size_t)room * 2, sizeof *slots);
    if (slots == NULL) return false;
    free(topics->slots);
    topics->slots = slots;
    topics->slot_count = room * 2;
    topics->room = room;
    for (uint32_t id = 0; id < topics->count; id++) {
        uint32_t at = hashes[id] & (topics->slot_count - 1);
        while (slots[at] != 0) at = (at + 1) & (topics->slot_count - 1);
        slots[at] = id + 1;
    }
    return true;
}

static void free_topic(struct source_topic *topic) {
    free((char *)(uintptr_t)topic->name);
    free((char *)(uintptr_t)topic->encoding);
    free(topic);
}

static struct source_topic *make_topic(const struct wanted *wanted, const char *kind) {
    struct source_topic *topic = calloc(1, sizeof *topic);
    if (topic == NULL) return NULL;
    topic->name = copy_text(wanted->name);
    topic->encoding = copy_text(wanted->encoding);
    if (wanted->schema != NULL) {
        topic->schema = wanted->schema->data;
        topic->schema_len = wanted->schema->len;
        topic->kind = kind;
    }
    if (topic->name != NULL && topic->encoding != NULL) return topic;
    free_topic(topic);
    return NULL;
}

/* Texts end at a NUL in them: what comes behind makes no other topic. */
static struct mcap_str as_text(struct mcap_str str) {
    const char *nul = str.len > 0 ? memchr(str.data, '\0', str.len) : NULL;
    return (struct mcap_str){str.data, nul != NULL ? (size_t)(nul - str.data) : str.len};
}

struct source_topic *recorded_topic(struct recorded_topics *topics, struct mcap_str name, struct mcap_str encoding,
                                    const struct mcap_schema *schema) {
    struct wanted wanted = {.name = as_text(name), .encoding = as_text(encoding)};
    if (schema != NULL && schema->data.len > 0 && schema->data.len <= SCTX_SCHEMA_MAX &&
        (wanted.schema = find_schema(topics, schema)) == NULL)
        return NULL;
    wanted.hash = hash_bytes(wanted.schema != NULL ? wanted.schema->hash : 0, wanted.name.data, wanted.name.len);
    wanted.hash = hash_bytes(wanted.hash, wanted.encoding.data, wanted.encoding.len);
    if (topics->room == 0 && !grow(topics)) return NULL;
    uint32_t *slot = slot_of(topics, &wanted);
    if (*slot != 0) return topics->list[*slot - 1];
    if (topics->count == UINT16_MAX) return NULL;
    if (topics->count == topics->room) {
        if (!grow(topics)) return NULL;
        slot = slot_of(topics, &wanted);
    }
    struct source_topic *topic = make_topic(&wanted, schema != NULL ? recording_schema_kind(schema->encoding) : NULL);
    if (topic == NULL) return NULL;
    topic->id = (uint16_t)topics->count;
    topics->hashes[topics->count] = wanted.hash;
    topics->list[topics->count++] = topic;
    *slot = topics->count;
    return topic;
}

void recorded_topics_reopen(struct recorded_topics *topics) {
    for (uint32_t id = 0; id < topics->schema_ids; id++)
        for (struct recorded_schema *schema = topics->schemas[id]; schema != NULL; schema = schema->next) schema->seen = NULL;
}

void recorded_topics_free(struct recorded_topics *topics) {
    for (uint32_t id = 0; id < topics->count; id++) free_topic(topics->list[id]);
    for (uint32_t id = 0; id < topics->schema_ids; id++) {
        while (topics->schemas[id] != NULL) {
            struct recorded_schema *schema = topics->schemas[id];
            topics->schemas[id] = schema->next;
            free(schema);
        }
    }
    free(topics->list);
    free(topics->hashes);
    free(topics->slots);
    free(topics->schemas);
}
