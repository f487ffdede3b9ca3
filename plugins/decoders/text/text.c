/* A view: the payload is text, in UTF-8. */
#include "utf8.h"

#include <sctx/plugin.h>
#include <stdbool.h>
#include <stddef.h>

static size_t first_line(const unsigned char *text, size_t len) {
    size_t at = 0;
    while (at < len && text[at] != '\n' && text[at] != '\r') at++;
    return at;
}

static int text_decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    const unsigned char *text = data;
    for (size_t at = 0, bytes; at < len; at += bytes) {
        bytes = utf8_length(text + at, len - at);
        if (bytes == 0) {
            out->fail(out, (uint32_t)at, "not UTF-8");
            return SCTX_PLUGIN_MALFORMED;
        }
        if (bytes > len - at) {
            out->fail(out, (uint32_t)len, "the text ends within a character");
            return SCTX_PLUGIN_TRUNCATED;
        }
    }
    const sctx_value value = {.type = SCTX_TEXT, .v.s = {data, len}};
    out->summary(out, (sctx_str){data, first_line(text, len)});
    (void)out->put(out, (sctx_str){NULL, 0}, &value, (sctx_span){0, (uint32_t)len});
    return SCTX_PLUGIN_OK;
}

/* Every text but one with a lone surrogate, which JSON can spell and UTF-8 cannot. */
static int text_encode(void *self, const sctx_node *root, sctx_out *out) {
    (void)self;
    sctx_str text = root->value.v.s;
    if (root->value.type != SCTX_TEXT) {
        out->fail(out, root->span.off, "only a string can be text");
        return SCTX_PLUGIN_UNSUPPORTED;
    }
    if (utf8_valid(text.p, text.n) < text.n) {
        out->fail(out, root->span.off, "a lone surrogate has no form in UTF-8");
        return SCTX_PLUGIN_UNSUPPORTED;
    }
    (void)out->emit(out, text.p, text.n);
    return SCTX_PLUGIN_OK;
}

static bool is_control(const unsigned char *text, size_t bytes) {
    if (bytes == 2 && text[0] == 0xC2) return text[1] < 0xA0;
    return bytes == 1 && (text[0] == 0x7F || (text[0] < ' ' && text[0] != '\t' && text[0] != '\n' && text[0] != '\r'));
}

/* What can be printed as far as one looks. Nearly every other format that is text is so, too: hence so little. */
static int text_sniff(const void *data, size_t len) {
    enum { FAR = 4096 };
    const unsigned char *text = data;
    for (size_t at = 0, bytes; at < len && at < FAR; at += bytes) {
        bytes = utf8_length(text + at, len - at);
        if (bytes == 0 || bytes > len - at || is_control(text + at, bytes)) return 0;
    }
    return len > 0 ? 10 : 0;
}

SCTX_PLUGIN("name=text\nversion=1.0\nlicense=MIT\nencodings=text,text/*,utf-8\nsummary=text in UTF-8, as it is\n", .sniff = text_sniff,
            .decode = text_decode, .encode = text_encode);
