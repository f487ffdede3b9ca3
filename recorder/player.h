/* Publishes what was recorded, into a context: under the recorded senders' names, on the recorded topics, with causes that lead to the seqs that their
 * messages have now. When is the caller's affair. One thread at a time. */
#ifndef SCTX_RECORDER_PLAYER_H
#define SCTX_RECORDER_PLAYER_H
#include "source.h"

enum {
    PLAYER_SENDERS = 256,    /* that join under their own names; further ones share one */
    PLAYER_CAUSES = 1 << 20, /* messages whose new seqs are remembered */
};

struct player_options {
    const char *context; /* as sctx_options has it */
    const char *as;      /* one name for all; NULL: their own */
    /* "A=B", separated by commas: topic A becomes B, and A/x becomes B/x. NULL: none. */
    const char *map;
    bool no_markers; /* samples are left out, instead of setting the markers */
};

struct player;

/* Joins the context, under `as` or "replay". NULL: why not, and *status. */
struct player *player_open(const struct player_options *options, struct source_fault *fault, int *status);

/* Now; *seq (or NULL) is the one it has there. A sample sets its marker. An enum sctx_status; negative: player_error() says more. TOO_BIG and NO_SPACE
 * are about this message only. */
int player_publish(struct player *player, const struct source_message *message, uint64_t *seq);
const char *player_error(const struct player *player);
/* The topic that a recorded one becomes; into `text`, or the name itself. NULL: too long. */
const char *player_topic(const struct player *player, const char *name, char text[static SCTX_TOPIC_MAX + 1]);

struct player_state {
    uint64_t published, samples;
    uint64_t causes, unknown_causes; /* kept; left out, since their message was not replayed, or too long ago */
    uint32_t senders;
};
struct player_state player_state(const struct player *player);
/* Forgets which seqs recorded messages have: the recording begins anew. */
void player_rewind(struct player *player);
void player_close(struct player *player); /* NULL is allowed */

#endif
