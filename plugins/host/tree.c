#include "tree.h"
#include "decimal.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_NODE UINT32_MAX

const char *tree_finding_text(unsigned n) {
    static const char *const texts[TREE_FINDINGS] = {
        "hands in a value of no known type",
        "hands in text that is not UTF-8",
        "hands in a NUMBER that is no number as JSON writes it",
        "hands in a span beyond the payload",
        "does not close what it opens, or closes what it did not open",
        "returns OK without a value",
        "hands in more than one root",
        "returns a status that is not defined",
        "returns an error without saying what is wrong",
        "writes into memory that is not its own",
    };
    return n < TREE_FINDINGS ? texts[n] : "";
}

const char *tree_type_name(unsigned type) {
    static const char *const names[] = {"null", "bool", "int", "uint", "float", "number", "text", "bytes", "object", "array"};
    return type < sizeof names / sizeof *names ? names[type] : "?";
}

void tree_init(struct tree *tree, struct tree_limits limits) {
    *tree = (struct tree){.limits = limits};
    if (tree->limits.nodes == 0) tree->limits.nodes = TREE_NODES_MAX;
    if (tree->limits.pool == 0) tree->limits.pool = TREE_POOL_MAX;
}

void tree_free(struct tree *tree) {
    free(tree->nodes);
    free(tree->pool);
    tree_init(tree, tree->limits);
}

void tree_clear(struct tree *tree) {
    tree->count = tree->pool_len = tree->fault_off = tree->findings = 0;
    tree->status = SCTX_PLUGIN_OK;
    tree->cut = tree->failed = false;
    tree->reason[0] = '\0';
    tree->summary = (struct tree_text){0, 0};
    memset(tree->keys, 0, sizeof tree->keys);
}

bool tree_is_good(const struct tree *tree) {
    return tree->status == SCTX_PLUGIN_OK && !tree->cut && tree->count > 0;
}

sctx_str tree_str(const struct tree *tree, struct tree_text text) {
    return (sctx_str){text.len > 0 ? tree->pool + text.off : "", text.len};
}

static bool grow(void **data, size_t item, uint32_t *room, uint32_t wanted, uint32_t most) {
    if (wanted <= *room) return true;
    if (wanted > most) return false;
    uint64_t next = *room < 64 ? 64 : (uint64_t)*room * 2;
    if (next < wanted) next = wanted;
    if (next > most) next = most;
    void *larger = realloc(*data, next * item);
    if (larger == NULL) return false;
    *data = larger;
    *room = (uint32_t)next;
    return true;
}

