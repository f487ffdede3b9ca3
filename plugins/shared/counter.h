/* A host for sniffing: it keeps nothing, counts what it is handed, and wants no more after so many. */
#ifndef SCTX_SHARED_COUNTER_H
#define SCTX_SHARED_COUNTER_H
#include <sctx/plugin.h>

struct counter {
    sctx_out out; /* first: it is what its own callbacks are handed */
    size_t items, most;
};

void counter_begin(struct counter *counter, size_t most);

#endif
