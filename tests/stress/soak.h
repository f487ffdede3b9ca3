/* The soak's actors: writers whose payloads tell who wrote them and as which, readers that check them. They live in processes of their own, which
 * are killed and stopped at random; what they count is in memory that all share. */
#ifndef SCTX_TESTS_SOAK_H
#define SCTX_TESTS_SOAK_H
#include "../unit/rig.h"
#include <stdint.h>

#define TOPICS 12u

enum actor_kind {
    ACTOR_WRITER,
    ACTOR_READER,      /* everything, copied */
    ACTOR_SLOW,        /* sleeps now and then, and is lapped */
    ACTOR_PATTERN,     /* a third of the topics */
    ACTOR_PEEK,        /* everything, in place */
    ACTOR_TAP,         /* everything, without joining */
    ACTOR_GATED,       /* everything, and writers wait for it */
    ACTOR_GATED_WRITER /* into the context with gated readers */
};

struct actor {
    enum actor_kind kind;
    uint64_t seed;
    pid_t pid;
    int64_t goes_on; /* when a stopped one is to go on; 0: it runs */
};

struct totals {
    _Atomic uint32_t writers_stop, readers_stop;
    _Atomic uint64_t published, delivered, lost, gone, filtered, evicted, retired;
    _Atomic uint64_t torn, order, silent, inversions, accounts, gated_losses; /* what must not happen */
};
extern struct totals *totals;

/* Their main functions; `argument` is the struct actor. They return when they are told to stop. */
int soak_write(void *argument);
int soak_read(void *argument);
#endif
