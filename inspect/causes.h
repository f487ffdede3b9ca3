/* Which message answers which: a tree for each origin, made of the causes that messages carry, and of the ids that decoders find in them (enum sctx_key) for
 * programs that do not use causes. */
#ifndef SCTX_INSPECT_CAUSES_H
#define SCTX_INSPECT_CAUSES_H
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAUSES_NONE UINT32_MAX

/* In the order of their seqs. */
struct causes_node {
    uint64_t seq;
    int64_t time_ns;
    uint32_t parent;      /* the node of its cause; CAUSES_NONE: it has none, or its cause is not here */
    uint32_t first, next; /* of its effects; of its cause's effects; CAUSES_NONE */
    bool has_unknown;     /* it names a cause that is not here */
};

struct causes {
    struct causes_node *nodes;
    uint32_t count, room;
    uint32_t *last; /* by node: the last of its effects */
    struct causes_ids *ids;
};

/* All zeros is an empty one. Seqs have to grow. `keys`: the message's tree, if it was decoded with SCTX_WANT_KEYS; else NULL. false: no memory. */
bool causes_add(struct causes *causes, uint64_t seq, int64_t time_ns, bool has_cause, uint64_t cause, const struct tree *keys);
/* CAUSES_NONE: it is not here. */
uint32_t causes_find(const struct causes *causes, uint64_t seq);
void causes_free(struct causes *causes);

#endif
