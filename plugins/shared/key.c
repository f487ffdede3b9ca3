#include "key.h"
#include "base64.h"
#include "decimal.h"
#include "quoted.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

static void put_raw(struct key *key, const char *text, size_t len) {
    key->is_full |= len > sizeof key->text - key->len;
    if (key->is_full) return;
    if (len > 0) memcpy(key->text + key->len, text, len);
    key->len += len;
}

static void put_word(struct key *key, const char *word) {
    put_raw(key, word, strlen(word));
}

static void put_quoted(struct key *key, sctx_str text) {
    put_word(key, "\"");
    for (size_t i = 0; i < text.n && !key->is_full;) {
        char escape[8];
        size_t bytes = quoted_escape(text.p + i, text.n - i, escape);
        if (bytes > 0)
            put_word(key, escape);
        else
            put_raw(key, text.p + i, 1);
        i += bytes > 0 ? bytes : 1;
    }
    put_word(key, "\"");
}

static void put_base64(struct key *key, sctx_str bytes) {
    char text[BASE64_TEXT];
    for (size_t i = 0; i < bytes.n && !key->is_full; i += BASE64_BYTES)
        put_raw(key, text, base64_encode(bytes.p + i, bytes.n - i < BASE64_BYTES ? bytes.n - i : BASE64_BYTES, text));
}

static void put_float(struct key *key, double value) {
    char text[40];
    if (!isfinite(value)) {
        const char *word = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
        (void)snprintf(text, sizeof text, key->depth > 0 ? "{\"$float\":\"%s\"}" : "%s", word);
        put_word(key, text);
        return;
    }
    put_raw(key, text, decimal_of_double(value, text));
}

static void put_scalar(struct key *key, const sctx_value *value) {
    char text[24] = "null";
    bool is_inner = key->depth > 0, is_bare = is_inner && key->kinds[key->depth - 1] == 'e';
    switch (value->type) {
    case SCTX_F64: put_float(key, value->v.f); return;
    case SCTX_NUMBER: put_raw(key, value->v.s.p, value->v.s.n); return;
    case SCTX_TEXT:
        if (is_inner)
            put_quoted(key, value->v.s);
        else
            put_raw(key, value->v.s.p, value->v.s.n);
        return;
    case SCTX_BYTES:
        if (is_inner) put_word(key, is_bare ? "\"" : "{\"$base64\":\"");
        put_base64(key, value->v.s);
        if (is_inner) put_word(key, is_bare ? "\"" : "\"}");
        return;
    case SCTX_BOOL: (void)snprintf(text, sizeof text, "%s", value->v.u != 0 ? "true" : "false"); break;
    case SCTX_I64: (void)snprintf(text, sizeof text, "%" PRId64, value->v.i); break;
    case SCTX_U64: (void)snprintf(text, sizeof text, "%" PRIu64, value->v.u); break;
    default: break;
    }
    put_word(key, text);
}

/* ---- the callbacks ---------------------------------------------------------------------------------------------------------- */

/* What stands between the value before and this one. */
static void put_joint(struct key *key, sctx_str name) {
    if (key->goes_on) put_word(key, ",");
    key->goes_on = true;
    if (key->depth == 0 || key->kinds[key->depth - 1] != '{') return;
    put_quoted(key, name);
    put_word(key, ":");
}

static int key_put(sctx_out *out, sctx_str name, const sctx_value *value, sctx_span span) {
    struct key *key = (struct key *)out;
    (void)span;
    put_joint(key, name);
    put_scalar(key, value);
    return key->is_full;
}

static int key_open(sctx_out *out, sctx_str name, int type, sctx_span span) {
    struct key *key = (struct key *)out;
    (void)span;
    put_joint(key, name);
    key->is_full |= key->depth == KEY_DEPTH_MAX;
    if (key->is_full) return 1;
    put_word(key, type == SCTX_OBJECT ? "{" : "[");
    bool is_ext = type == SCTX_ARRAY && name.n == 4 && memcmp(name.p, "$ext", 4) == 0;
    key->kinds[key->depth++] = is_ext ? 'e' : type == SCTX_OBJECT ? '{' : '[';
    key->goes_on = false;
    return key->is_full;
}

static int key_close(sctx_out *out, uint32_t end) {
    struct key *key = (struct key *)out;
    (void)end;
    put_word(key, key->kinds[--key->depth] == '{' ? "}" : "]");
    key->goes_on = true;
    return key->is_full;
}

void key_begin(struct key *key) {
    key->out = (sctx_out){.size = sizeof key->out, .want = SCTX_WANT_TREE, .put = key_put, .open = key_open, .close = key_close};
    key->len = 0;
    key->depth = 0;
    key->goes_on = key->is_full = false;
}
