/* cli/value.c: what is decoded from JSON goes out as JSON that is inert, and that comes out the same when it is decoded again. */
#include "../../cli/value.h"
#include "glyph.h"
#include "json.h"
#include "must.h"
#include "utf8.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What paints and commands belong to the whole program. */
const char *paint(const struct call *call, enum paint paint) {
    (void)call, (void)paint;
    return "";
}

static void check_inert(const struct out *out) {
    for (size_t at = 0, bytes; at < out->len; at += bytes) {
        uint32_t code = 0;
        bytes = utf8_next((const unsigned char *)out->data + at, out->len - at, &code);
        must(bytes > 0 && (code == '\n' || glyph_is_inert(code)));
    }
}

static void check_list(const struct tree *tree, bool json) {
    static struct out list = {.fd = -1};
    struct call call = {.json = json, .out = &list};
    list.len = 0;
    list.error = 0;
    value_list(&call, tree);
    check_inert(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct out once = {.fd = -1}, twice = {.fd = -1}; /* kept: to make them anew takes longest */
    static struct tree tree;
    static bool begun;
    if (!begun) tree_init(&tree, (struct tree_limits){0, 0});
    begun = true;
    once.len = twice.len = 0;
    bool good = json_parse(data, size, SCTX_WANT_TREE, &tree);
    must(good == (value_fault(&tree).text[0] == '\0'));
    check_list(&tree, false);
    check_list(&tree, true);
    if (tree.count == 0) return 0;
    value_json(&once, &tree, 0);
    check_inert(&once);
    /* Also of what was malformed: the part before the fault is whole. */
    must(json_parse(once.data, once.len, SCTX_WANT_TREE, &tree));
    value_json(&twice, &tree, 0);
    must(twice.len == once.len && memcmp(twice.data, once.data, twice.len) == 0);
    return 0;
}
