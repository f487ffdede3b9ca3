/* Trees compared with each other, and as JSON. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as JSON ---------------------------------------------------------------------------------------------------------------- */

void text_put(void *context, const char *data, size_t len) {
    struct text *text = context;
    if (text->len + len > text->room) {
        size_t room = (text->len + len) * 2 + 64;
        char *larger = realloc(text->data, room);
        if (larger == NULL) return;
        text->data = larger;
        text->room = room;
    }
    if (len > 0) memcpy(text->data + text->len, data, len);
    text->len += len;
}

static void text_string(void *context, const char *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    text_put(context, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        unsigned surrogate = c == 0xED && i + 2 < len ? 0xD000u | ((unsigned)data[i + 1] & 0x3F) << 6 | ((unsigned)data[i + 2] & 0x3F) : 0;
        bool is_lone = surrogate >= 0xD800;
        unsigned code = is_lone ? surrogate : c;
        const char escape[] = {'\\', 'u', digits[code >> 12], digits[code >> 8 & 15], digits[code >> 4 & 15], digits[code & 15]};
        bool plain = !is_lone && c >= 0x20 && c != '"' && c != '\\';
        text_put(context, plain ? data + i : escape, plain ? 1 : sizeof escape);
        if (is_lone) i += 2;
    }
    text_put(context, "\"", 1);
}

void bench_render(const struct tree *tree, struct text *text) {
    const struct tree_sink sink = {.put = text_put, .string = text_string, .context = text};
    text->len = 0;
    tree_json(tree, 0, &sink);
}

/* ---- compared --------------------------------------------------------------------------------------------------------------- */

static bool texts_same(const struct tree *a, struct tree_text of_a, const struct tree *b, struct tree_text of_b) {
    sctx_str one = tree_str(a, of_a), other = tree_str(b, of_b);
    return one.n == other.n && memcmp(one.p, other.p, one.n) == 0;
}

static bool is_textual(unsigned type) {
    return type >= SCTX_NUMBER && type <= SCTX_BYTES;
}

static bool values_same(const struct tree *a, const struct tree *b, uint32_t i) {
    const struct tree_node *one = &a->nodes[i], *other = &b->nodes[i];
    if (one->type != other->type || one->as != other->as || one->flags != other->flags || one->depth != other->depth) return false;
    if (!texts_same(a, one->name, b, other->name) || !texts_same(a, one->label, b, other->label)) return false;
    if (is_textual(one->type)) return texts_same(a, one->v.s, b, other->v.s);
    return tree_is_container(one) || one->type == SCTX_NULL || one->v.u == other->v.u;
}

static bool spans_same(const struct tree *a, const struct tree *b, uint32_t i) {
    return a->nodes[i].span.off == b->nodes[i].span.off && a->nodes[i].span.len == b->nodes[i].span.len;
}

const char *bench_difference(const struct tree *first, const struct tree *second, bool values_only, char text[CHECK_WHAT]) {
    text[0] = '\0';
    if (first->status != second->status || first->failed != second->failed || first->cut != second->cut)
        (void)snprintf(text, CHECK_WHAT, "status %d, not %d", second->status, first->status);
    else if (first->failed && (first->fault_off != second->fault_off || strcmp(first->reason, second->reason) != 0))
        (void)snprintf(text, CHECK_WHAT, "an error at %u (%.60s), not at %u (%.60s)", second->fault_off, second->reason, first->fault_off,
                       first->reason);
    else if (first->count != second->count)
        (void)snprintf(text, CHECK_WHAT, "%u values, not %u", second->count, first->count);
    for (uint32_t i = 0; text[0] == '\0' && i < first->count; i++)
        if (!values_same(first, second, i))
            (void)snprintf(text, CHECK_WHAT, "value %u of %u is another", i + 1, first->count);
        else if (!values_only && !spans_same(first, second, i))
            (void)snprintf(text, CHECK_WHAT, "the span of value %u of %u is another", i + 1, first->count);
    if (text[0] != '\0' || values_only) return text;
    if (!texts_same(first, first->summary, second, second->summary)) (void)snprintf(text, CHECK_WHAT, "the summary is another");
    for (int i = 0; i < TREE_KEYS; i++)
        if (!texts_same(first, first->keys[i], second, second->keys[i])) (void)snprintf(text, CHECK_WHAT, "key %d is another", i);
    return text;
}
