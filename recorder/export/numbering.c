#include "numbering.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

struct numbering_key {
    uint64_t hash;
    uint32_t number;
    size_t len;
    char bytes[];
};

static uint64_t hash_of(const void *key, size_t len) {
    uint64_t hash = UINT64_C(14695981039346656037);
    const unsigned char *at = key;
    for (size_t i = 0; i < len; i++) hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static bool grow(struct numbering *numbering) {
    uint32_t room = numbering->room > 0 ? numbering->room * 2 : 64;
    struct numbering_key **slots = calloc(room, sizeof(struct numbering_key *));
    if (slots == NULL) return false;
    for (uint32_t i = 0; i < numbering->room; i++) {
        struct numbering_key *key = numbering->slots[i];
        if (key == NULL) continue;
        uint32_t at = (uint32_t)key->hash & (room - 1);
        while (slots[at] != NULL) at = (at + 1) & (room - 1);
        slots[at] = key;
    }
    free(numbering->slots);
    numbering->slots = slots;
    numbering->room = room;
    return true;
}

uint32_t numbering_of(struct numbering *numbering, const void *key, size_t len, bool *is_new) {
    uint64_t hash = hash_of(key, len);
    *is_new = false;
    if (numbering->count * 2 >= numbering->room && !grow(numbering)) return NUMBERING_NONE;
    uint32_t at = (uint32_t)hash & (numbering->room - 1);
    for (const struct numbering_key *known; (known = numbering->slots[at]) != NULL; at = (at + 1) & (numbering->room - 1))
        if (known->hash == hash && known->len == len && memcmp(known->bytes, key, len) == 0) return known->number;
    struct numbering_key *added = numbering->count < NUMBERING_MAX ? malloc(sizeof *added + len) : NULL;
    if (added == NULL) return NUMBERING_NONE;
    *added = (struct numbering_key){.hash = hash, .number = numbering->count++, .len = len};
    memcpy(added->bytes, key, len);
    numbering->slots[at] = added;
    *is_new = true;
    return added->number;
}

void numbering_free(struct numbering *numbering) {
    for (uint32_t i = 0; i < numbering->room; i++) free(numbering->slots[i]);
    free(numbering->slots);
    *numbering = (struct numbering){.count = 0};
}

uint32_t numbering_sender(struct numbering *numbering, const struct source_message *message, bool *is_new) {
    enum { NAME_MAX_BYTES = 256 }; /* what is behind them does not tell senders apart */
    char key[2 * sizeof(uint32_t) + NAME_MAX_BYTES];
    size_t len = strnlen(message->from, NAME_MAX_BYTES);
    memcpy(key, &message->pid, sizeof message->pid);
    memcpy(key + sizeof message->pid, &message->join, sizeof message->join);
    memcpy(key + 2 * sizeof(uint32_t), message->from, len);
    return numbering_of(numbering, key, 2 * sizeof(uint32_t) + len, is_new);
}
