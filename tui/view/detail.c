#include "figures.h"
#include "messages.h"
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void detail_open(struct detail *detail) {
    *detail = (struct detail){.seq = 0};
    tree_init(&detail->tree, (struct tree_limits){0, 0});
}

void detail_close(struct detail *detail) {
    tree_free(&detail->tree);
}

/* ---- what is in it ----------------------------------------------------------------------------------------------------------- */

static void note_decoder(struct detail *detail, const struct host_choice *choice) {
    if (choice->decoder == NULL)
        (void)snprintf(detail->decoder, sizeof detail->decoder, "none for this encoding");
    else
        (void)snprintf(detail->decoder, sizeof detail->decoder, "%s (%s)", choice->decoder->manifest.name, host_how_name(choice->how));
    detail->trouble[0] = '\0';
    if (choice->trouble != NULL) (void)snprintf(detail->trouble, sizeof detail->trouble, "%s; x: try it again", choice->trouble);
}

void detail_prepare(struct detail *detail, struct judge *judge, const struct kept *kept) {
    if (kept == NULL || kept->kind != KEPT_MESSAGE || kept->seq == detail->seq) return;
    struct host_choice choice =
        judge_decode(judge, kept->topic, kept->data, kept->held, SCTX_WANT_TREE | SCTX_WANT_KEYS, &detail->tree, &detail->outcome);
    note_decoder(detail, &choice);
    const struct tree *tree = &detail->tree;
    if (kept->held < kept->len)
        (void)snprintf(detail->trouble, sizeof detail->trouble, "only the first %u of %u bytes are looked at here", kept->held, kept->len);
    else if (detail->outcome == HOST_DECODED && !tree_is_good(tree))
        (void)snprintf(detail->trouble, sizeof detail->trouble, "malformed at byte %u%s%s", tree->fault_off,
                       tree->reason[0] != '\0' ? ": " : "", tree->reason);
    else if (detail->outcome == HOST_FAILED && detail->trouble[0] == '\0')
        (void)snprintf(detail->trouble, sizeof detail->trouble, "%s", tree->reason);
    detail->seq = kept->seq;
    detail->chosen = 0;
    detail->top = detail->hex_top = 0;
}

void detail_move(struct detail *detail, long nodes) {
    long at = (long)detail->chosen + nodes, last = (long)detail->tree.count - 1;
    detail->chosen = (uint32_t)(at < 0 || last < 0 ? 0 : at > last ? last : at);
}

/* ---- its fields ------------------------------------------------------------------------------------------------------------- */

static uint32_t place_in_parent(const struct tree *tree, uint32_t node) {
    uint32_t parent = tree->nodes[node].parent, place = 0;
    for (uint32_t at = parent + 1; at < node; at = tree->nodes[at].next) place++;
    return place;
}

static uint32_t children(const struct tree *tree, uint32_t node) {
    uint32_t count = 0;
    for (uint32_t at = node + 1; at < tree->nodes[node].next; at = tree->nodes[at].next) count++;
    return count;
}

static void field(const struct detail *detail, struct pane pane, int y, uint32_t at) {
    const struct tree *tree = &detail->tree;
    const struct tree_node *node = &tree->nodes[at];
    sctx_str name = tree_str(tree, node->name), label = tree_str(tree, node->label);
    int x = 1 + 2 * (int)(node->depth < 20 ? node->depth : 20);
    char value[300];
    if (at == 0)
        x += put_text(pane, x, y, STYLE_DIM, tree_type_name(node->type));
    else if (tree->nodes[node->parent].type == SCTX_ARRAY)
        x += put_format(pane, x, y, STYLE_NAME, "[%u]", place_in_parent(tree, at));
    else
        x += put(pane, x, y, STYLE_NAME, name.p, name.n, pane.columns);
    x++;
    if (tree_is_container(node)) {
        bool is_array = node->type == SCTX_ARRAY;
        (void)put_format(pane, x, y, STYLE_DIM, is_array ? "[%u]" : "{%u}", children(tree, at));
        return;
    }
    words_of_node(tree, at, value, sizeof value);
    if (label.n > 0) {
        x += put(pane, x, y, STYLE_VALUE, label.p, label.n, pane.columns - x);
        x += put_format(pane, x, y, STYLE_DIM, " (%s)", value);
    } else {
        x += put(pane, x, y, STYLE_VALUE, value, strlen(value), pane.columns - x);
    }
    if ((node->flags & SCTX_GUESSED) != 0) (void)put_text(pane, x + 1, y, STYLE_DIM, "?");
}

static void fields(struct detail *detail, struct pane pane) {
    detail->shown = pane.rows;
    size_t rows = pane.rows > 0 ? (size_t)pane.rows : 1;
    if (detail->chosen < detail->top) detail->top = detail->chosen;
    if (detail->chosen >= detail->top + rows) detail->top = detail->chosen - rows + 1;
    for (int y = 0; y < pane.rows && detail->top + (size_t)y < detail->tree.count; y++) {
        uint32_t at = (uint32_t)detail->top + (uint32_t)y;
        field(detail, pane, y, at);
        if (at == detail->chosen) put_selected(pane_part(pane, 0, y, pane.columns, 1), 0);
    }
    if (detail->tree.count == 0) (void)put_text(pane, 1, 0, STYLE_DIM, "no fields are known; the bytes are all there is");
}

