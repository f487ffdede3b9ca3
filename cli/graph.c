#include "graph.h"
#include "inert.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The most frequent first. */
static int by_count(const void *a, const void *b) {
    const struct flow_edge *x = *(const struct flow_edge *const *)a, *y = *(const struct flow_edge *const *)b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    int order = strcmp(x->from, y->from);
    if (order == 0) order = strcmp(x->topic, y->topic);
    if (order == 0) order = strcmp(x->to, y->to);
    return order != 0 ? order : strcmp(x->answer, y->answer);
}

const struct flow_edge **graph_edges(const struct flow *flow) {
    uint32_t count = flow_count(flow);
    const struct flow_edge **edges = calloc(count > 0 ? count : 1, sizeof *edges);
    for (uint32_t i = 0; edges != NULL && i < count; i++) edges[i] = flow_edge(flow, i);
    if (edges != NULL) qsort(edges, count, sizeof *edges, by_count);
    return edges;
}

/* Text within the quotes of a label: Graphviz knows backslashes, Mermaid entities, and either markup of its own. */
static void put_label(struct out *out, const char *text, bool is_dot) {
    struct out inert = {.fd = -1};
    inert_text(&inert, text);
    for (size_t i = 0; i < inert.len; i++) {
        char c = inert.data[i];
        if (is_dot && (c == '"' || c == '\\'))
            out_format(out, "\\%c", c);
        else if (!is_dot && strchr("\"#<>&`\\|", c) != NULL)
            out_format(out, "#%d;", (unsigned char)c);
        else
            out_char(out, c);
    }
    out_free(&inert);
}

/* The number of a sender: that of the first edge that has it, twice, and one more for those that answer. */
static uint32_t node_of(const struct flow_edge *const *edges, uint32_t i, const char *name) {
    for (uint32_t at = 0; at <= i; at++) {
        if (strcmp(edges[at]->from, name) == 0) return 2 * at;
        if (strcmp(edges[at]->to, name) == 0) return 2 * at + 1;
    }
    return 2 * i;
}

static void put_node(struct out *out, uint32_t node, const char *name, bool is_dot) {
    out_format(out, is_dot ? "    n%" PRIu32 " [label=\"" : "    n%" PRIu32 "[\"", node);
    put_label(out, name, is_dot);
    out_text(out, is_dot ? "\"];\n" : "\"]\n");
}

static void put_edge(struct out *out, const struct flow_edge *edge, const uint32_t nodes[static 2], bool is_dot) {
    char p50[UNIT_TEXT], p99[UNIT_TEXT];
    if (is_dot)
        out_format(out, "    n%" PRIu32 " -> n%" PRIu32 " [label=\"", nodes[0], nodes[1]);
    else
        out_format(out, "    n%" PRIu32 " -->|\"", nodes[0]);
    put_label(out, edge->topic, is_dot);
    out_text(out, " → ");
    put_label(out, edge->answer, is_dot);
    out_format(out, "%s%" PRIu64 "x, p50 %s, p99 %s", is_dot ? "\\n" : "<br>", edge->count, duration_text(flow_percentile(edge, 0.5), p50),
               duration_text(flow_percentile(edge, 0.99), p99));
    if (is_dot)
        out_text(out, "\"];\n");
    else
        out_format(out, "\"| n%" PRIu32 "\n", nodes[1]);
}

void graph_put(struct out *out, const struct flow_edge *const *edges, uint32_t count, bool is_dot) {
    out_text(out, is_dot ? "digraph flow {\n    rankdir=LR;\n    node [shape=box];\n" : "flowchart LR\n");
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t nodes[] = {node_of(edges, i, edges[i]->from), node_of(edges, i, edges[i]->to)};
        if (nodes[0] == 2 * i) put_node(out, nodes[0], edges[i]->from, is_dot);
        if (nodes[1] == 2 * i + 1) put_node(out, nodes[1], edges[i]->to, is_dot);
        put_edge(out, edges[i], nodes, is_dot);
        out_line_done(out);
    }
    if (is_dot) out_text(out, "}\n");
}
