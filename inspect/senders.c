#include "senders.h"

#include <string.h>

void senders_reset(struct senders *senders, sctx *ctx) {
    memset(senders, 0, sizeof *senders);
    senders->ctx = ctx;
}

const struct sender *senders_find(struct senders *senders, uint32_t join) {
    /* Joins are numbered one after the other: the low bits spread them well, and a newcomer takes the place of the oldest. */
    struct sender *sender = &senders->slots[join % SENDERS_MAX];
    if (sender->join != join || join == 0)
        *sender = (struct sender){join, sctx_participant_pid(senders->ctx, join), sctx_participant_name(senders->ctx, join)};
    return sender;
}
