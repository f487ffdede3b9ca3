#include "kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kept_take(struct kept *kept, const struct source_message *message) {
    uint32_t held = message->len < KEPT_BYTES_MAX ? message->len : KEPT_BYTES_MAX;
    *kept = (struct kept){.seq = message->seq,
                          .time_ns = message->time_ns,
                          .cause = message->cause,
                          .topic = message->topic,
                          .pid = message->pid,
                          .join = message->join,
                          .len = message->len,
                          .held = held,
                          .has_cause = message->has_cause,
                          .cause_is_explicit = message->cause_is_explicit,
                          .has_seq = message->has_seq,
                          .is_sample = message->is_sample};
    (void)snprintf(kept->from, sizeof kept->from, "%s", message->from);
    kept->data = malloc(held + 1u);
    if (kept->data == NULL) return false;
    if (held > 0) memcpy(kept->data, message->data, held);
    return true;
}

void kept_drop(struct kept *kept) {
    free(kept->data);
    free(kept->words);
    kept->data = NULL;
    kept->words = NULL;
}