/* ---- its bytes -------------------------------------------------------------------------------------------------------------- */

static bool is_lit(const struct detail *detail, size_t at) {
    if (detail->tree.count == 0 || detail->chosen >= detail->tree.count) return false;
    sctx_span span = detail->tree.nodes[detail->chosen].span;
    return at >= span.off && at - span.off < span.len;
}

static void hex_line(const struct detail *detail, struct pane pane, int y, const struct kept *kept, size_t from, size_t wide) {
    int text_at = 6 + 3 * (int)wide + 1;
    (void)put_format(pane, 0, y, STYLE_DIM, "%04zx", from);
    for (size_t i = 0; i < wide && from + i < kept->held; i++) {
        unsigned char byte = kept->data[from + i];
        enum style style = is_lit(detail, from + i) ? STYLE_LIT : STYLE_PLAIN;
        (void)put_format(pane, 6 + 3 * (int)i, y, style, "%02x", byte);
        char shown = (char)(byte >= 0x20 && byte < 0x7F ? byte : '.');
        (void)put(pane, text_at + (int)i, y, style, &shown, 1, 1);
    }
}

static void hex(struct detail *detail, struct pane pane, const struct kept *kept) {
    size_t wide = pane.columns >= 6 + 16 * 4 + 1 ? 16 : pane.columns >= 6 + 8 * 4 + 1 ? 8 : 4;
    size_t rows = pane.rows > 0 ? (size_t)pane.rows : 1, first = 0;
    if (detail->tree.count > 0 && detail->chosen < detail->tree.count) first = detail->tree.nodes[detail->chosen].span.off / wide;
    if (first < detail->hex_top || first >= detail->hex_top + rows) detail->hex_top = first > rows / 3 ? first - rows / 3 : 0;
    for (int y = 0; y < pane.rows && (detail->hex_top + (size_t)y) * wide < kept->held; y++)
        hex_line(detail, pane, y, kept, (detail->hex_top + (size_t)y) * wide, wide);
    if (kept->held == 0) (void)put_text(pane, 0, 0, STYLE_DIM, "the payload is empty");
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

static int head(const struct detail *detail, struct pane pane, const struct kept *kept) {
    char clock[FIGURE];
    int y = 0, x = put_format(pane, 0, y, STYLE_STRONG, "%" PRIu64, kept->seq);
    x += 2 + put_text(pane, x + 2, y, STYLE_PLAIN, figure_clock(kept->time_ns, clock));
    x += 2 + put_text(pane, x + 2, y, STYLE_NAME, kept->topic->name);
    x += 2 + put_text(pane, x + 2, y, STYLE_PERSON, kept->from);
    if (kept->pid != 0) (void)put_format(pane, x + 1, y, STYLE_DIM, "pid %u", kept->pid);
    y++;
    x = put_format(pane, 0, y, STYLE_DIM, "%u bytes, ", kept->len);
    x += put_text(pane, x, y, STYLE_DIM, kept->topic->encoding[0] != '\0' ? kept->topic->encoding : "no encoding");
    x += put_text(pane, x, y, STYLE_DIM, ", decoder: ");
    x += put_text(pane, x, y, STYLE_DIM, detail->decoder);
    if (kept->has_cause)
        (void)put_format(pane, x, y, STYLE_DIM, ", answers %" PRIu64 " (%s)", kept->cause,
                         kept->cause_is_explicit ? "so it says" : "read before");
    y++;
    if (detail->trouble[0] != '\0') (void)put_text(pane, 0, y++, STYLE_WARN, detail->trouble);
    return y;
}

void detail_draw(struct detail *detail, struct pane pane, const struct kept *kept) {
    if (kept == NULL || kept->kind != KEPT_MESSAGE) {
        (void)put_text(pane, 0, 0, STYLE_DIM, "no message");
        return;
    }
    int y = head(detail, pane, kept), rest = pane.rows - y;
    if (pane.columns >= 70) {
        int wide = pane.columns >= 6 + 16 * 4 + 1 + 50 ? 6 + 16 * 4 + 1 : 6 + 8 * 4 + 1, left = pane.columns - wide - 2;
        fields(detail, pane_part(pane, 0, y, left, rest));
        for (int line = y; line < pane.rows; line++) put_code(pane, left, line, STYLE_DIM, 0x2502, '|');
        hex(detail, pane_part(pane, left + 2, y, wide, rest), kept);
    } else {
        fields(detail, pane_part(pane, 0, y, pane.columns, rest - rest / 3));
        hex(detail, pane_part(pane, 0, y + rest - rest / 3, pane.columns, rest / 3), kept);
    }
}
