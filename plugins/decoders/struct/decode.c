#include "bits.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    const unsigned char *data;
    uint32_t len;
    sctx_out *out;
    int status; /* enum sctx_plugin_status */
};

static bool show_struct(struct walk *walk, const struct aggregate *aggregate, sctx_str name, uint32_t off, uint32_t size);

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static uint64_t read_bytes(const unsigned char *from, uint32_t size, bool big) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) value = value << 8 | from[big ? i : size - 1 - i];
    return value;
}

static uint64_t read_bits(const unsigned char *from, const struct field *field) {
    bool big = is_big(field);
    uint64_t value = 0;
    for (unsigned i = 0; i < field->bits; i++) {
        unsigned n = field->bit + i;
        uint64_t bit = from[n / 8] >> bit_in_byte(n, big) & 1;
        value |= bit << bit_of_value(i, field->bits, big);
    }
    return value;
}

static uint64_t sign_extended(uint64_t value, unsigned width) {
    uint64_t sign = (uint64_t)1 << (width - 1);
    return (value ^ sign) - sign;
}

/* The value of an integer or bool, sign-extended. The bytes are there. */
static uint64_t read_integer(const unsigned char *from, const struct field *field) {
    uint64_t value = field->is_bit_field ? read_bits(from, field) : read_bytes(from, field->type.size, is_big(field));
    unsigned width = field->is_bit_field ? field->bits : field->type.size * 8;
    return field->type.kind == KIND_INT ? sign_extended(value, width) : value;
}

static double read_float(const unsigned char *from, const struct field *field) {
    uint64_t bits = read_bytes(from, field->type.size, is_big(field));
    if (field->type.size == 2) return half_to_double((uint16_t)bits);
    uint32_t half_the_bits = (uint32_t)bits;
    float single;
    double value;
    memcpy(&single, &half_the_bits, sizeof single);
    memcpy(&value, &bits, sizeof value);
    return field->type.size == 4 ? (double)single : value;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

/* The label of a value, the first one if several share it; none: empty. */
static sctx_str label_of(const struct enumeration *labels, uint64_t bits) {
    uint32_t low = 0, high = labels->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (labels->labels[middle].bits < bits)
            low = middle + 1;
        else
            high = middle;
    }
    return low < labels->count && labels->labels[low].bits == bits ? labels->labels[low].name : (sctx_str){NULL, 0};
}

/* Text ends at its first NUL; what follows it is nobody's. */
static sctx_str read_text(const unsigned char *from, const struct field *field, uint32_t size) {
    const unsigned char *nul = field->type.kind == KIND_CHAR && size > 0 ? memchr(from, 0, size) : NULL;
    return (sctx_str){(const char *)from, nul != NULL ? (size_t)(nul - from) : size};
}

/* `size`: of text and bytes. */
static sctx_value read_value(const unsigned char *from, const struct field *field, uint32_t size) {
    const struct type *type = &field->type;
    sctx_value value = {.as = field->as, .label = field->unit};
    switch ((enum kind)type->kind) {
    case KIND_UINT:
    case KIND_INT:
        value.type = type->kind == KIND_INT ? SCTX_I64 : SCTX_U64;
        value.v.u = read_integer(from, field); /* v.i is the same bits */
        if (type->labels != NULL) value.label = label_of(type->labels, value.v.u);
        break;
    case KIND_FLOAT:
        value.type = SCTX_F64;
        value.v.f = read_float(from, field);
        break;
    case KIND_BOOL:
        value.v.u = read_integer(from, field);
        value.type = value.v.u <= 1 ? SCTX_BOOL : SCTX_U64;
        if (value.v.u > 1) value.label = (sctx_str){"not a bool", 10};
        break;
    case KIND_CHAR:
    case KIND_BYTES:
        value.v.s = read_text(from, field, size);
        value.type = type->kind == KIND_CHAR && utf8_valid(value.v.s.p, value.v.s.n) == value.v.s.n ? SCTX_TEXT : SCTX_BYTES;
        break;
    case KIND_PAD:
    case KIND_STRUCT: break; /* never asked for */
    }
    return value;
}

