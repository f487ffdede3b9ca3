#include "filter_value.h"
#include "filter_units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

sctx_value value_of_node(const struct tree *tree, uint32_t n) {
    const struct tree_node *node = &tree->nodes[n];
    sctx_value value = {.type = node->type, .as = node->as, .flags = node->flags};
    if (node->label.len > 0) value.label = tree_str(tree, node->label);
    if (node->type == SCTX_NUMBER || node->type == SCTX_TEXT || node->type == SCTX_BYTES)
        value.v.s = tree_str(tree, node->v.s);
    else if (node->type == SCTX_F64)
        value.v.f = node->v.f;
    else
        value.v.u = node->v.u;
    return value;
}

sctx_value value_of_text(const char *text) {
    return (sctx_value){.type = SCTX_TEXT, .v.s = {text, strlen(text)}};
}

static bool is_number(const sctx_value *value) {
    return value->type >= SCTX_I64 && value->type <= SCTX_NUMBER;
}

static bool is_text(const sctx_value *value) {
    return value->type == SCTX_TEXT || value->type == SCTX_BYTES;
}

static enum relation text_compare(sctx_str left, sctx_str right) {
    size_t both = left.n < right.n ? left.n : right.n;
    int order = both > 0 ? memcmp(left.p, right.p, both) : 0;
    if (order == 0) order = (left.n > right.n) - (left.n < right.n);
    return order < 0 ? LESS : order > 0 ? GREATER : EQUAL;
}

static enum relation number_compare_text(const sctx_value *number, sctx_str text) {
    sctx_value moment = {.type = SCTX_I64};
    if (number->as == SCTX_TIME_NS && moment_parse(text, &moment.v.i)) return number_compare(number, &moment);
    if (number->label.n == 0) return INCOMPARABLE;
    return text_compare(number->label, text) == EQUAL ? SAME : DIFFERENT;
}

enum relation value_compare(const sctx_value *left, const sctx_value *right) {
    if (is_number(left) && is_number(right)) return number_compare(left, right);
    if (is_text(left) && is_text(right)) return text_compare(left->v.s, right->v.s);
    if (left->type == SCTX_NULL || right->type == SCTX_NULL) return left->type == right->type ? EQUAL : UNORDERED;
    if (left->type == SCTX_BOOL && right->type == SCTX_BOOL) return left->v.u == right->v.u ? SAME : DIFFERENT;
    if (is_number(left) && is_text(right)) return number_compare_text(left, right->v.s);
    if (is_text(left) && is_number(right)) return relation_mirrored(number_compare_text(right, left->v.s));
    return INCOMPARABLE;
}

bool value_text(const sctx_value *value, sctx_str *text) {
    *text = is_text(value) ? value->v.s : is_number(value) ? value->label : (sctx_str){NULL, 0};
    if (text->n == 0) text->p = "";
    return is_text(value) || text->n > 0;
}

const char *value_kind(const sctx_value *value) {
    static const char *const kinds[] = {"null",     "true or false", "a number", "a number",  "a number",
                                        "a number", "a text",        "bytes",    "an object", "an array"};
    return kinds[value->type];
}

void value_show(struct show *show, const sctx_value *value) {
    enum { MOST = 40 };
    char number[40];
    show_plain(show, value_kind(value));
    switch (value->type) {
    case SCTX_I64: (void)snprintf(number, sizeof number, " (%" PRId64 ")", value->v.i); break;
    case SCTX_U64: (void)snprintf(number, sizeof number, " (%" PRIu64 ")", value->v.u); break;
    case SCTX_F64: (void)snprintf(number, sizeof number, " (%.17g)", value->v.f); break;
    case SCTX_NUMBER:
        show_plain(show, " (");
        show_cut(show, value->v.s.p, value->v.s.n, MOST);
        (void)snprintf(number, sizeof number, ")");
        break;
    case SCTX_TEXT:
        show_plain(show, " (\"");
        show_cut(show, value->v.s.p, value->v.s.n, MOST);
        (void)snprintf(number, sizeof number, "\")");
        break;
    default: number[0] = '\0';
    }
    show_plain(show, number);
}

/* ---- hashes ----------------------------------------------------------------------------------------------------------------- */

/* Every step can be undone for a given word, so that two inputs that differ in one word never meet. */
static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, sctx_str text) {
    hash = mix(hash, text.n);
    for (size_t at = 0; at < text.n; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text.p + at, text.n - at < 8 ? text.n - at : 8);
        hash = mix(hash, word);
    }
    return hash;
}

uint64_t value_hash(uint64_t hash, const struct tree *tree, uint32_t first) {
    hash = mix(hash, UINT64_C(0x243F6A8885A308D3)); /* no small number, in which small words would cancel out */
    for (uint32_t n = first; n < tree->nodes[first].next; n++) {
        const struct tree_node *node = &tree->nodes[n];
        /* 5 is 5, whether it came signed or not. */
        uint8_t type = node->type == SCTX_U64 && node->v.u <= INT64_MAX ? SCTX_I64 : node->type;
        hash = mix(hash, (uint64_t)(node->depth - tree->nodes[first].depth) << 8 | type);
        if (n > first) hash = mix_text(hash, tree_str(tree, node->name));
        if (type >= SCTX_NUMBER && type <= SCTX_BYTES)
            hash = mix_text(hash, tree_str(tree, node->v.s));
        else if (!tree_is_container(node) && type != SCTX_NULL)
            hash = mix(hash, node->v.u);
    }
    return hash;
}
