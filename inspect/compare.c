#include "compare.h"
#include "filter_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 1024 };

struct comparing {
    const struct tree *left, *right;
    const struct compare_options *options;
    char path[PATH_ROOM];
    size_t len;
    bool on;
};

/* ---- paths ------------------------------------------------------------------------------------------------------------------ */

/* The step that begins here: ".name", "[3]"; its length. */
static size_t step_len(const char *path) {
    if (*path == '[') return strcspn(path, "]") + (strchr(path, ']') != NULL);
    return 1 + strcspn(path + 1, ".[");
}

static bool step_matches(const char *pattern, size_t pattern_len, const char *step, size_t len) {
    bool any = (pattern_len == 2 && memcmp(pattern, ".*", 2) == 0) || (pattern_len == 3 && memcmp(pattern, "[*]", 3) == 0);
    return any || (pattern_len == len && memcmp(pattern, step, len) == 0);
}

static bool path_matches(const char *pattern, const char *path) {
    while (*pattern != '\0') {
        size_t pattern_len = step_len(pattern), len = *path != '\0' ? step_len(path) : 0;
        if (pattern_len == 3 && memcmp(pattern, ".**", 3) == 0) {
            for (const char *rest = path;; rest += step_len(rest)) {
                if (path_matches(pattern + pattern_len, rest)) return true;
                if (*rest == '\0') return false;
            }
        }
        if (len == 0 || !step_matches(pattern, pattern_len, path, len)) return false;
        pattern += pattern_len;
        path += len;
    }
    return *path == '\0';
}

static bool is_ignored(const struct comparing *comparing) {
    for (size_t i = 0; i < comparing->options->ignored_count; i++) {
        const char *pattern = comparing->options->ignored[i];
        if (strncmp(pattern, "data", 4) == 0 && path_matches(pattern + 4, comparing->path + 4)) return true;
    }
    return false;
}

/* A path that is too long for its room ends in "...". */
static size_t push_name(struct comparing *comparing, sctx_str name) {
    size_t before = comparing->len;
    int bytes = snprintf(comparing->path + before, PATH_ROOM - before, ".%.*s", (int)(name.n < 200 ? name.n : 200), name.p);
    comparing->len += bytes > 0 && (size_t)bytes < PATH_ROOM - before ? (size_t)bytes : 0;
    return before;
}

static size_t push_index(struct comparing *comparing, uint32_t index) {
    size_t before = comparing->len;
    int bytes = snprintf(comparing->path + before, PATH_ROOM - before, "[%u]", (unsigned)index);
    comparing->len += bytes > 0 && (size_t)bytes < PATH_ROOM - before ? (size_t)bytes : 0;
    return before;
}