bool tree_reserve(struct tree *tree, uint32_t nodes, uint32_t pool) {
    void *node_data = tree->nodes, *pool_data = tree->pool;
    bool fits = grow(&node_data, sizeof *tree->nodes, &tree->node_room, nodes, tree->limits.nodes);
    tree->nodes = node_data;
    fits = fits && grow(&pool_data, 1, &tree->pool_room, pool, tree->limits.pool);
    tree->pool = pool_data;
    return fits;
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------ */

static bool keep(struct tree *tree, sctx_str str, struct tree_text *text) {
    *text = (struct tree_text){0, 0};
    if (str.n == 0 || str.p == NULL) return true;
    if (str.n > tree->limits.pool - tree->pool_len || !tree_reserve(tree, 0, tree->pool_len + (uint32_t)str.n)) {
        tree->cut = true;
        return false;
    }
    *text = (struct tree_text){tree->pool_len, (uint32_t)str.n};
    memcpy(tree->pool + tree->pool_len, str.p, str.n);
    tree->pool_len += (uint32_t)str.n;
    return true;
}

/* A name that is no UTF-8, with \xNN for each byte that is not. */
static bool keep_mended(struct tree *tree, sctx_str str, struct tree_text *text) {
    static const char digits[] = "0123456789ABCDEF";
    struct tree_text part;
    const unsigned char *at = (const unsigned char *)str.p;
    bool kept = keep(tree, (sctx_str){"", 0}, text);
    text->off = tree->pool_len;
    for (size_t i = 0; kept && i < str.n;) {
        uint32_t code;
        size_t bytes = utf8_next(at + i, str.n - i, &code);
        char hex[] = {'\\', 'x', digits[at[i] >> 4], digits[at[i] & 15]};
        kept = bytes > 0 ? keep(tree, (sctx_str){str.p + i, bytes}, &part) : keep(tree, (sctx_str){hex, sizeof hex}, &part);
        i += bytes > 0 ? bytes : 1;
    }
    text->len = tree->pool_len - text->off;
    return kept;
}

static bool keep_name(struct tree *tree, sctx_str str, struct tree_text *text) {
    if (str.p == NULL || utf8_is_wide(str.p, str.n)) return keep(tree, str, text);
    tree->findings |= TREE_BAD_TEXT;
    return keep_mended(tree, str, text);
}

/* ---- building --------------------------------------------------------------------------------------------------------------- */

static uint32_t checked_span(struct tree *tree, sctx_span *span, uint32_t payload_len) {
    if (span->off <= payload_len && span->len <= payload_len - span->off) return 0;
    *span = (sctx_span){0, 0};
    tree->findings |= TREE_BAD_SPAN;
    return TREE_BAD_SPAN;
}

/* A new node where the builder stands; NULL: there may be none. */
static struct tree_node *add(struct tree_builder *builder, sctx_str name, sctx_span span) {
    struct tree *tree = builder->tree;
    if ((builder->out.want & SCTX_WANT_TREE) == 0 || tree->cut) return NULL;
    if (builder->depth == 0 && tree->count > 0) {
        tree->findings |= TREE_MORE_ROOTS;
        return NULL;
    }
    if (!tree_reserve(tree, tree->count + 1, 0)) {
        tree->cut = true;
        return NULL;
    }
    uint32_t index = tree->count, parent = builder->depth > 0 ? builder->open[builder->depth - 1] : index;
    struct tree_node *node = &tree->nodes[index];
    *node = (struct tree_node){.depth = builder->depth, .parent = parent, .next = index + 1, .span = span};
    checked_span(tree, &node->span, builder->payload_len);
    if (builder->depth > 0 && tree->nodes[parent].type == SCTX_OBJECT && !keep_name(tree, name, &node->name)) return NULL;
    tree->count++;
    return node;
}

/* The value of a leaf, as far as it is one. */
static bool set_value(struct tree *tree, struct tree_node *node, const sctx_value *value) {
    bool is_integer;
    node->type = value->type;
    node->as = value->as > SCTX_SIZE ? SCTX_PLAIN : value->as;
    node->flags = value->flags & SCTX_GUESSED;
    switch (value->type) {
    case SCTX_NULL: break;
    case SCTX_BOOL: node->v.u = value->v.u != 0; break;
    case SCTX_I64: node->v.i = value->v.i; break;
    case SCTX_U64: node->v.u = value->v.u; break;
    case SCTX_F64: node->v.f = value->v.f; break;
    case SCTX_NUMBER:
    case SCTX_TEXT:
        if (!utf8_is_wide(value->v.s.p, value->v.s.n)) {
            tree->findings |= TREE_BAD_TEXT;
            node->type = SCTX_BYTES;
        } else if (value->type == SCTX_NUMBER && !decimal_is(value->v.s.p, value->v.s.n, &is_integer)) {
            tree->findings |= TREE_BAD_NUMBER;
            node->type = SCTX_TEXT;
        }
        return keep(tree, value->v.s, &node->v.s);
    case SCTX_BYTES: return keep(tree, value->v.s, &node->v.s);
    default: node->type = SCTX_NULL; tree->findings |= TREE_BAD_TYPE;
    }
    return true;
}

static int builder_put(sctx_out *out, sctx_str name, const sctx_value *value, sctx_span span) {
    struct tree_builder *builder = (struct tree_builder *)out;
    struct tree *tree = builder->tree;
    if (builder->skipped > 0) return tree->cut;
    struct tree_node *node = add(builder, name, span);
    if (node == NULL) return tree->cut;
    if (!set_value(tree, node, value) || !keep_name(tree, value->label, &node->label)) {
        tree->count--; /* a value without its text would be another value */
        return 1;
    }
    return 0;
}

static int builder_open(sctx_out *out, sctx_str name, int type, sctx_span span) {
    struct tree_builder *builder = (struct tree_builder *)out;
    struct tree *tree = builder->tree;
    if (builder->depth + builder->skipped >= SCTX_PLUGIN_DEPTH_MAX) tree->cut = true; /* also where no tree is wanted */
    struct tree_node *node = builder->skipped == 0 ? add(builder, name, span) : NULL;
    if (node == NULL) {
        builder->skipped++;
        return tree->cut;
    }
    if (type != SCTX_OBJECT && type != SCTX_ARRAY) tree->findings |= TREE_BAD_TYPE;
    node->type = type == SCTX_OBJECT ? SCTX_OBJECT : SCTX_ARRAY;
    builder->open[builder->depth++] = tree->count - 1;
    return 0;
}

static void close_one(struct tree_builder *builder, uint32_t end) {
    struct tree *tree = builder->tree;
    struct tree_node *node = &tree->nodes[builder->open[--builder->depth]];
    node->next = tree->count;
    if (end == 0) return;
    sctx_span span = {node->span.off, end - node->span.off};
    if (end < node->span.off || end > builder->payload_len)
        tree->findings |= TREE_BAD_SPAN;
    else
        node->span = span;
}

static int builder_close(sctx_out *out, uint32_t end) {
    struct tree_builder *builder = (struct tree_builder *)out;
    if (builder->skipped > 0)
        builder->skipped--;
    else if (builder->depth > 0)
        close_one(builder, end);
    else if ((out->want & SCTX_WANT_TREE) != 0 && !builder->tree->cut)
        builder->tree->findings |= TREE_UNBALANCED;
    return builder->tree->cut;
}

/* As much of it as a summary may have, in whole characters. */
static sctx_str summary_of(sctx_str line) {
    if (line.n <= TREE_SUMMARY_MAX) return line;
    for (line.n = TREE_SUMMARY_MAX; line.n > 0 && ((unsigned char)line.p[line.n] & 0xC0) == 0x80;) line.n--;
    return line;
}

static void builder_summary(sctx_out *out, sctx_str line) {
    struct tree *tree = ((struct tree_builder *)out)->tree;
    if ((out->want & SCTX_WANT_SUMMARY) == 0 || line.p == NULL) return;
    bool was_cut = tree->cut; /* without room for a summary the tree is still whole */
    if (!keep_name(tree, summary_of(line), &tree->summary)) tree->summary = (struct tree_text){0, 0};
    tree->summary.len = (uint32_t)summary_of(tree_str(tree, tree->summary)).n; /* mended, it may have become longer */
    tree->cut = was_cut;
}

static void builder_key(sctx_out *out, int which, sctx_str id) {
    struct tree *tree = ((struct tree_builder *)out)->tree;
    if ((out->want & SCTX_WANT_KEYS) == 0 || which < 0 || which >= TREE_KEYS || id.n > TREE_KEY_MAX) return;
    bool was_cut = tree->cut;
    if (!keep(tree, id, &tree->keys[which])) tree->keys[which] = (struct tree_text){0, 0};
    tree->cut = was_cut;
}

static int builder_emit(sctx_out *out, const void *data, size_t len) {
    struct emitted *emitted = ((struct tree_builder *)out)->emitted;
    if (emitted == NULL || emitted->too_many) return 1;
    emitted->too_many = len > SCTX_PLUGIN_PAYLOAD_MAX - emitted->len;
    if (!emitted->too_many && emitted->len + len > emitted->room) {
        size_t room = (emitted->len + len) * 2;
        char *larger = realloc(emitted->data, room);
        emitted->too_many = larger == NULL;
        if (larger != NULL) {
            emitted->data = larger;
            emitted->room = room;
        }
    }
    if (emitted->too_many) return 1;
    if (len > 0) memcpy(emitted->data + emitted->len, data, len);
    emitted->len += len;
    return 0;
}

static void builder_fail(sctx_out *out, uint32_t off, const char *why) {
    struct tree_builder *builder = (struct tree_builder *)out;
    struct tree *tree = builder->tree;
    if (tree->failed) return;
    tree->failed = true;
    tree->fault_off = off;
    if (off > builder->payload_len) {
        tree->fault_off = builder->payload_len;
        tree->findings |= TREE_BAD_SPAN;
    }
    (void)snprintf(tree->reason, sizeof tree->reason, "%s", why != NULL ? why : "");
}

void tree_build(struct tree_builder *builder, struct tree *tree, uint32_t want, size_t payload_len) {
    builder->out = (sctx_out){.size = sizeof builder->out,
                              .want = want,
                              .put = builder_put,
                              .open = builder_open,
                              .close = builder_close,
                              .summary = builder_summary,
                              .key = builder_key,
                              .emit = builder_emit,
                              .fail = builder_fail};
    builder->tree = tree;
    builder->emitted = NULL;
    builder->payload_len = payload_len > UINT32_MAX ? UINT32_MAX : (uint32_t)payload_len;
    builder->depth = builder->skipped = 0;
    tree_clear(tree);
}

void tree_build_encode(struct tree_builder *builder, struct tree *tree, struct emitted *emitted, size_t text_len) {
    tree_build(builder, tree, 0, text_len);
    builder->emitted = emitted;
    emitted->len = 0;
    emitted->too_many = false;
}

/* The status that goes with what is there. */
static void settle(struct tree *tree, int status, uint32_t want) {
    if (status < SCTX_PLUGIN_OK || status > SCTX_PLUGIN_INTERNAL) {
        tree->findings |= TREE_BAD_STATUS;
        status = SCTX_PLUGIN_INTERNAL;
    }
    if (status == SCTX_PLUGIN_OK && (want & SCTX_WANT_TREE) != 0 && tree->count == 0 && !tree->cut) {
        tree->findings |= TREE_NO_ROOT;
        status = SCTX_PLUGIN_INTERNAL;
    }
    if (status == SCTX_PLUGIN_OK && tree->failed) status = SCTX_PLUGIN_MALFORMED;
    /* Where the error is ours, the plugin need not have said what it is. */
    bool is_theirs = (tree->findings & (TREE_BAD_STATUS | TREE_NO_ROOT)) == 0;
    if (is_theirs && status > SCTX_PLUGIN_NOT_MINE && !tree->failed) tree->findings |= TREE_SILENT;
    tree->status = status;
}

void tree_built(struct tree_builder *builder, int returned) {
    struct tree *tree = builder->tree;
    bool wants_tree = (builder->out.want & SCTX_WANT_TREE) != 0;
    if (returned == SCTX_PLUGIN_OK && wants_tree && (builder->depth > 0 || builder->skipped > 0) && !tree->cut)
        tree->findings |= TREE_UNBALANCED;
    while (builder->depth > 0) close_one(builder, 0);
    settle(tree, returned, builder->out.want);
}

/* ---- from a worker ---------------------------------------------------------------------------------------------------------- */

/* A text is where it may be, and no longer than `most`. A builder gives each its own bytes: where they add up to more than the pool, going
 * through them all could take for ever. */
static bool claim(struct tree *tree, struct tree_text *text, uint32_t most, uint32_t *unclaimed) {
    bool is_within = text->off <= tree->pool_len && text->len <= tree->pool_len - text->off;
    if (is_within && text->len <= most && text->len <= *unclaimed) {
        *unclaimed -= text->len;
        return true;
    }
    *text = (struct tree_text){0, 0};
    tree->findings |= TREE_SPOILT;
    return false;
}

static void check_text(struct tree *tree, struct tree_text *text, uint32_t most, uint32_t *unclaimed) {
    if (!claim(tree, text, most, unclaimed) || text->len == 0 || utf8_is_wide(tree->pool + text->off, text->len)) return;
    *text = (struct tree_text){0, 0};
    tree->findings |= TREE_BAD_TEXT;
}

static void check_value(struct tree *tree, struct tree_node *node, uint32_t *unclaimed) {
    node->flags &= SCTX_GUESSED;
    if (node->as > SCTX_SIZE) node->as = SCTX_PLAIN;
    if (node->type > SCTX_ARRAY) {
        node->type = SCTX_NULL;
        tree->findings |= TREE_BAD_TYPE;
    }
    if (node->type == SCTX_BOOL) node->v.u = node->v.u != 0;
    if (node->type < SCTX_NUMBER || node->type > SCTX_BYTES) return;
    (void)claim(tree, &node->v.s, UINT32_MAX, unclaimed);
    bool is_integer;
    sctx_str text = tree_str(tree, node->v.s);
    if (node->type != SCTX_BYTES && !utf8_is_wide(text.p, text.n)) {
        node->type = SCTX_BYTES;
        tree->findings |= TREE_BAD_TEXT;
    } else if (node->type == SCTX_NUMBER && !decimal_is(text.p, text.n, &is_integer)) {
        node->type = SCTX_TEXT;
        tree->findings |= TREE_BAD_NUMBER;
    }
}

static void check_link(struct tree *tree, uint32_t *link, uint32_t right) {
    if (*link != right) tree->findings |= TREE_SPOILT;
    *link = right;
}

/* Who is in whom follows from the depths alone; parent and next are held against that. */
static void check_nodes(struct tree *tree, uint32_t payload, uint32_t *unclaimed) {
    uint32_t open[SCTX_PLUGIN_DEPTH_MAX + 1], depth = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        struct tree_node *node = &tree->nodes[i];
        bool is_second_root = i > 0 && node->depth == 0;
        if (is_second_root || node->depth > depth || node->depth > SCTX_PLUGIN_DEPTH_MAX) {
            tree->count = i;
            tree->findings |= is_second_root ? TREE_MORE_ROOTS : TREE_UNBALANCED;
            tree->cut = true;
            break;
        }
        while (depth > node->depth) check_link(tree, &tree->nodes[open[--depth]].next, i);
        check_link(tree, &node->parent, depth > 0 ? open[depth - 1] : i);
        checked_span(tree, &node->span, payload);
        check_text(tree, &node->name, UINT32_MAX, unclaimed);
        check_text(tree, &node->label, UINT32_MAX, unclaimed);
        check_value(tree, node, unclaimed);
        if (tree_is_container(node) && depth < SCTX_PLUGIN_DEPTH_MAX)
            open[depth++] = i;
        else
            check_link(tree, &node->next, i + 1);
    }
    while (depth > 0) check_link(tree, &tree->nodes[open[--depth]].next, tree->count);
}

void tree_check(struct tree *tree, uint32_t want, size_t payload_len) {
    uint32_t payload = payload_len > UINT32_MAX ? UINT32_MAX : (uint32_t)payload_len, unclaimed = tree->pool_len, told = tree->findings;
    check_nodes(tree, payload, &unclaimed);
    check_text(tree, &tree->summary, TREE_SUMMARY_MAX, &unclaimed);
    for (int i = 0; i < TREE_KEYS; i++) (void)claim(tree, &tree->keys[i], TREE_KEY_MAX, &unclaimed);
    if (tree->fault_off > payload) {
        tree->fault_off = payload;
        tree->findings |= TREE_BAD_SPAN;
    }
    tree->reason[sizeof tree->reason - 1] = '\0';
    settle(tree, tree->status, want);
    /* What the plugin did wrong the worker's builder has mended, and told. */
    if ((tree->findings & ~told) != 0) tree->findings |= TREE_SPOILT;
}
