#include "flight.h"

#include <stdlib.h>
#include <string.h>

/* A message that is held: then its sender's name, NUL-terminated, then its payload, 8-byte aligned. */
struct held {
    struct source_message message;
    struct held *next;
    size_t bytes;
};

struct flight {
    struct flight_options options;
    struct held *first, *last;
    struct flight_state state;
    int64_t until_ns;   /* of the window that is open */
    int64_t dropped_ns; /* time of the youngest message that had to go for want of memory; INT64_MIN: none */
};

struct flight *flight_open(const struct flight_options *options) {
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL) return NULL;
    flight->options = *options;
    flight->dropped_ns = INT64_MIN;
    if (flight->options.memory_max == 0) flight->options.memory_max = UINT64_C(256) << 20;
    return flight;
}

static void drop_first(struct flight *flight) {
    struct held *held = flight->first;
    flight->first = held->next;
    if (flight->first == NULL) flight->last = NULL;
    flight->state.held--;
    flight->state.held_bytes -= held->bytes;
    free(held);
}

void flight_close(struct flight *flight) {
    if (flight == NULL) return;
    while (flight->first != NULL) drop_first(flight);
    free(flight);
}

struct flight_state flight_state(const struct flight *flight) {
    return flight->state;
}

/* What is too old, or too much. What was missed before a message that goes matters no more. */
static void make_room(struct flight *flight, int64_t now_ns) {
    while (flight->first != NULL && flight->first->message.time_ns < now_ns - flight->options.pre_ns) drop_first(flight);
    while (flight->first != NULL && flight->state.held_bytes > flight->options.memory_max) {
        flight->dropped_ns = flight->first->message.time_ns;
        drop_first(flight);
    }
}

static bool hold(struct flight *flight, const struct source_message *message) {
    size_t name = (strlen(message->from) + 1 + 7) & ~(size_t)7, bytes = sizeof(struct held) + name + message->len;
    struct held *held = malloc(bytes);
    if (held == NULL) return false;
    char *text = (char *)(held + 1);
    *held = (struct held){.message = *message, .bytes = bytes};
    memcpy(text, message->from, strlen(message->from) + 1);
    if (message->len > 0) memcpy(text + name, message->data, message->len);
    held->message.from = text;
    held->message.data = text + name;
    if (flight->last != NULL)
        flight->last->next = held;
    else
        flight->first = held;
    flight->last = held;
    flight->state.held++;
    flight->state.held_bytes += bytes;
    return true;
}

static bool hand_on_held(struct flight *flight) {
    bool done = true;
    while (flight->first != NULL) {
        if (done) done = flight->options.take(flight->options.context, &flight->first->message);
        drop_first(flight);
    }
    return done;
}

bool flight_add(struct flight *flight, const struct source_message *message, bool is_trigger) {
    bool was_open = flight->state.is_open;
    if (was_open && message->time_ns > flight->until_ns && !is_trigger) flight->state.is_open = was_open = false;
    if (is_trigger) {
        if (!was_open) {
            make_room(flight, message->time_ns);
            flight->state.windows++;
            if (flight->dropped_ns != INT64_MIN && flight->dropped_ns >= message->time_ns - flight->options.pre_ns)
                flight->state.shortened++;
            if (!hand_on_held(flight)) return false;
        }
        flight->state.triggers++;
        flight->state.is_open = true;
        flight->until_ns = message->time_ns + flight->options.post_ns;
    }
    if (flight->state.is_open) return flight->options.take(flight->options.context, message);
    make_room(flight, message->time_ns);
    return hold(flight, message);
}
