/* A view: the payload is bytes, whatever they are. */
#include <sctx/plugin.h>

#include <stdio.h>

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "83 01 02 (3 bytes)" */
static void summarize(const unsigned char *bytes, size_t len, sctx_out *out) {
    enum { SHOWN = 16 };
    static const char digits[] = "0123456789abcdef";
    char line[3 * SHOWN + 64];
    size_t at = 0;
    for (size_t i = 0; i < len && i < SHOWN; i++) {
        line[at++] = digits[bytes[i] >> 4];
        line[at++] = digits[bytes[i] & 15];
        line[at++] = ' ';
    }
    int written = snprintf(line + at, sizeof line - at, "%s(%zu byte%s)", len > SHOWN ? "... " : "", len, len == 1 ? "" : "s");
    out->summary(out, (sctx_str){line, at + (size_t)written});
}

static int hex_decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    const sctx_value value = {.type = SCTX_BYTES, .as = SCTX_HEX, .v.s = {data, len}};
    summarize(data, len, out);
    (void)out->put(out, (sctx_str){NULL, 0}, &value, (sctx_span){0, (uint32_t)len});
    return SCTX_PLUGIN_OK;
}

static int refuse(const sctx_node *node, sctx_out *out, const char *why) {
    out->fail(out, node->span.off, why);
    return SCTX_PLUGIN_UNSUPPORTED;
}

/* Digits by twos; blanks may stand anywhere. */
static int encode_digits(const sctx_node *root, sctx_out *out) {
    sctx_str text = root->value.v.s;
    char bytes[256];
    size_t len = 0;
    int high = -1;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        int digit = hex_value(c);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        if (digit < 0) return refuse(root, out, "not a hexadecimal digit");
        if (high < 0) {
            high = digit;
            continue;
        }
        bytes[len++] = (char)(high << 4 | digit);
        high = -1;
        if (len < sizeof bytes) continue;
        if (out->emit(out, bytes, len) != 0) return SCTX_PLUGIN_OK;
        len = 0;
    }
    if (high >= 0) return refuse(root, out, "an odd number of hexadecimal digits");
    (void)out->emit(out, bytes, len);
    return SCTX_PLUGIN_OK;
}

static int hex_encode(void *self, const sctx_node *root, sctx_out *out) {
    (void)self;
    if (root->value.type == SCTX_TEXT) return encode_digits(root, out);
    if (root->value.type != SCTX_BYTES) return refuse(root, out, "only bytes, or a string of hexadecimal digits");
    (void)out->emit(out, root->value.v.s.p, root->value.v.s.n);
    return SCTX_PLUGIN_OK;
}

/* Everything is bytes: better than nothing, and worse than all else. */
static int hex_sniff(const void *data, size_t len) {
    (void)data, (void)len;
    return 1;
}

SCTX_PLUGIN("name=hex\nversion=1.0\nlicense=MIT\nencodings=hex,bytes,binary,application/octet-stream\nsummary=bytes as they are\n",
            .sniff = hex_sniff, .decode = hex_decode, .encode = hex_encode);
