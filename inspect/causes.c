#include "causes.h"

#include <stdlib.h>
#include <string.h>

/* Ids that messages gave themselves, by hash; the latest one of an id counts. */
struct id {
    uint64_t hash; /* 0: free */
    uint32_t node;
};
struct causes_ids {
    struct id *slots;
    uint32_t room, count;
};

static uint64_t hash_of(sctx_str id) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < id.n; i++) hash = (hash ^ (unsigned char)id.p[i]) * UINT64_C(0x100000001b3);
    return hash != 0 ? hash : 1;
}

static struct id *slot_of(const struct causes_ids *ids, uint64_t hash) {
    uint32_t at = (uint32_t)(hash ^ hash >> 32) & (ids->room - 1);
    while (ids->slots[at].hash != 0 && ids->slots[at].hash != hash) at = (at + 1) & (ids->room - 1);
    return &ids->slots[at];
}

static bool grow_ids(struct causes_ids *ids) {
    struct causes_ids larger = {.room = ids->room > 0 ? ids->room * 2 : 256, .count = ids->count};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    for (uint32_t i = 0; i < ids->room; i++)
        if (ids->slots[i].hash != 0) *slot_of(&larger, ids->slots[i].hash) = ids->slots[i];
    free(ids->slots);
    *ids = larger;
    return true;
}

static bool add_id(struct causes *causes, sctx_str id, uint32_t node) {
    if (causes->ids == NULL) causes->ids = calloc(1, sizeof *causes->ids);
    struct causes_ids *ids = causes->ids;
    if (ids == NULL || (ids->count * 2 >= ids->room && !grow_ids(ids))) return false;
    struct id *slot = slot_of(ids, hash_of(id));
    ids->count += slot->hash == 0;
    *slot = (struct id){hash_of(id), node};
    return true;
}

static uint32_t find_id(const struct causes *causes, sctx_str id) {
    if (causes->ids == NULL || causes->ids->room == 0) return CAUSES_NONE;
    const struct id *slot = slot_of(causes->ids, hash_of(id));
    return slot->hash != 0 ? slot->node : CAUSES_NONE;
}

static bool has_room(struct causes *causes) {
    if (causes->count < causes->room) return true;
    uint32_t room = causes->room > 0 ? causes->room * 2 : 1024;
    struct causes_node *nodes = realloc(causes->nodes, room * sizeof *nodes);
    if (nodes == NULL) return false;
    causes->nodes = nodes;
    uint32_t *last = realloc(causes->last, room * sizeof *last);
    if (last == NULL) return false;
    causes->last = last;
    causes->room = room;
    return true;
}

static uint32_t parent_of(const struct causes *causes, bool has_cause, uint64_t cause, const struct tree *keys) {
    if (has_cause) return causes_find(causes, cause);
    if (keys == NULL || keys->keys[SCTX_KEY_CAUSE].len == 0) return CAUSES_NONE;
    return find_id(causes, tree_str(keys, keys->keys[SCTX_KEY_CAUSE]));
}

bool causes_add(struct causes *causes, uint64_t seq, int64_t time_ns, bool has_cause, uint64_t cause, const struct tree *keys) {
    if (!has_room(causes)) return false;
    uint32_t node = causes->count, parent = parent_of(causes, has_cause, cause, keys);
    bool names_one = has_cause || (keys != NULL && keys->keys[SCTX_KEY_CAUSE].len > 0);
    causes->nodes[node] = (struct causes_node){seq, time_ns, parent, CAUSES_NONE, CAUSES_NONE, names_one && parent == CAUSES_NONE};
    causes->last[node] = CAUSES_NONE;
    causes->count++;
    if (parent != CAUSES_NONE) {
        if (causes->last[parent] == CAUSES_NONE)
            causes->nodes[parent].first = node;
        else
            causes->nodes[causes->last[parent]].next = node;
        causes->last[parent] = node;
    }
    return keys == NULL || keys->keys[SCTX_KEY_SELF].len == 0 || add_id(causes, tree_str(keys, keys->keys[SCTX_KEY_SELF]), node);
}

uint32_t causes_find(const struct causes *causes, uint64_t seq) {
    uint32_t low = 0, high = causes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (causes->nodes[middle].seq == seq) return middle;
        if (causes->nodes[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return CAUSES_NONE;
}

void causes_free(struct causes *causes) {
    if (causes->ids != NULL) free(causes->ids->slots);
    free(causes->ids);
    free(causes->nodes);
    free(causes->last);
    *causes = (struct causes){.nodes = NULL};
}
