#include "channels.h"
#include "mcap_emit.h"
#include "recording.h"

#include <stdlib.h>
#include <string.h>

/* From here on senders share. */
enum { OWN_MAX = 40000, IDS = 65535 };

static uint32_t hash_of(const struct source_topic *topic, const char *from, bool is_sample) {
    uint32_t hash = 2166136261u ^ topic->id ^ (is_sample ? 0x80000000u : 0);
    for (const char *at = from; *at != '\0'; at++) hash = (hash ^ (uint8_t)*at) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t *slot_of(struct channels *channels, const struct source_topic *topic, const char *from, bool is_sample) {
    uint32_t at = hash_of(topic, from, is_sample) & (channels->slot_count - 1);
    for (;; at = (at + 1) & (channels->slot_count - 1)) {
        uint32_t *slot = &channels->slots[at];
        if (*slot == 0) return slot;
        const struct channel *channel = &channels->list[*slot - 1];
        if (channel->topic == topic && channel->is_sample == is_sample && strcmp(channel->from, from) == 0) return slot;
    }
}

static bool grow(struct channels *channels) {
    uint32_t room = channels->room > 0 ? channels->room * 2 : 64;
    struct channel *list = realloc(channels->list, room * sizeof *list);
    if (list == NULL) return false;
    channels->list = list;
    uint32_t *slots = calloc((size_t)room * 2, sizeof *slots);
    if (slots == NULL) return false;
    free(channels->slots);
    channels->slots = slots;
    channels->slot_count = room * 2;
    channels->room = room;
    for (uint32_t i = 0; i < channels->count; i++) *slot_of(channels, list[i].topic, list[i].from, list[i].is_sample) = i + 1;
    return true;
}

static struct channel *add(struct channels *channels, const struct source_message *message, const char *from) {
    if (channels->count >= IDS || (channels->count == channels->room && !grow(channels))) return NULL;
    char *copy = strdup(from);
    if (copy == NULL) return NULL;
    uint32_t *slot = slot_of(channels, message->topic, from, message->is_sample);
    struct channel *channel = &channels->list[channels->count++];
    *channel = (struct channel){.topic = message->topic, .from = copy, .id = (uint16_t)channels->count, .is_sample = message->is_sample};
    *slot = channels->count;
    return channel;
}

struct channel *channels_find(struct channels *channels, const struct source_message *message) {
    if (channels->last != NULL && channels->last_topic == message->topic && channels->last_join == message->join && message->join != 0 &&
        channels->last->is_sample == message->is_sample)
        return channels->last;
    if (channels->room == 0 && !grow(channels)) return NULL;
    const char *from = message->is_sample ? "" : message->from;
    uint32_t found = *slot_of(channels, message->topic, from, message->is_sample);
    bool shares = found == 0 && channels->count >= OWN_MAX;
    if (shares) {
        from = "";
        found = *slot_of(channels, message->topic, from, message->is_sample);
    }
    struct channel *channel = found != 0 ? &channels->list[found - 1] : add(channels, message, from);
    if (channel != NULL) channel->is_shared |= shares;
    channels->last = channel;
    channels->last_topic = message->topic;
    channels->last_join = message->join;
    return channel;
}

/* 0: none. Ids count up as topics with schemas come. */
static bool schema_of(struct channels *channels, const struct source_topic *topic, uint16_t *id) {
    *id = 0;
    if (topic->schema_len == 0) return true;
    if (topic->id >= channels->schema_topics) {
        uint32_t count = ((uint32_t)topic->id | 63) + 1;
        uint16_t *larger = realloc(channels->schemas, count * sizeof *larger);
        if (larger == NULL) return false;
        memset(larger + channels->schema_topics, 0, (count - channels->schema_topics) * sizeof *larger);
        channels->schemas = larger;
        channels->schema_topics = count;
    }
    if (channels->schemas[topic->id] == 0) channels->schemas[topic->id] = (uint16_t)++channels->schema_count;
    *id = channels->schemas[topic->id];
    return true;
}

/* Other programs know a schema by the type that it describes. */
static struct mcap_str schema_name(const struct source_topic *topic) {
    const char *colon = strchr(topic->encoding, ':');
    return mcap_text(colon != NULL ? colon + 1 : topic->name);
}

bool channels_define(struct channels *channels, struct channel *channel, struct mcap_batch *batch, uint32_t number) {
    const struct source_topic *topic = channel->topic;
    struct mcap_buffer map = {.data = NULL};
    uint16_t schema_id;
    if (channel->batch == number) return true;
    if (!schema_of(channels, topic, &schema_id)) return false;
    const struct mcap_schema schema = {.id = schema_id,
                                       .name = schema_name(topic),
                                       .encoding = recording_schema_encoding(topic->encoding),
                                       .data = {topic->schema, topic->schema_len}};
    bool done = schema_id == 0 || mcap_batch_schema(batch, &schema) == MCAP_OK;
    done = done && mcap_map_add(&map, mcap_text("sctx:encoding"), mcap_text(topic->encoding));
    done = done && mcap_map_add(&map, mcap_text("sctx:sender"), mcap_text(channel->from));
    if (channel->is_sample) done = done && mcap_map_add(&map, mcap_text("sctx:marker"), mcap_text(topic->name));
    const struct mcap_channel is = {.id = channel->id,
                                    .schema_id = schema_id,
                                    .topic = mcap_text(topic->name),
                                    .message_encoding = recording_message_encoding(topic->encoding),
                                    .metadata = {map.data, map.len}};
    done = done && mcap_batch_channel(batch, &is) == MCAP_OK;
    mcap_buffer_free(&map);
    if (done) channel->batch = number;
    return done;
}

void channels_free(struct channels *channels) {
    for (uint32_t i = 0; i < channels->count; i++) free(channels->list[i].from);
    free(channels->list);
    free(channels->slots);
    free(channels->schemas);
}