static bool ends_early(struct walk *walk, sctx_str name) {
    char why[160];
    if (walk->status != SCTX_PLUGIN_OK) return false;
    walk->status = SCTX_PLUGIN_TRUNCATED;
    if (name.n > 0)
        (void)snprintf(why, sizeof why, "too short for '%.*s'", (int)name.n, name.p);
    else
        (void)snprintf(why, sizeof why, "too short for the next struct or array");
    walk->out->fail(walk->out, walk->len, why);
    return false;
}

static bool show_value(struct walk *walk, const struct field *field, sctx_str name, uint32_t off, uint32_t size) {
    if (off > walk->len || size > walk->len - off) return ends_early(walk, field->name);
    const sctx_value value = read_value(walk->data + off, field, size);
    return walk->out->put(walk->out, name, &value, (sctx_span){off, size}) == 0;
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

uint64_t flexible_stride(const struct field *field) {
    uint64_t stride = field->type.kind == KIND_STRUCT ? field->type.aggregate->size : field->size;
    for (unsigned i = 1; i < field->dim_count; i++) stride *= field->dims[i];
    return stride > 0 ? stride : 1;
}

/* As much of it as there is, if it ends early. */
static bool open_container(struct walk *walk, sctx_str name, int type, sctx_span span) {
    if (span.off > walk->len || (span.off == walk->len && span.len > 0)) return ends_early(walk, name);
    if (span.len > walk->len - span.off) span.len = walk->len - span.off;
    return walk->out->open(walk->out, name, type, span) == 0;
}

/* From dimension `dim` on; `size` bytes are all of it, `count` elements. */
static bool show_elements(struct walk *walk, const struct field *field, unsigned dim, sctx_str name, sctx_span span, uint32_t count) {
    if (dim == field->dim_count && field->type.kind == KIND_STRUCT)
        return show_struct(walk, field->type.aggregate, name, span.off, span.len);
    if (dim == field->dim_count) return show_value(walk, field, name, span.off, span.len);
    if (!open_container(walk, name, SCTX_ARRAY, span)) return false;
    uint32_t size = count > 0 ? span.len / count : 0, inner = dim + 1u < field->dim_count ? field->dims[dim + 1] : 0;
    for (uint32_t i = 0; i < count; i++) {
        const sctx_span element = {span.off + i * size, size};
        if (!show_elements(walk, field, dim + 1, (sctx_str){NULL, 0}, element, inner)) return false;
    }
    return walk->out->close(walk->out, 0) == 0;
}

static bool show_flexible(struct walk *walk, const struct field *field, uint32_t off) {
    if (off > walk->len) return ends_early(walk, field->name);
    uint32_t rest = walk->len - off, count = (uint32_t)(rest / flexible_stride(field));
    const sctx_span span = {off, (uint32_t)(count * flexible_stride(field))};
    return show_elements(walk, field, 0, field->name, span, count);
}

static bool show_field(struct walk *walk, const struct field *field, uint32_t base) {
    uint32_t off = base + field->off;
    if (field->is_flexible) return show_flexible(walk, field, off);
    if (field->is_bit_field) return show_value(walk, field, field->name, off, bit_field_bytes(field));
    uint32_t size = field->type.kind == KIND_STRUCT ? field->type.aggregate->size : field->size;
    for (unsigned i = 0; i < field->dim_count; i++) size *= field->dims[i];
    return show_elements(walk, field, 0, field->name, (sctx_span){off, size}, field->dims[0]);
}

static bool show_struct(struct walk *walk, const struct aggregate *aggregate, sctx_str name, uint32_t off, uint32_t size) {
    if (!open_container(walk, name, SCTX_OBJECT, (sctx_span){off, size})) return false;
    for (uint32_t i = 0; i < aggregate->count; i++)
        if (!show_field(walk, &aggregate->fields[i], off)) return false;
    return walk->out->close(walk->out, 0) == 0;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

enum { KEY_MAX = 256 };

/* Bytes as hexadecimal digits; a number in decimal. Zero and nothing are how structs say that there is none. */
static size_t key_text(const sctx_value *value, char text[KEY_MAX]) {
    sctx_str str = value->v.s;
    if (value->type == SCTX_I64 || value->type == SCTX_U64) {
        if (value->v.u == 0) return 0;
        return (size_t)(value->type == SCTX_I64 ? snprintf(text, KEY_MAX, "%lld", (long long)value->v.i)
                                                : snprintf(text, KEY_MAX, "%llu", (unsigned long long)value->v.u));
    }
    if (value->type == SCTX_TEXT) {
        if (str.n > KEY_MAX) return 0;
        if (str.n > 0) memcpy(text, str.p, str.n);
        return str.n;
    }
    if (str.n > KEY_MAX / 2) return 0;
    bool any = false;
    for (size_t i = 0; i < str.n; i++) {
        static const char digits[] = "0123456789abcdef";
        unsigned char c = (unsigned char)str.p[i];
        text[2 * i] = digits[c >> 4];
        text[2 * i + 1] = digits[c & 15];
        any |= c != 0;
    }
    return any ? 2 * str.n : 0;
}

static void tell_keys(const struct walk *walk, const struct aggregate *root) {
    char text[KEY_MAX];
    for (int i = 0; i < 3; i++) {
        const struct field *field = root->keys[i].field;
        if (field == NULL) continue;
        uint32_t off = root->keys[i].off + field->off;
        uint32_t size = field->is_bit_field ? bit_field_bytes(field) : field->is_flexible ? walk->len - off : field->size;
        const sctx_value value = read_value(walk->data + off, field, size);
        size_t len = key_text(&value, text);
        if (len > 0) walk->out->key(walk->out, i, (sctx_str){text, len});
    }
}

/* ---- the slot --------------------------------------------------------------------------------------------------------------- */

/* How long the payload should be: all but a flexible array, which begins where C says that it does, perhaps within the padding. */
static uint32_t least_size(const struct aggregate *root) {
    return root->is_flexible ? root->fields[root->count - 1].off : root->size;
}

static int check_length(const struct walk *walk, const struct aggregate *root) {
    uint32_t least = least_size(root), end = least;
    char why[96];
    if (walk->len < least) {
        (void)snprintf(why, sizeof why, "too short: the struct has %u bytes", least);
        walk->out->fail(walk->out, walk->len, why);
        return SCTX_PLUGIN_TRUNCATED;
    }
    if (root->is_flexible) {
        uint64_t stride = flexible_stride(&root->fields[root->count - 1]), rest = walk->len - least;
        end = (uint32_t)(walk->len - rest % stride);
        if (end == walk->len) return SCTX_PLUGIN_OK;
        (void)snprintf(why, sizeof why, "ends within an element of %llu bytes", (unsigned long long)stride);
        walk->out->fail(walk->out, walk->len, why);
        return SCTX_PLUGIN_TRUNCATED;
    }
    if (walk->len == end) return SCTX_PLUGIN_OK;
    (void)snprintf(why, sizeof why, "something follows the struct of %u bytes", end);
    walk->out->fail(walk->out, end, why);
    return SCTX_PLUGIN_MALFORMED;
}

int struct_decode(void *self, const void *data, size_t len, sctx_out *out) {
    const struct aggregate *root = ((const struct layout *)self)->root;
    struct walk walk = {.data = data, .len = (uint32_t)len, .out = out};
    if ((out->want & SCTX_WANT_TREE) != 0) {
        uint32_t size = root->is_flexible ? walk.len : root->size;
        if (!show_struct(&walk, root, (sctx_str){NULL, 0}, 0, size)) return walk.status;
    }
    int status = check_length(&walk, root);
    if (status == SCTX_PLUGIN_OK && (out->want & SCTX_WANT_KEYS) != 0) tell_keys(&walk, root);
    return status;
}
