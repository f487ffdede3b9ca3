/* Who answers whom, as a picture: senders are nodes, what they answer and with what is an edge. */
#ifndef SCTX_CLI_GRAPH_H
#define SCTX_CLI_GRAPH_H
#include "flow.h"
#include "out.h"

/* All of them, the most frequent first. The caller frees it. NULL: no memory. */
const struct flow_edge **graph_edges(const struct flow *flow);
/* For Graphviz, or a flowchart for Mermaid. */
void graph_put(struct out *out, const struct flow_edge *const *edges, uint32_t count, bool is_dot);

#endif
