/* The last seconds of messages, held in memory until something happens: then they are handed on, and what comes after it for a while. Windows that
 * overlap become one; nothing is handed on twice. */
#ifndef SCTX_RECORDER_FLIGHT_H
#define SCTX_RECORDER_FLIGHT_H
#include "source.h"

struct flight_options {
    int64_t pre_ns, post_ns; /* before and after a trigger, by the messages' times */
    uint64_t memory_max;     /* bytes to be held; 0: 256 MiB */
    bool (*take)(void *context, const struct source_message *message);
    void *context;
};

struct flight;

/* NULL: no memory. */
struct flight *flight_open(const struct flight_options *options);
/* Copied. false: take() said so, or there is no memory. */
bool flight_add(struct flight *flight, const struct source_message *message, bool is_trigger);

struct flight_state {
    uint64_t triggers;  /* messages that were one */
    uint64_t windows;   /* begun; those that overlap count once */
    uint64_t shortened; /* windows before which not all of pre_ns was held any more, for want of memory */
    uint64_t held, held_bytes;
    bool is_open; /* a window is */
};
struct flight_state flight_state(const struct flight *flight);
void flight_close(struct flight *flight); /* NULL is allowed */

#endif
