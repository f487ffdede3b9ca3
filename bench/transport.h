/* What carries messages in the comparison: ours and others', behind one table of functions, so that one harness measures all.
 *
 * A link is made in the parent, before the processes of a run are forked, with a number of channels. A writer sends to a group of readers
 * [first, first + count). Where the transport has no fan-out (all but ours) that is one channel for each reader and a loop in
 * send(); ours publishes once on the group's topic. A reader is one of a group. */
#ifndef SCTX_BENCH_TRANSPORT_H
#define SCTX_BENCH_TRANSPORT_H
#include "bench.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MESSAGE_BYTES = 64, CHANNELS_MAX = 33 };

enum receive_mode {
    RECEIVE_POLL,  /* returns at once */
    RECEIVE_BLOCK, /* sleeps until there is something */
    RECEIVE_TIMED, /* sleeps at most about 100 ms; those that can't: as RECEIVE_BLOCK */
};

struct link {
    struct bench *bench;
    unsigned channels;
    void *state; /* the transport's */
};

struct accounts {
    uint64_t passed; /* cursor - start: what the reader went past */
    uint64_t delivered, filtered, lost, gone;
};

struct transport {
    const char *name;
    bool polls; /* knows RECEIVE_POLL */
    bool lossy; /* may lose; tells how much through accounts() */
    /* In the parent. 0, or -1 after bench_wrong(). */
    int (*create)(struct link *link);
    void (*destroy)(struct link *link);
    /* In the children. NULL or negative: failed, errno or why() says how. */
    void *(*open_writer)(struct link *link, unsigned first, unsigned count);
    void *(*open_reader)(struct link *link, unsigned first, unsigned index, enum receive_mode mode);
    int (*send)(void *writer, const void *data, size_t len);  /* to all of the group; waits when there is no room */
    int (*receive)(void *reader, const void **data);          /* bytes, valid until the next call; 0: nothing now */
    int (*accounts)(void *reader, struct accounts *accounts); /* or NULL */
    const char *(*why)(void);
};

extern const struct transport transport_sctx, transport_sctx_gated, transport_futex, transport_pipe, transport_seqpacket, transport_mq,
    transport_boost;

/* Those we compare with that are compiled in; ends with NULL. */
extern const struct transport *const transport_peers[];

#ifdef __cplusplus
}
#endif
#endif
