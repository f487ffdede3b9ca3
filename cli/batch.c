#include "batch.h"

#include <stdlib.h>
#include <string.h>

bool batch_add(struct batch *batch, const struct source_message *message) {
    struct batched *item = &batch->items[batch->count];
    size_t name = strlen(message->from) + 1, bytes = ((size_t)message->len + name + 7) & ~(size_t)7;
    if (bytes > batch->room - batch->len) {
        size_t room = batch->room > 0 ? batch->room : 64 << 10;
        while (room - batch->len < bytes) room *= 2;
        char *larger = realloc(batch->bytes, room);
        if (larger == NULL) return false;
        batch->bytes = larger;
        batch->room = room;
    }
    if (message->len > 0) memcpy(batch->bytes + batch->len, message->data, message->len);
    memcpy(batch->bytes + batch->len + message->len, message->from, name);
    item->message = *message;
    item->data_off = batch->len;
    item->is_decoded = item->is_wanted = false;
    batch->len += bytes;
    batch->count++;
    return true;
}

bool batch_is_full(const struct batch *batch) {
    return batch->count == BATCH_MAX || batch->len >= BATCH_BYTES;
}

static struct filter_message for_filter(const struct source_message *message) {
    return (struct filter_message){.seq = message->seq,
                                   .time_ns = message->time_ns,
                                   .cause = message->cause,
                                   .topic = message->topic->name,
                                   .from = message->from,
                                   .encoding = message->topic->encoding,
                                   .pid = message->pid,
                                   .len = message->len,
                                   .topic_id = message->topic->id,
                                   .has_cause = message->has_cause};
}

static bool decode(struct batch *batch, const struct batch_how *how, const bool needed[BATCH_MAX]) {
    struct host_item items[BATCH_MAX];
    struct batched *of[BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct batched *item = &batch->items[i];
        uint32_t number = 0;
        if (!needed[i]) continue;
        if (!decoders_topic(how->decoding, item->message.topic, &number)) return false;
        if (item->tree.limits.nodes == 0) tree_init(&item->tree, (struct tree_limits){0, 0});
        items[count] = (struct host_item){
            .topic = number, .want = how->want | SCTX_WANT_TREE, .data = item->message.data, .len = item->message.len, .tree = &item->tree};
        of[count++] = item;
    }
    if (count == 0) return true;
    host_decode(decoding_host(how->decoding), items, count, true);
    for (size_t i = 0; i < count; i++) {
        of[i]->is_decoded = true;
        of[i]->outcome = items[i].outcome;
        of[i]->choice = host_choice(decoding_host(how->decoding), items[i].topic);
    }
    return true;
}

static enum filter_answer ask(struct filter *filter, const struct source_message *message, enum filter_answer without) {
    if (filter == NULL) return without;
    const struct filter_message asked = for_filter(message);
    return filter_ask(filter, &asked);
}

static bool decide(struct filter *filter, const struct batched *item, enum filter_answer answer) {
    if (answer != FILTER_NEEDS_DATA) return answer == FILTER_YES;
    const struct filter_message asked = for_filter(&item->message);
    bool has_tree = item->is_decoded && item->outcome == HOST_DECODED;
    return filter_decide(filter, &asked, has_tree ? &item->tree : NULL);
}

bool batch_decode(struct batch *batch, const struct batch_how *how) {
    bool needed[BATCH_MAX];
    enum filter_answer wanted[BATCH_MAX], trigger[BATCH_MAX];
    for (size_t i = 0; i < batch->count; i++) {
        struct source_message *message = &batch->items[i].message;
        message->data = batch->bytes + batch->items[i].data_off;
        message->from = batch->bytes + batch->items[i].data_off + message->len;
        wanted[i] = ask(how->filter, message, FILTER_YES);
        trigger[i] = ask(how->trigger, message, FILTER_NO);
        needed[i] = wanted[i] == FILTER_NEEDS_DATA || trigger[i] == FILTER_NEEDS_DATA || (wanted[i] == FILTER_YES && how->want != 0);
    }
    if (how->decoding != NULL && !decode(batch, how, needed)) return false;
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].is_wanted = decide(how->filter, &batch->items[i], wanted[i]);
        batch->items[i].is_trigger = decide(how->trigger, &batch->items[i], trigger[i]);
    }
    return true;
}

void batch_clear(struct batch *batch) {
    batch->count = batch->len = 0;
}

void batch_free(struct batch *batch) {
    for (size_t i = 0; i < BATCH_MAX; i++) tree_free(&batch->items[i].tree);
    free(batch->bytes);
}
