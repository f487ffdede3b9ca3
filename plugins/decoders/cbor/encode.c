#include "encode.h"
#include "item.h"
#include "number.h"
#include "utf8.h"

#include <cbor.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct emitter {
    sctx_out *out;
    int status; /* enum sctx_plugin_status */
};

/* A head is at most a byte and 64 bits. */
struct head {
    unsigned char bytes[9];
};
#define HEAD(head, encode, value) encode(value, (head)->bytes, sizeof(head)->bytes)

static bool emit_node(struct emitter *emitter, const sctx_node *node);

static bool fail(struct emitter *emitter, const sctx_node *node, const char *why) {
    emitter->status = SCTX_PLUGIN_UNSUPPORTED;
    emitter->out->fail(emitter->out, node->span.off, why);
    return false;
}

static bool emit_bytes(struct emitter *emitter, const sctx_node *node, const void *data, size_t len) {
    return emitter->out->emit(emitter->out, data, len) == 0 || fail(emitter, node, "the payload becomes too large");
}

/* ---- leaves ----------------------------------------------------------------------------------------------------------------- */

static bool emit_unsigned(struct emitter *emitter, const sctx_node *node, uint64_t value) {
    struct head head;
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_uint, value));
}

/* -1 - value */
static bool emit_negative(struct emitter *emitter, const sctx_node *node, uint64_t value) {
    struct head head;
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_negint, value));
}

static bool emit_simple(struct emitter *emitter, const sctx_node *node, uint8_t value) {
    struct head head;
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_ctrl, value));
}

static bool emit_tag(struct emitter *emitter, const sctx_node *node, uint64_t number) {
    struct head head;
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_tag, number));
}

static bool emit_byte_string(struct emitter *emitter, const sctx_node *node, sctx_str bytes) {
    struct head head;
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_bytestring_start, bytes.n)) &&
           emit_bytes(emitter, node, bytes.p, bytes.n);
}

static bool emit_text(struct emitter *emitter, const sctx_node *node, sctx_str text) {
    struct head head;
    if (utf8_valid(text.p, text.n) < text.n) return fail(emitter, node, "a lone surrogate has no UTF-8");
    return emit_bytes(emitter, node, head.bytes, HEAD(&head, cbor_encode_string_start, text.n)) &&
           emit_bytes(emitter, node, text.p, text.n);
}

/* In the fewest bytes that keep the value. */
static bool emit_float(struct emitter *emitter, const sctx_node *node, double value) {
    struct head head;
    uint16_t half;
    size_t len;
    if (number_to_half(value, &half)) {
        head = (struct head){{0xF9, (unsigned char)(half >> 8), (unsigned char)half}};
        len = 3;
    } else if (fabs(value) <= (double)FLT_MAX && (double)(float)value == value) {
        len = HEAD(&head, cbor_encode_single, (float)value);
    } else {
        len = HEAD(&head, cbor_encode_double, value);
    }
    return emit_bytes(emitter, node, head.bytes, len);
}

/* Digits that are no 64-bit integer: a larger one, or a float. */
static bool emit_integer(struct emitter *emitter, const sctx_node *node) {
    char room[BIGNUM_MAX];
    bool is_negative;
    sctx_str bytes;
    if (!number_bytes(node->value.v.s, &is_negative, room, &bytes)) return fail(emitter, node, "an integer of more than 1024 bytes");
    if (bytes.n > sizeof(uint64_t))
        return emit_tag(emitter, node, is_negative ? TAG_NEGATIVE_BIGNUM : TAG_BIGNUM) && emit_byte_string(emitter, node, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.n; i++) value = value << 8 | (unsigned char)bytes.p[i];
    return is_negative ? emit_negative(emitter, node, value) : emit_unsigned(emitter, node, value);
}

