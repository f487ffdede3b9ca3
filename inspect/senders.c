#include "senders.h"

#include <string.h>

void senders_reset(struct senders *senders, sctx *ctx) {
    memset(senders, 0, sizeof *senders);
    senders->ctx = ctx;
}

static uint32_t find_pid(sctx *ctx, uint32_t join) {
    uint32_t slots = sctx_participant_slots(ctx);
    for (uint32_t slot = 0; slot < slots; slot++) {
        struct sctx_participant participant = SCTX_INIT(participant);
        if (sctx_participant_get(ctx, slot, &participant) == SCTX_OK && participant.join == join) return participant.pid;
    }
    return 0;
}

const struct sender *senders_find(struct senders *senders, uint32_t join) {
    /* Joins are numbered one after the other: the low bits spread them well, and a newcomer takes the place of the oldest. */
    struct sender *sender = &senders->slots[join % SENDERS_MAX];
    if (sender->join != join || join == 0)
        *sender = (struct sender){join, find_pid(senders->ctx, join), sctx_participant_name(senders->ctx, join)};
    return sender;
}
