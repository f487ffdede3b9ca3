/* Who answers whom: for each pair of a topic that was said by somebody and a topic that somebody answered it with, how often and how fast. From the
 * causes that messages carry, and where trees are handed in, from the ids that decoders find (enum sctx_key), for programs that use no causes.
 *
 * Bounded: the last FLOW_REMEMBERED messages can be answered (by an id nearly as many, since ids share places); FLOW_EDGES_MAX pairs are told apart. What
 * is beyond is counted as unknown. Seqs and topic ids are one source's: flow_reset() before another one's. [owner: one thread] */
#ifndef SCTX_INSPECT_FLOW_H
#define SCTX_INSPECT_FLOW_H
#include "source.h"
#include "tree.h"

enum {
    FLOW_REMEMBERED = 1 << 16,
    FLOW_EDGES_MAX = 4096,
    FLOW_BUCKETS = 496, /* of a latency's logarithm: eight to each doubling, so a percentile is at most an eighth too high */
};

struct flow_edge {
    const char *from, *topic; /* who said what; any bytes may be in `from` */
    const char *to, *answer;  /* who answered, and with what */
    uint64_t count;
    int64_t min_ns, max_ns, sum_ns; /* from the message to its answer; 0 where a recording has the answer before it */
    int64_t last_ns;                /* when the last answer was published */
    uint64_t last_seq, last_cause;  /* of it, and of what it answers */
    uint64_t buckets[FLOW_BUCKETS];
};

struct flow;

struct flow *flow_open(void);       /* NULL: no memory */
void flow_close(struct flow *flow); /* NULL is allowed */
void flow_reset(struct flow *flow);
struct flow *flow_copy(const struct flow *flow); /* to be asked only; NULL: no memory */

/* In the order of their seqs; samples are passed over. `keys`: the message's tree, decoded with SCTX_WANT_KEYS; or NULL. false: no memory, or no room
 * for another name; then it is not remembered, and if it is an answer, counted as unknown. */
bool flow_add(struct flow *flow, const struct source_message *message, const struct tree *keys);
/* The same, but it only is remembered, so that it can be answered: not counted as an answer itself. */
bool flow_remember(struct flow *flow, const struct source_message *message, const struct tree *keys);

/* In the order in which they were first met. Valid until the next call that adds or resets. */
uint32_t flow_count(const struct flow *flow);
const struct flow_edge *flow_edge(const struct flow *flow, uint32_t i);
/* The latency that this part of the answers (0 to 1) did not exceed; ns. */
int64_t flow_percentile(const struct flow_edge *edge, double part);
/* Answers whose cause was not remembered (any more), or for whose pair there was no room. */
uint64_t flow_unknown(const struct flow *flow);
/* Those of them for which there was no room. */
uint64_t flow_unheld(const struct flow *flow);

/* A message that nobody answered, although others that the same one said on the same topic were, and the longest time that such an answer took is over. */
struct flow_unanswered {
    const char *from, *topic;
    uint64_t seq;
    int64_t time_ns;
};
/* Those of the remembered ones, in the order of their seqs; *place: 0 at first. false: no more. Of a copy there are none. */
bool flow_next_unanswered(const struct flow *flow, uint64_t *place, struct flow_unanswered *unanswered);

#endif
