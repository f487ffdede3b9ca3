#include "encode.h"
#include "utf8.h"

#include <math.h>
#include <mpack.h>
#include <stdlib.h>
#include <string.h>

struct emitter {
    sctx_out *out;
    int status; /* enum sctx_plugin_status */
};

static bool emit_node(struct emitter *emitter, const sctx_node *node);

static bool fail(struct emitter *emitter, const sctx_node *node, const char *why) {
    emitter->status = SCTX_PLUGIN_UNSUPPORTED;
    emitter->out->fail(emitter->out, node->span.off, why);
    return false;
}

static bool emit_bytes(struct emitter *emitter, const sctx_node *node, const void *data, size_t len) {
    return emitter->out->emit(emitter->out, data, len) == 0 || fail(emitter, node, "the payload becomes too large");
}

static bool emit_token(struct emitter *emitter, const sctx_node *node, mpack_token_t token) {
    mpack_tokbuf_t buffer = MPACK_TOKBUF_INITIAL_VALUE;
    char bytes[MPACK_MAX_TOKEN_LEN], *end = bytes;
    size_t room = sizeof bytes;
    (void)mpack_write(&buffer, &end, &room, &token);
    return emit_bytes(emitter, node, bytes, sizeof bytes - room);
}

static void put_big_endian(unsigned char *to, uint64_t value, size_t len) {
    for (size_t i = len; i-- > 0; value >>= 8) to[i] = (unsigned char)value;
}

/* ---- leaves ----------------------------------------------------------------------------------------------------------------- */

static bool emit_text(struct emitter *emitter, const sctx_node *node, sctx_str text) {
    if (utf8_valid(text.p, text.n) < text.n) return fail(emitter, node, "a lone surrogate has no UTF-8");
    return emit_token(emitter, node, mpack_pack_str((mpack_uint32_t)text.n)) && emit_bytes(emitter, node, text.p, text.n);
}

/* Not by mpack_write(): libmpack 1.0 takes 32 bits for many integers that need 64. */
static bool emit_negative(struct emitter *emitter, const sctx_node *node, int64_t value) {
    size_t len = value >= -32 ? 0 : value >= INT8_MIN ? 1 : value >= INT16_MIN ? 2 : value >= INT32_MIN ? 4 : 8;
    unsigned char bytes[9] = {(unsigned char)value};
    if (len > 0) bytes[0] = len == 1 ? 0xD0 : len == 2 ? 0xD1 : len == 4 ? 0xD2 : 0xD3;
    put_big_endian(bytes + 1, (uint64_t)value, len);
    return emit_bytes(emitter, node, bytes, 1 + len);
}

/* Always 64 bits, whatever the value: the reader of a field that is now and then a whole number finds one type. */
static bool emit_float(struct emitter *emitter, const sctx_node *node, double value) {
    uint64_t bits;
    if (isnan(value)) value = (double)NAN;
    memcpy(&bits, &value, sizeof bits);
    const mpack_token_t token = {.type = MPACK_TOKEN_FLOAT,
                                 .length = sizeof bits,
                                 .data.value = {.lo = (mpack_uint32_t)bits, .hi = (mpack_uint32_t)(bits >> 32)}};
    return emit_token(emitter, node, token);
}

static bool is_integer(sctx_str digits) {
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] == '.' || digits.p[i] == 'e' || digits.p[i] == 'E') return false;
    return true;
}

static bool emit_number(struct emitter *emitter, const sctx_node *node) {
    sctx_str digits = node->value.v.s;
    bool is_minus_zero = digits.n == 2 && memcmp(digits.p, "-0", 2) == 0;
    if (is_integer(digits) && !is_minus_zero) return fail(emitter, node, "an integer beyond 64 bits");
    char few[64], *copy = digits.n < sizeof few ? few : malloc(digits.n + 1);
    if (copy == NULL) return fail(emitter, node, "out of memory");
    memcpy(copy, digits.p, digits.n);
    copy[digits.n] = '\0';
    double value = strtod(copy, NULL);
    if (copy != few) free(copy);
    if (isinf(value)) return fail(emitter, node, "a number beyond 64-bit floats");
    return emit_float(emitter, node, value);
}

/* ---- ext -------------------------------------------------------------------------------------------------------------------- */

static bool is_word(const sctx_node *node, const char *word) {
    size_t len = strlen(word);
    return node->value.type == SCTX_OBJECT && node->count == 1 && node->first->name.n == len && memcmp(node->first->name.p, word, len) == 0;
}

static bool emit_ext(struct emitter *emitter, const sctx_node *node, int type, const void *data, size_t len) {
    return emit_token(emitter, node, mpack_pack_ext(type, (mpack_uint32_t)len)) && emit_bytes(emitter, node, data, len);
}

/* {"$ext":[type, bytes]} */
static bool is_ext(const sctx_node *node) {
    if (!is_word(node, "$ext") || node->first->value.type != SCTX_ARRAY || node->first->count != 2) return false;
    const sctx_node *type = node->first->first;
    return (type->value.type == SCTX_I64 || type->value.type == SCTX_U64) && type->next->value.type == SCTX_BYTES;
}

