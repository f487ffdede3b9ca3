/* Participants: who joined, and whether they live.
 *
 *   Join   lock a slot's byte (the lock is ownership): a slot never used, else the one of the dead that joined longest ago; join = 0; fill; join = new
 *          number (release). A crash in the middle leaves join = 0 and a free lock.
 *   Alive  the byte is locked; or it is free, but a process with that pid and start time is there: it closed its descriptors. */
#ifndef SCTX_PARTICIPANT_H
#define SCTX_PARTICIPANT_H
#include "context.h"

/* Takes a slot; ctx->alive is open. Sets ctx->slot and ctx->join. */
int participant_join(struct sctx *ctx, const char *name, struct sctx_error *error);
void participant_leave(struct sctx *ctx);

/* Does the participant with that join number live? false also when its entry was reused. */
bool participant_join_alive(struct sctx *ctx, uint32_t join);

/* Everybody that is known, taken in one pass over each table. */
struct census {
    uint32_t count;
    struct seat {
        uint32_t slot, join, alive; /* enum sctx_alive */
    } seats[LAYOUT_PARTICIPANT_SLOTS];
    uint16_t places[2 * LAYOUT_PARTICIPANT_SLOTS]; /* by join number: 1 + the seat, 0: none */
};
void census_take(struct sctx *ctx, struct census *census);
/* UINT32_MAX: nobody has that number. */
uint32_t census_find(const struct census *census, uint32_t join);

/* A handle with these roles was opened (by 1) or closed (by -1): others see the roles of those that are open. */
void participant_role(struct sctx *ctx, uint32_t roles, int by);

struct name_cache *name_cache_new(void);
void name_cache_free(struct name_cache *cache);
#endif
