/* The operations whose every step is tried: what a child does, and what has to be there before. */
#ifndef CRASH_OPS_H
#define CRASH_OPS_H
#include "bus.h"

#define OP_CELLS 64u
#define OP_ARENA (64u << 10)
#define OP_PATIENCE_NS 30000000u

enum op_flags {
    OP_GATING = 1,   /* in a context that allows gated readers */
    OP_POKED = 2,    /* its parent publishes now and then, while it is at it */
    OP_SLEEPERS = 4, /* others sleep meanwhile */
    OP_REMOVES = 8,  /* it removes the context: nobody can go on in it */
    OP_CREATES = 16, /* it makes another context */
};

enum { WHO_FIRST, WHO_SECOND, WHO_CHILD, WHO_CHILD_2, WHO_DEAD, WHO_LATE, WHO_POKE };

struct op {
    const char *name;
    uint32_t flags;
    unsigned opens;          /* writers that it has open at once, the dead one's before it included */
    void (*before)(void);    /* in the parent: forks those who are dead by then; or NULL */
    void (*prepare)(void);   /* in the child, nothing is tried yet; or NULL */
    void (*run)(void);       /* in the child: what is tried */
    const char *provoked_at; /* at the first hit of this test point provoke() runs, or NULL */
    void (*provoke)(void);
};
extern const struct op ops[]; /* until one without a name */
#endif
