/* A message as one line, for people or as JSON. */
#ifndef SCTX_CLI_SHOW_H
#define SCTX_CLI_SHOW_H
#include "call.h"
#include "senders.h"

struct show {
    const struct call *call;
    struct senders senders;
    bool raw, no_decode;
    size_t columns;       /* of the terminal; 0: none */
    int64_t clock_second; /* the second for which clock_prefix holds "HH:MM:SS" */
    char clock_prefix[16];
};

void show_message(struct show *show, const struct sctx_message *message, const struct sctx_topic *topic);
void show_loss(struct show *show, uint64_t lost, uint64_t gone);
/* Looks how wide the terminal is now. */
void show_measure(struct show *show);

#endif
