#include "tape.h"

#include <stdlib.h>
#include <string.h>

bool tape_open(struct tape *tape) {
    *tape = (struct tape){.bytes = malloc(TAPE_BYTES)};
    return tape->bytes != NULL;
}

void tape_close(struct tape *tape) {
    free(tape->bytes);
    tape->bytes = NULL;
}

void tape_clear(struct tape *tape) {
    tape->begin = tape->end;
    tape->skipped = 0;
}

static void drop_oldest(struct tape *tape) {
    tape->begin++;
    tape->skipped++;
}

void tape_put(struct tape *tape, const struct source_message *message) {
    uint32_t held = message->len < TAPE_PAYLOAD_MAX ? message->len : TAPE_PAYLOAD_MAX;
    uint64_t at = tape->bytes_end;
    /* In one piece. */
    if (at % TAPE_BYTES + held > TAPE_BYTES) at += TAPE_BYTES - at % TAPE_BYTES;
    if (tape->end - tape->begin == TAPE_MESSAGES) drop_oldest(tape);
    while (tape->begin != tape->end && tape->items[tape->begin % TAPE_MESSAGES].at + TAPE_BYTES < at + held) drop_oldest(tape);
    if (held > 0) memcpy(tape->bytes + at % TAPE_BYTES, message->data, held);
    struct taped *item = &tape->items[tape->end++ % TAPE_MESSAGES];
    item->message = *message;
    item->topic_id = message->topic->id;
    item->message.topic = NULL;
    item->message.from = NULL;
    item->held = held;
    item->at = at;
    tape->bytes_end = at + held;
}

const struct taped *tape_next(struct tape *tape) {
    if (tape->begin == tape->end) return NULL;
    struct taped *item = &tape->items[tape->begin++ % TAPE_MESSAGES];
    item->message.data = tape->bytes + item->at % TAPE_BYTES;
    return item;
}
