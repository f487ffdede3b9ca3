/* Who sent: names and pids by join number, remembered so that a message costs one look-up. */
#ifndef SCTX_INSPECT_SENDERS_H
#define SCTX_INSPECT_SENDERS_H
#include <sctx/sctx.h>

enum { SENDERS_MAX = 1024 };

struct sender {
    uint32_t join;    /* 0: free */
    uint32_t pid;     /* 0: not known, its entry was reused */
    const char *name; /* any bytes may be in it */
};

struct senders {
    sctx *ctx;
    struct sender slots[SENDERS_MAX];
};

void senders_reset(struct senders *senders, sctx *ctx);
const struct sender *senders_find(struct senders *senders, uint32_t join);

#endif