static bool emit_ext_word(struct emitter *emitter, const sctx_node *node) {
    const sctx_node *type = node->first->first;
    sctx_str data = type->next->value.v.s;
    if (type->value.type != SCTX_I64 || type->value.v.i < INT8_MIN || type->value.v.i > INT8_MAX)
        return fail(emitter, type, "a type of ext is between -128 and 127");
    if (type->value.v.i == MSGPACK_TIMESTAMP) return fail(emitter, type, "a timestamp is written {\"$time\":nanoseconds}");
    return emit_ext(emitter, node, (int)type->value.v.i, data.p, data.n);
}

/* {"$time":nanoseconds}: an integer of any size, but no wider than msgpack_ns could hold. */
static bool is_time(const sctx_node *node) {
    if (!is_word(node, "$time")) return false;
    const sctx_value *value = &node->first->value;
    return value->type == SCTX_I64 || value->type == SCTX_U64 || (value->type == SCTX_NUMBER && is_integer(value->v.s));
}

static bool nanoseconds(const sctx_value *value, msgpack_ns *ns) {
    if (value->type == SCTX_I64) *ns = value->v.i;
    if (value->type == SCTX_U64) *ns = (msgpack_ns)value->v.u;
    if (value->type != SCTX_NUMBER) return true;
    sctx_str digits = value->v.s;
    bool negative = digits.p[0] == '-';
    *ns = 0;
    if (digits.n - negative > 30) return false;
    for (size_t i = negative; i < digits.n; i++) *ns = *ns * 10 + (digits.p[i] - '0');
    if (negative) *ns = -*ns;
    return true;
}

static bool emit_time_word(struct emitter *emitter, const sctx_node *node) {
    msgpack_ns all;
    unsigned char data[12];
    if (!nanoseconds(&node->first->value, &all)) return fail(emitter, node->first, "a time beyond 64 bits of seconds");
    msgpack_ns seconds = all / MSGPACK_NS, ns = all % MSGPACK_NS;
    if (ns < 0) {
        ns += MSGPACK_NS;
        seconds--;
    }
    if (seconds < INT64_MIN || seconds > INT64_MAX) return fail(emitter, node->first, "a time beyond 64 bits of seconds");
    size_t len = seconds < 0 || seconds >> 34 != 0 ? 12 : ns != 0 || seconds >> 32 != 0 ? 8 : 4;
    if (len == 4) {
        put_big_endian(data, (uint64_t)seconds, 4);
    } else if (len == 8) {
        put_big_endian(data, (uint64_t)ns << 34 | (uint64_t)seconds, 8);
    } else {
        put_big_endian(data, (uint64_t)ns, 4);
        put_big_endian(data + 4, (uint64_t)seconds, 8);
    }
    return emit_ext(emitter, node, MSGPACK_TIMESTAMP, data, len);
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

static bool emit_container(struct emitter *emitter, const sctx_node *node) {
    bool is_map = node->value.type == SCTX_OBJECT;
    if (is_ext(node)) return emit_ext_word(emitter, node);
    if (is_time(node)) return emit_time_word(emitter, node);
    if (!emit_token(emitter, node, is_map ? mpack_pack_map(node->count) : mpack_pack_array(node->count))) return false;
    for (const sctx_node *child = node->first; child != NULL; child = child->next)
        if ((is_map && !emit_text(emitter, child, child->name)) || !emit_node(emitter, child)) return false;
    return true;
}

static bool emit_node(struct emitter *emitter, const sctx_node *node) {
    const sctx_value *value = &node->value;
    switch (value->type) {
    case SCTX_BOOL: return emit_token(emitter, node, mpack_pack_boolean(value->v.u != 0));
    case SCTX_I64:
        if (value->v.i < 0) return emit_negative(emitter, node, value->v.i);
        return emit_token(emitter, node, mpack_pack_uint((mpack_uintmax_t)value->v.i));
    case SCTX_U64: return emit_token(emitter, node, mpack_pack_uint(value->v.u));
    case SCTX_F64: return emit_float(emitter, node, value->v.f);
    case SCTX_NUMBER: return emit_number(emitter, node);
    case SCTX_TEXT: return emit_text(emitter, node, value->v.s);
    case SCTX_BYTES:
        return emit_token(emitter, node, mpack_pack_bin((mpack_uint32_t)value->v.s.n)) &&
               emit_bytes(emitter, node, value->v.s.p, value->v.s.n);
    case SCTX_OBJECT:
    case SCTX_ARRAY: return emit_container(emitter, node);
    default: return emit_token(emitter, node, mpack_pack_nil());
    }
}

int msgpack_encode(void *self, const sctx_node *root, sctx_out *out) {
    struct emitter emitter = {.out = out};
    (void)self;
    (void)emit_node(&emitter, root);
    return emitter.status;
}
