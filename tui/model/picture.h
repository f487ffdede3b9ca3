/* What is looked at at one moment: a context now, or a recording as it was. The views draw nothing but this. */
#ifndef SCTX_TUI_PICTURE_H
#define SCTX_TUI_PICTURE_H
#include "counter.h"

/* A topic's last value, in words. */
struct value_text {
    uint64_t seq; /* of the message; 0: none yet */
    bool is_bad;  /* malformed, or its decoder failed */
    char text[160];
};

struct picture {
    const struct stats *stats; /* the counter's, with its lock; or copies */
    const struct flow *flow;
    struct levels levels;
    struct sctx_participant *people; /* of a context: in the order of their slots */
    size_t people_count;
    struct sctx_info info;
    bool has_info;
    int64_t people_next_ns; /* monotonic: when both are looked at again */
    bool is_live; /* a context; else a recording */
    int64_t now_ns;
    struct value_text *values; /* by row of stats_topic() */
    size_t value_count;
    struct stats *held_stats; /* copies, while the picture is held */
    struct flow *held_flow;
};

/* Of a context, as it is: participants, markers, the ring. false: it cannot be looked at (any more). */
bool picture_look(struct picture *picture, sctx *ctx, int64_t now_ns);
/* It stays as it is, whatever is counted. With the counter's lock. false: no memory. */
bool picture_hold(struct picture *picture, const struct counter *counter);
void picture_let_go(struct picture *picture);
void picture_forget(struct picture *picture); /* all but the counter's: another context */
void picture_free(struct picture *picture);
/* Room for the value of each topic. false: no memory. */
bool picture_values(struct picture *picture, size_t count);
const struct sctx_participant *picture_person(const struct picture *picture, uint32_t join);

#endif
