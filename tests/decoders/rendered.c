#include "rendered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rendered_put(void *to, const char *text, size_t len) {
    struct rendered *rendered = to;
    if (rendered->len + len + 1 > rendered->room) {
        rendered->room = (rendered->len + len + 1) * 2;
        rendered->data = realloc(rendered->data, rendered->room);
        if (rendered->data == NULL) abort();
    }
    if (len > 0) memcpy(rendered->data + rendered->len, text, len);
    rendered->len += len;
    rendered->data[rendered->len] = '\0';
}

static void put_string(void *context, const char *text, size_t len) {
    char escape[8];
    rendered_put(context, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0xED && i + 2 < len && (unsigned char)text[i + 1] >= 0xA0) {
            unsigned code = 0xD000u | ((unsigned)text[i + 1] & 0x3F) << 6 | ((unsigned)text[i + 2] & 0x3F);
            (void)snprintf(escape, sizeof escape, "\\u%04x", code);
            rendered_put(context, escape, 6);
            i += 2;
        } else if (c < 0x20) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", c);
            rendered_put(context, escape, 6);
        } else {
            if (c == '"' || c == '\\') rendered_put(context, "\\", 1);
            rendered_put(context, &text[i], 1);
        }
    }
    rendered_put(context, "\"", 1);
}

void render(struct rendered *to, const struct tree *tree) {
    const struct tree_sink sink = {.put = rendered_put, .string = put_string, .context = to};
    to->len = 0;
    rendered_put(to, "", 0);
    if (tree->count > 0) tree_json(tree, 0, &sink);
}
