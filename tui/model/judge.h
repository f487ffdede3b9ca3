/* Which messages a person wants to see: the scope, and the filter that was typed, for which payloads are decoded where it asks for that. [owner: one
 * thread] */
#ifndef SCTX_TUI_JUDGE_H
#define SCTX_TUI_JUDGE_H
#include "decoding.h"
#include "filter.h"
#include "kept.h"
#include "scope.h"

struct judge {
    struct scope scope;
    struct filter *filter; /* NULL: all */
    struct decoding *decoding;
    struct tree tree;
};

void judge_open(struct judge *judge, struct decoding *decoding);
void judge_close(struct judge *judge);
void judge_set_filter(struct judge *judge, struct filter *filter); /* takes it over; NULL: none */
/* By the scope, and by the filter as far as it does not look into payloads. */
bool judge_may_want(struct judge *judge, const struct source_message *message);
/* Of one that judge_may_want(): by the whole filter. */
bool judge_wants(struct judge *judge, const struct kept *kept);
/* The payload's tree, as far as it is decoded; it is the caller's, inited. The choice says by which decoder. */
struct host_choice judge_decode(struct judge *judge, const struct source_topic *topic, const void *data, size_t len, uint32_t want,
                                struct tree *tree, enum host_outcome *outcome);

#endif