static bool emit_number(struct emitter *emitter, const sctx_node *node) {
    sctx_str digits = node->value.v.s;
    if (number_is_integer(digits)) return emit_integer(emitter, node);
    char few[64], *copy = digits.n < sizeof few ? few : malloc(digits.n + 1);
    if (copy == NULL) return fail(emitter, node, "out of memory");
    memcpy(copy, digits.p, digits.n);
    copy[digits.n] = '\0';
    double value = strtod(copy, NULL);
    if (copy != few) free(copy);
    if (isinf(value)) return fail(emitter, node, "a number beyond 64-bit floats");
    return emit_float(emitter, node, value);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

static bool is_word(const sctx_node *node, const char *word) {
    size_t len = strlen(word);
    return node->value.type == SCTX_OBJECT && node->count == 1 && node->first->name.n == len && memcmp(node->first->name.p, word, len) == 0;
}

static bool is_unsigned(const sctx_node *node) {
    return node->value.type == SCTX_U64 || (node->value.type == SCTX_I64 && node->value.v.i >= 0);
}

/* {"$simple":value} */
static bool is_simple_word(const sctx_node *node) {
    return is_word(node, "$simple") && is_unsigned(node->first);
}

static bool emit_simple_word(struct emitter *emitter, const sctx_node *node) {
    const sctx_node *value = node->first;
    uint64_t n = value->value.v.u;
    if (n > UINT8_MAX || (n > SIMPLE_UNDEFINED && n < SIMPLE_NOT_BELOW)) return fail(emitter, value, "not a simple value");
    if (n >= SIMPLE_FALSE && n <= SIMPLE_NULL) return fail(emitter, value, "false, true and null are written as JSON has them");
    return emit_simple(emitter, node, (uint8_t)n);
}

/* {"$tag":[number, content]} */
static bool is_tag_word(const sctx_node *node) {
    return is_word(node, "$tag") && node->first->value.type == SCTX_ARRAY && node->first->count == 2 && is_unsigned(node->first->first);
}

static bool emit_tag_word(struct emitter *emitter, const sctx_node *node) {
    const sctx_node *number = node->first->first, *content = number->next;
    uint64_t n = number->value.v.u;
    if ((n == TAG_BIGNUM || n == TAG_NEGATIVE_BIGNUM) && content->value.type == SCTX_BYTES && content->value.v.s.n <= BIGNUM_MAX)
        return fail(emitter, content, "an integer is written as JSON has it");
    return emit_tag(emitter, node, n) && emit_node(emitter, content);
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

static bool emit_container(struct emitter *emitter, const sctx_node *node) {
    bool is_map = node->value.type == SCTX_OBJECT;
    struct head head;
    if (is_simple_word(node)) return emit_simple_word(emitter, node);
    if (is_tag_word(node)) return emit_tag_word(emitter, node);
    size_t len = is_map ? HEAD(&head, cbor_encode_map_start, node->count) : HEAD(&head, cbor_encode_array_start, node->count);
    if (!emit_bytes(emitter, node, head.bytes, len)) return false;
    for (const sctx_node *child = node->first; child != NULL; child = child->next)
        if ((is_map && !emit_text(emitter, child, child->name)) || !emit_node(emitter, child)) return false;
    return true;
}

static bool emit_node(struct emitter *emitter, const sctx_node *node) {
    const sctx_value *value = &node->value;
    switch (value->type) {
    case SCTX_BOOL: return emit_simple(emitter, node, value->v.u != 0 ? SIMPLE_TRUE : SIMPLE_FALSE);
    case SCTX_I64:
        if (value->v.i < 0) return emit_negative(emitter, node, (uint64_t)(-1 - value->v.i));
        return emit_unsigned(emitter, node, (uint64_t)value->v.i);
    case SCTX_U64: return emit_unsigned(emitter, node, value->v.u);
    case SCTX_F64: return emit_float(emitter, node, value->v.f);
    case SCTX_NUMBER: return emit_number(emitter, node);
    case SCTX_TEXT: return emit_text(emitter, node, value->v.s);
    case SCTX_BYTES: return emit_byte_string(emitter, node, value->v.s);
    case SCTX_OBJECT:
    case SCTX_ARRAY: return emit_container(emitter, node);
    default: return emit_simple(emitter, node, SIMPLE_NULL);
    }
}

int encode_cbor(void *self, const sctx_node *root, sctx_out *out) {
    struct emitter emitter = {.out = out};
    (void)self;
    (void)emit_node(&emitter, root);
    return emitter.status;
}
