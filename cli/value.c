#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void sink_put(void *context, const char *text, size_t len) {
    out_put(context, text, len);
}

static void sink_string(void *context, const char *text, size_t len) {
    inert_json_value(context, text, len);
}

void value_json(struct out *out, const struct tree *tree, uint32_t node) {
    const struct tree_sink sink = {sink_put, sink_string, out};
    tree_json(tree, node, &sink);
}

/* ---- the list --------------------------------------------------------------------------------------------------------------- */

/* How far the list has come: the place of a node among its siblings, for each level. */
struct walk {
    const struct tree *tree;
    struct out path; /* for one after the other */
    uint32_t place[SCTX_PLUGIN_DEPTH_MAX + 2];
};

static void walk_to(struct walk *walk, uint32_t i) {
    const struct tree_node *node = &walk->tree->nodes[i];
    walk->place[node->depth] = i == 0 || i == node->parent + 1 ? 0 : walk->place[node->depth] + 1;
}

/* A step of a path as the filter language writes it: .name, ["odd name"], [3]. */
static void put_step(struct out *out, const struct walk *walk, uint32_t i) {
    const struct tree_node *node = &walk->tree->nodes[i];
    if (walk->tree->nodes[node->parent].type == SCTX_ARRAY) {
        out_format(out, "[%" PRIu32 "]", walk->place[node->depth]);
        return;
    }
    sctx_str name = tree_str(walk->tree, node->name);
    bool plain = name.n > 0 && !(name.p[0] >= '0' && name.p[0] <= '9');
    for (size_t k = 0; k < name.n; k++) {
        char c = name.p[k];
        plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
    }
    out_char(out, plain ? '.' : '[');
    if (plain)
        out_put(out, name.p, name.n);
    else
        sink_string(out, name.p, name.n);
    if (!plain) out_char(out, ']');
}

static void put_path(struct walk *walk, uint32_t node) {
    uint32_t chain[SCTX_PLUGIN_DEPTH_MAX + 1], count = 0;
    for (uint32_t i = node; i != 0 && count < SCTX_PLUGIN_DEPTH_MAX; i = walk->tree->nodes[i].parent) chain[count++] = i;
    walk->path.len = 0;
    out_text(&walk->path, "data");
    while (count > 0) put_step(&walk->path, walk, chain[--count]);
}

static const char *shown_as(unsigned as) {
    static const char *const names[] = {"plain", "hex", "time_ns", "duration_ns", "size"};
    return as < sizeof names / sizeof *names ? names[as] : "plain";
}

static void put_object(struct out *out, struct walk *walk, uint32_t i) {
    const struct tree *tree = walk->tree;
    const struct tree_node *node = &tree->nodes[i];
    put_path(walk, i);
    out_text(out, "{\"path\":");
    sink_string(out, walk->path.data, walk->path.len);
    out_format(out, ",\"type\":\"%s\",\"off\":%" PRIu32 ",\"len\":%" PRIu32, tree_type_name(node->type), node->span.off, node->span.len);
    if (!tree_is_container(node)) {
        out_text(out, ",\"value\":");
        value_json(out, tree, i);
    }
    if (node->label.len > 0) {
        sctx_str label = tree_str(tree, node->label);
        out_text(out, ",\"label\":");
        sink_string(out, label.p, label.n);
    }
    if (node->as != SCTX_PLAIN) out_format(out, ",\"shown_as\":\"%s\"", shown_as(node->as));
    if ((node->flags & SCTX_GUESSED) != 0) out_text(out, ",\"guessed\":true");
    out_text(out, "}\n");
}

static void put_row(const struct call *call, const struct walk *walk, uint32_t i) {
    const struct tree *tree = walk->tree;
    const struct tree_node *node = &tree->nodes[i];
    struct out *out = call->out;
    out_text(out, paint(call, PAINT_DIM));
    out_format(out, "%6" PRIu32 " %6" PRIu32 "  %-7s", node->span.off, node->span.len, tree_type_name(node->type));
    out_text(out, paint(call, PAINT_OFF));
    out_format(out, "%*s", (int)(2 + 2 * (node->depth < 40 ? node->depth : 40)), "");
    out_text(out, paint(call, PAINT_TOPIC));
    if (i == 0)
        out_text(out, "data");
    else
        put_step(out, walk, i);
    out_text(out, paint(call, PAINT_OFF));
    if (!tree_is_container(node)) {
        out_text(out, " = ");
        value_json(out, tree, i);
    }
    sctx_str label = tree_str(tree, node->label);
    if (label.n > 0) out_char(out, ' ');
    inert_put(out, label.p, label.n);
    if ((node->flags & SCTX_GUESSED) != 0) out_text(out, " (guessed)");
    out_char(out, '\n');
}

void value_list(const struct call *call, const struct tree *tree) {
    struct walk walk = {.tree = tree, .path = {.fd = -1}};
    if (!call->json && tree->count > 0) out_text(call->out, "offset  bytes  type     value\n");
    for (uint32_t i = 0; i < tree->count; i++) {
        walk_to(&walk, i);
        if (call->json)
            put_object(call->out, &walk, i);
        else
            put_row(call, &walk, i);
        out_line_done(call->out);
    }
    out_free(&walk.path);
}

struct value_fault value_fault(const struct tree *tree) {
    struct value_fault fault = {""};
    const char *what = tree->status == SCTX_PLUGIN_NOT_MINE      ? "of another format"
                       : tree->status == SCTX_PLUGIN_TRUNCATED   ? "it ends too early"
                       : tree->status == SCTX_PLUGIN_UNSUPPORTED ? "more than this decoder can do"
                       : tree->status != SCTX_PLUGIN_OK          ? "malformed"
                                                                 : "";
    if (tree->failed)
        (void)snprintf(fault.text, sizeof fault.text, "byte %" PRIu32 ": %s", tree->fault_off, tree->reason);
    else if (tree->status != SCTX_PLUGIN_OK)
        (void)snprintf(fault.text, sizeof fault.text, "%s", tree->reason[0] != '\0' ? tree->reason : what);
    else if (tree->cut)
        (void)snprintf(fault.text, sizeof fault.text, "more than can be shown: the rest is left out");
    return fault;
}