static void pop(struct comparing *comparing, size_t before) {
    comparing->len = before;
    comparing->path[before] = '\0';
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static void tell(struct comparing *comparing, enum compare_kind kind, uint32_t left, uint32_t right) {
    if (comparing->on && !is_ignored(comparing))
        comparing->on = comparing->options->differ(comparing->options->context, kind, comparing->path, left, right);
}

static bool is_number(uint8_t type) {
    return type == SCTX_I64 || type == SCTX_U64 || type == SCTX_F64 || type == SCTX_NUMBER;
}

static double as_double(const struct tree *tree, const struct tree_node *node) {
    char text[400];
    sctx_str str;
    switch (node->type) {
    case SCTX_I64: return (double)node->v.i;
    case SCTX_U64: return (double)node->v.u;
    case SCTX_F64: return node->v.f;
    default:
        str = tree_str(tree, node->v.s);
        (void)snprintf(text, sizeof text, "%.*s", (int)(str.n < 399 ? str.n : 399), str.p);
        return strtod(text, NULL);
    }
}

static bool same_leaf(const struct comparing *comparing, uint32_t left, uint32_t right) {
    const struct tree_node *a = &comparing->left->nodes[left], *b = &comparing->right->nodes[right];
    if (is_number(a->type) && is_number(b->type)) {
        double x = as_double(comparing->left, a), y = as_double(comparing->right, b);
        if (isnan(x) && isnan(y)) return true;
        if (comparing->options->tolerance > 0 && fabs(x - y) <= comparing->options->tolerance) return true;
        const sctx_value p = value_of_node(comparing->left, left), q = value_of_node(comparing->right, right);
        return number_compare(&p, &q) == EQUAL;
    }
    if (a->type != b->type) return false;
    if (a->type == SCTX_NULL) return true;
    if (a->type == SCTX_BOOL) return a->v.u == b->v.u;
    sctx_str s = tree_str(comparing->left, a->v.s), t = tree_str(comparing->right, b->v.s);
    return s.n == t.n && (s.n == 0 || memcmp(s.p, t.p, s.n) == 0);
}

static void compare(struct comparing *comparing, uint32_t left, uint32_t right);

/* The member of that name, the nth of that name; UINT32_MAX: there is none. */
static uint32_t member(const struct tree *tree, uint32_t object, sctx_str name, uint32_t nth) {
    for (uint32_t i = object + 1; i < tree->nodes[object].next; i = tree->nodes[i].next) {
        sctx_str other = tree_str(tree, tree->nodes[i].name);
        if (other.n != name.n || (name.n > 0 && memcmp(other.p, name.p, name.n) != 0)) continue;
        if (nth-- == 0) return i;
    }
    return UINT32_MAX;
}

static uint32_t nth_of_name(const struct tree *tree, uint32_t object, uint32_t node) {
    sctx_str name = tree_str(tree, tree->nodes[node].name);
    uint32_t nth = 0;
    while (member(tree, object, name, nth) != node) nth++;
    return nth;
}

static bool same_name(const struct tree *a, uint32_t left, const struct tree *b, uint32_t right) {
    sctx_str x = tree_str(a, a->nodes[left].name), y = tree_str(b, b->nodes[right].name);
    return x.n == y.n && (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
}

/* That of the same name in the other object. Mostly it is the next one there; only else it is looked for. */
static uint32_t partner(const struct tree *a, uint32_t left, uint32_t i, const struct tree *b, uint32_t right, uint32_t *next) {
    if (*next < b->nodes[right].next && same_name(a, i, b, *next)) {
        uint32_t found = *next;
        *next = b->nodes[found].next;
        return found;
    }
    uint32_t found = member(b, right, tree_str(a, a->nodes[i].name), nth_of_name(a, left, i));
    if (found != UINT32_MAX) *next = b->nodes[found].next;
    return found;
}

static void compare_objects(struct comparing *comparing, uint32_t left, uint32_t right) {
    const struct tree *a = comparing->left, *b = comparing->right;
    uint32_t next = right + 1;
    for (uint32_t i = left + 1; comparing->on && i < a->nodes[left].next; i = a->nodes[i].next) {
        uint32_t other = partner(a, left, i, b, right, &next);
        size_t before = push_name(comparing, tree_str(a, a->nodes[i].name));
        if (other == UINT32_MAX)
            tell(comparing, COMPARE_MISSING, i, UINT32_MAX);
        else
            compare(comparing, i, other);
        pop(comparing, before);
    }
    next = left + 1;
    for (uint32_t i = right + 1; comparing->on && i < b->nodes[right].next; i = b->nodes[i].next) {
        if (partner(b, right, i, a, left, &next) != UINT32_MAX) continue;
        size_t before = push_name(comparing, tree_str(b, b->nodes[i].name));
        tell(comparing, COMPARE_NEW, UINT32_MAX, i);
        pop(comparing, before);
    }
}

static void compare_arrays(struct comparing *comparing, uint32_t left, uint32_t right) {
    const struct tree *a = comparing->left, *b = comparing->right;
    uint32_t i = left + 1, k = right + 1, index = 0;
    for (; comparing->on && (i < a->nodes[left].next || k < b->nodes[right].next); index++) {
        bool has_left = i < a->nodes[left].next, has_right = k < b->nodes[right].next;
        size_t before = push_index(comparing, index);
        if (has_left && has_right)
            compare(comparing, i, k);
        else
            tell(comparing, has_left ? COMPARE_MISSING : COMPARE_NEW, has_left ? i : UINT32_MAX, has_right ? k : UINT32_MAX);
        pop(comparing, before);
        if (has_left) i = a->nodes[i].next;
        if (has_right) k = b->nodes[k].next;
    }
}

static void compare(struct comparing *comparing, uint32_t left, uint32_t right) {
    const struct tree_node *a = &comparing->left->nodes[left], *b = &comparing->right->nodes[right];
    if (is_ignored(comparing)) return;
    if (a->type == SCTX_OBJECT && b->type == SCTX_OBJECT)
        compare_objects(comparing, left, right);
    else if (a->type == SCTX_ARRAY && b->type == SCTX_ARRAY)
        compare_arrays(comparing, left, right);
    else if (tree_is_container(a) || tree_is_container(b) || !same_leaf(comparing, left, right))
        tell(comparing, COMPARE_CHANGED, left, right);
}

bool compare_trees(const struct tree *left, const struct tree *right, const struct compare_options *options) {
    struct comparing comparing = {.left = left, .right = right, .options = options, .path = "data", .len = 4, .on = true};
    if (left->count == 0 || right->count == 0) {
        if (left->count != right->count)
            tell(&comparing, left->count > 0 ? COMPARE_MISSING : COMPARE_NEW, left->count > 0 ? 0 : UINT32_MAX,
                 right->count > 0 ? 0 : UINT32_MAX);
        return comparing.on;
    }
    compare(&comparing, 0, 0);
    return comparing.on;
}

static uint32_t child_at(const struct tree *tree, uint32_t node, const char *step, size_t len) {
    if (step[0] == '.') return member(tree, node, (sctx_str){step + 1, len - 1}, 0);
    unsigned long index = strtoul(step + 1, NULL, 10);
    for (uint32_t i = node + 1; i < tree->nodes[node].next; i = tree->nodes[i].next)
        if (index-- == 0) return i;
    return UINT32_MAX;
}

uint32_t compare_find(const struct tree *tree, const char *path) {
    uint32_t node = 0;
    if (tree->count == 0 || strncmp(path, "data", 4) != 0) return UINT32_MAX;
    for (path += 4; *path != '\0' && node != UINT32_MAX; path += step_len(path)) {
        if (*path != '.' && *path != '[') return UINT32_MAX;
        bool fits = tree->nodes[node].type == (*path == '.' ? SCTX_OBJECT : SCTX_ARRAY);
        node = fits ? child_at(tree, node, path, step_len(path)) : UINT32_MAX;
    }
    return node;
}
