/* Binary C structs, described by a layout: see sctx-struct(7), and README.md. */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(sctx_out *out, const char *why) {
    out->fail(out, 0, why);
    return SCTX_PLUGIN_BAD_SCHEMA;
}

static int refuse_empty(const sctx_schema *schema, sctx_out *out) {
    char why[160];
    (void)snprintf(why, sizeof why, "a layout is missing; register one with: sctx pub --encoding %.*s --schema FILE",
                   (int)(schema->encoding.n > 80 ? 80 : schema->encoding.n), schema->encoding.n > 0 ? schema->encoding.p : "");
    return refuse(out, schema->encoding.n > 0 ? why : "a layout is missing");
}

/* The struct that the encoding names; without a name, the last one. */
static int find_root(struct layout *layout, sctx_str name, sctx_out *out) {
    layout->root = layout->last;
    if (name.n == 0) return SCTX_PLUGIN_OK;
    const struct symbol *symbol = symbols_find(&layout->symbols, name);
    layout->root = symbol != NULL && !symbol->is_constant && symbol->type.kind == KIND_STRUCT ? symbol->type.aggregate : NULL;
    if (layout->root != NULL) return SCTX_PLUGIN_OK;
    char why[160];
    int len = name.n > 60 ? 60 : (int)name.n;
    sctx_str like = layout->last->name;
    (void)snprintf(why, sizeof why, "the layout has no struct '%.*s'; its last one is '%.*s'", len, name.p,
                   (int)(like.n > 60 ? 60 : like.n), like.n > 0 ? like.p : "");
    return refuse(out, why);
}

static void struct_close(void *self) {
    if (self != NULL) layout_free(self);
    free(self);
}

static int struct_open(const sctx_schema *schema, void **self, sctx_out *out) {
    static const sctx_str kind = {"struct-layout", 13};
    if (schema->data.n == 0) return refuse_empty(schema, out);
    if (schema->kind.n > 0 && !str_equal(schema->kind, kind)) return refuse(out, "the schema is no struct-layout");
    struct layout *layout = calloc(1, sizeof *layout);
    if (layout == NULL) {
        out->fail(out, 0, "out of memory");
        return SCTX_PLUGIN_INTERNAL;
    }
    int status = layout_parse(layout, schema->data, out);
    if (status == SCTX_PLUGIN_OK) status = find_root(layout, schema->type, out);
    if (status == SCTX_PLUGIN_OK)
        *self = layout;
    else
        struct_close(layout);
    return status;
}

SCTX_PLUGIN("name=struct\nversion=1.0\nlicense=MIT\nencodings=struct,struct:*\nsummary=C structs, described by a layout: sctx-struct(7)\n"
            "schemas=struct-layout\n",
            .open = struct_open, .close = struct_close, .decode = struct_decode, .encode = struct_encode);
