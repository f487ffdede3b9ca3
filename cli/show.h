/* A message as one line, for people or as JSON. */
#ifndef SCTX_CLI_SHOW_H
#define SCTX_CLI_SHOW_H
#include "batch.h"

struct show {
    const struct call *call;
    bool raw, no_decode;
    size_t columns;       /* of the terminal; 0: none */
    int64_t clock_second; /* the second for which clock_prefix holds "HH:MM:SS" */
    char clock_prefix[16];
    const char *more; /* JSON: members to be put behind the others, each with a comma before it; NULL: none */
    struct out line; /* a value in a line, before it is cut to the terminal's width; fd -1 */
};

/* What show_message() shows of payloads: enum sctx_want, 0: nothing is to be decoded for it. */
uint32_t show_wants(const struct show *show);
void show_message(struct show *show, const struct batched *item);
/* The last keys of a message as JSON, each with a comma before it: what the payload is decides their names. */
void show_members(struct show *show, const struct batched *item);
void show_loss(struct show *show, uint64_t lost, uint64_t gone);
/* Looks how wide the terminal is now. */
void show_measure(struct show *show);

#endif
