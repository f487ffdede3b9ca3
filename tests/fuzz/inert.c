/* cli/inert.c: whatever comes in, what goes out is UTF-8 without a character that a terminal would obey or hide; as JSON it is JSON. */
#include "../../cli/inert.h"
#include "glyph.h"
#include "json.h"
#include "must.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns how many characters they are. */
static size_t check_inert(const struct out *out) {
    size_t count = 0;
    for (size_t at = 0, bytes; at < out->len; at += bytes, count++) {
        uint32_t code = 0;
        bytes = utf8_next((const unsigned char *)out->data + at, out->len - at, &code);
        must(bytes > 0 && glyph_is_inert(code));
        must(code >= 0x20 && (code < 0x7F || code >= 0xA0) && !(code >= 0x202A && code <= 0x202E) && !(code >= 0x2066 && code <= 0x2069));
    }
    return count;
}

static void check_columns(const uint8_t *data, size_t size, size_t columns) {
    static struct out part = {.fd = -1}; /* kept: to make it anew takes longest */
    part.len = 0;
    size_t shown = inert_put_columns(&part, data, size, columns);
    must(shown <= size && inert_columns(part.data, part.len) <= columns);
    must(check_inert(&part) <= columns); /* marks without a column of their own would let any number of them in */
}

static bool is_json(const struct out *out) {
    static struct tree tree;
    if (tree.limits.nodes == 0) tree_init(&tree, (struct tree_limits){0, 0});
    return json_parse(out->data, out->len, SCTX_WANT_TREE, &tree) && tree.count == 1 && tree.nodes[0].type == SCTX_TEXT;
}

static void check_json(const uint8_t *data, size_t size) {
    static struct out out = {.fd = -1};
    out.len = 0;
    bool utf8 = inert_json(&out, data, size);
    must(utf8 ? is_json(&out) : out.len == 0);
    check_inert(&out);
    char *name = malloc(size + 1);
    if (!name) return;
    if (size) memcpy(name, data, size);
    name[size] = '\0';
    out.len = 0;
    inert_json_name(&out, name);
    must(is_json(&out));
    check_inert(&out);
    free(name);
    out.len = 0;
    inert_json_value(&out, data, size);
    must(is_json(&out));
    check_inert(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct out all = {.fd = -1};
    all.len = 0;
    inert_put(&all, data, size);
    check_inert(&all);
    must(inert_columns(data, size) == inert_columns(all.data, all.len));
    check_columns(data, size, size ? data[0] % 80u : 0);
    check_json(data, size);
    return 0;
}
