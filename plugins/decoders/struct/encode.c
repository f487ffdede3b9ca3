#include "bits.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes as they are filled in, and which of their bits have been: members of a union share bits, and must agree about them. */
struct image {
    unsigned char *bytes, *set;
    const struct symbols *symbols;
    sctx_out *out;
};

static bool put_struct(struct image *image, const struct aggregate *aggregate, const sctx_node *node, uint32_t off);

__attribute__((format(printf, 3, 4))) static bool refuse(const struct image *image, const sctx_node *node, const char *format, ...) {
    char why[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    image->out->fail(image->out, node->span.off, why);
    return false;
}

/* ---- bits ------------------------------------------------------------------------------------------------------------------- */

/* The bits of `mask` become those of `byte`. */
static bool put_masked(const struct image *image, const sctx_node *node, uint32_t off, unsigned byte, unsigned mask) {
    unsigned both = image->set[off] & mask;
    if (((image->bytes[off] ^ byte) & both) != 0) return refuse(image, node, "another member says otherwise about the same bytes");
    image->bytes[off] = (unsigned char)(image->bytes[off] | (byte & mask));
    image->set[off] = (unsigned char)(image->set[off] | mask);
    return true;
}

static bool put_text(const struct image *image, const sctx_node *node, uint32_t off, sctx_str text) {
    for (size_t i = 0; i < text.n; i++)
        if (!put_masked(image, node, off + (uint32_t)i, (unsigned char)text.p[i], 0xFF)) return false;
    return true;
}

static bool put_number(const struct image *image, const struct field *field, const sctx_node *node, uint32_t off, uint64_t value) {
    bool big = is_big(field);
    uint32_t size = field->type.size;
    for (uint32_t i = 0; i < size && !field->is_bit_field; i++)
        if (!put_masked(image, node, off + (big ? size - 1 - i : i), value >> (8 * i) & 0xFF, 0xFF)) return false;
    for (unsigned i = 0; i < field->bits; i++) {
        unsigned n = field->bit + i, shift = bit_in_byte(n, big);
        unsigned bit = value >> bit_of_value(i, field->bits, big) & 1;
        if (!put_masked(image, node, off + n / 8, bit << shift, 1u << shift)) return false;
    }
    return true;
}

/* ---- what does not fit ------------------------------------------------------------------------------------------------------ */

/* A value as a message quotes it, cut at some length. */
static const char *value_text(const sctx_value *value, char text[48]) {
    int len = value->v.s.n > 40 && value->type >= SCTX_NUMBER ? 40 : (int)value->v.s.n;
    static const char *const words[] = {"null", "a bool", "", "", "a float", "", "", "bytes", "an object", "an array"};
    switch (value->type) {
    case SCTX_I64: (void)snprintf(text, 48, "%lld", (long long)value->v.i); break;
    case SCTX_U64: (void)snprintf(text, 48, "%llu", (unsigned long long)value->v.u); break;
    case SCTX_NUMBER: (void)snprintf(text, 48, "%.*s", len, value->v.s.p); break;
    case SCTX_TEXT: (void)snprintf(text, 48, "\"%.*s\"", len, value->v.s.n > 0 ? value->v.s.p : ""); break;
    default: (void)snprintf(text, 48, "%s", value->type <= SCTX_ARRAY ? words[value->type] : "this");
    }
    return text;
}

static bool does_not_fit(const struct image *image, const struct field *field, const sctx_node *node) {
    char value[48], type[32];
    field_type_text(field, type);
    return refuse(image, node, "%s does not fit %s", value_text(&node->value, value), type);
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static bool fits(const struct field *field, const sctx_value *value) {
    unsigned width = field->is_bit_field ? field->bits : field->type.size * 8;
    bool is_negative = value->type == SCTX_I64 && value->v.i < 0;
    if (field->type.kind != KIND_INT) return !is_negative && (width == 64 || value->v.u >> width == 0);
    uint64_t most = UINT64_MAX >> 1 >> (64 - width);
    return is_negative ? value->v.i >= -(int64_t)most - 1 : value->v.u <= most;
}

static bool put_integer(const struct image *image, const struct field *field, const sctx_node *node, uint32_t off) {
    sctx_value value = node->value;
    const struct enumeration *labels = field->type.labels;
    if (value.type == SCTX_TEXT && labels != NULL) {
        const struct symbol *symbol = symbols_find(image->symbols, value.v.s);
        char text[48];
        if (symbol == NULL || symbol->owner != labels) return refuse(image, node, "%s is no name of the enum", value_text(&value, text));
        bool is_negative = symbol->is_negative;
        value = (sctx_value){.type = is_negative ? SCTX_I64 : SCTX_U64, .v.u = symbol->bits};
    } else if (value.type == SCTX_BOOL && field->type.kind == KIND_BOOL) {
        value.type = SCTX_U64;
    }
    bool is_integer = value.type == SCTX_I64 || value.type == SCTX_U64;
    if (!is_integer || !fits(field, &value)) return does_not_fit(image, field, node);
    return put_number(image, field, node, off, value.v.u);
}

/* A number's text, which is not NUL-terminated; what is longer than this says nothing that a double could hold. */
static bool parse_double(sctx_str str, double *value, float *single) {
    char text[1100];
    if (str.n >= sizeof text) return false;
    memcpy(text, str.p, str.n);
    text[str.n] = '\0';
    *value = strtod(text, NULL);
    *single = strtof(text, NULL); /* rounded once, not twice */
    return !isinf(*value);
}

static bool put_float(const struct image *image, const struct field *field, const sctx_node *node, uint32_t off) {
    const sctx_value *value = &node->value;
    double number = 0;
    float single = 0;
    bool is_right = true;
    switch (value->type) {
    case SCTX_I64: number = (double)value->v.i, single = (float)value->v.i; break;
    case SCTX_U64: number = (double)value->v.u, single = (float)value->v.u; break;
    case SCTX_F64: number = value->v.f, single = (float)value->v.f; break;
    case SCTX_NUMBER: is_right = parse_double(value->v.s, &number, &single); break;
    default: is_right = false;
    }
    uint64_t bits = 0;
    uint32_t single_bits;
    uint16_t half = half_from_double(number);
    memcpy(&bits, &number, sizeof bits);
    memcpy(&single_bits, &single, sizeof single_bits);
    if (field->type.size == 4) bits = single_bits;
    if (field->type.size == 2) bits = half;
    bool became_infinite =
        !isinf(number) && ((field->type.size == 4 && isinf(single)) || (field->type.size == 2 && (half & 0x7FFF) == 0x7C00));
    if (!is_right || became_infinite) return does_not_fit(image, field, node);
    return put_number(image, field, node, off, bits);
}

/* Text and bytes; `size` is what there is room for. */
static bool put_string(const struct image *image, const struct field *field, const sctx_node *node, uint32_t off, uint32_t size) {
    sctx_str str = node->value.v.s;
    bool is_text = field->type.kind == KIND_CHAR;
    if (node->value.type != SCTX_BYTES && (!is_text || node->value.type != SCTX_TEXT)) return does_not_fit(image, field, node);
    if (str.n > size) return refuse(image, node, "%zu bytes do not fit %s[%u]", str.n, is_text ? "char" : "bytes", size);
    if (!is_text && str.n < size) return refuse(image, node, "%zu bytes, not the %u of the member", str.n, size);
    if (is_text && str.n > 0 && memchr(str.p, 0, str.n) != NULL) return refuse(image, node, "a NUL would end the text");
    if (!put_text(image, node, off, str)) return false;
    return str.n == size || put_masked(image, node, off + (uint32_t)str.n, 0, 0xFF); /* the NUL; what follows it says nothing */
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

static bool put_elements(struct image *image, const struct field *field, unsigned dim, const sctx_node *node, sctx_span span,
                         uint32_t count) {
    if (dim == field->dim_count) {
        switch ((enum kind)field->type.kind) {
        case KIND_STRUCT: return put_struct(image, field->type.aggregate, node, span.off);
        case KIND_CHAR:
        case KIND_BYTES: return put_string(image, field, node, span.off, span.len);
        case KIND_FLOAT: return put_float(image, field, node, span.off);
        case KIND_UINT:
        case KIND_INT:
        case KIND_BOOL: return put_integer(image, field, node, span.off);
        case KIND_PAD: break; /* not among the fields */
        }
        return false;
    }
    char text[48];
    if (node->value.type != SCTX_ARRAY) return refuse(image, node, "%s, where an array must be", value_text(&node->value, text));
    if (node->count != count) return refuse(image, node, "%u elements, not %u", node->count, count);
    uint32_t size = count > 0 ? span.len / count : 0, inner = dim + 1u < field->dim_count ? field->dims[dim + 1] : 0, at = span.off;
    for (const sctx_node *child = node->first; child != NULL; child = child->next, at += size)
        if (!put_elements(image, field, dim + 1, child, (sctx_span){at, size}, inner)) return false;
    return true;
}

/* How many elements of a flexible array, or bytes of a text, a node has. */
static uint64_t flexible_count(const struct field *field, const sctx_node *node) {
    bool is_string = node->value.type == SCTX_TEXT || node->value.type == SCTX_BYTES;
    return field->dim_count > 0 ? node->count : is_string ? node->value.v.s.n : 0;
}

static bool put_field(struct image *image, const struct field *field, const sctx_node *node, uint32_t base) {
    uint32_t off = base + field->off, size = field->type.kind == KIND_STRUCT ? field->type.aggregate->size : field->size;
    uint32_t count = field->dims[0];
    for (unsigned i = 0; i < field->dim_count; i++) size *= field->dims[i];
    if (field->is_flexible) {
        count = (uint32_t)flexible_count(field, node);
        size = (uint32_t)(flexible_stride(field) * count);
    }
    return put_elements(image, field, 0, node, (sctx_span){off, size}, count);
}

static const struct field *find_field(const struct aggregate *aggregate, sctx_str name) {
    uint32_t low = 0, high = aggregate->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_compare(aggregate->fields[aggregate->by_name[middle]].name, name);
        if (order == 0) return &aggregate->fields[aggregate->by_name[middle]];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool put_struct(struct image *image, const struct aggregate *aggregate, const sctx_node *node, uint32_t off) {
    char text[48];
    if (node->value.type != SCTX_OBJECT) return refuse(image, node, "%s, where an object must be", value_text(&node->value, text));
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        const struct field *field = find_field(aggregate, child->name);
        if (field == NULL)
            return refuse(image, child, "the struct has no member '%.*s'", (int)(child->name.n > 60 ? 60 : child->name.n),
                          child->name.n > 0 ? child->name.p : "");
        if (!put_field(image, field, child, off)) return false;
    }
    return true;
}

/* ---- the slot --------------------------------------------------------------------------------------------------------------- */

/* Of the whole payload. A flexible array is as long as the JSON says, and given once. */
static bool measure(const struct image *image, const struct aggregate *root, const sctx_node *node, uint64_t *size) {
    *size = root->size;
    if (!root->is_flexible) return true;
    const struct field *last = &root->fields[root->count - 1];
    const sctx_node *given = NULL;
    *size = last->off;
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        if (!str_equal(child->name, last->name)) continue;
        if (given != NULL) return refuse(image, child, "given twice");
        given = child;
        *size += flexible_stride(last) * flexible_count(last, child);
    }
    if (*size <= SCTX_PLUGIN_PAYLOAD_MAX) return true;
    return refuse(image, given, "more than 64 MiB");
}

int struct_encode(void *self, const sctx_node *root, sctx_out *out) {
    const struct layout *layout = self;
    struct image image = {.symbols = &layout->symbols, .out = out};
    uint64_t size;
    if (!measure(&image, layout->root, root, &size)) return SCTX_PLUGIN_UNSUPPORTED;
    image.bytes = calloc(2, size > 0 ? size : 1);
    if (image.bytes == NULL) {
        out->fail(out, root->span.off, "out of memory");
        return SCTX_PLUGIN_INTERNAL;
    }
    image.set = image.bytes + size;
    bool is_right = put_struct(&image, layout->root, root, 0);
    if (is_right) (void)out->emit(out, image.bytes, size);
    free(image.bytes);
    return is_right ? SCTX_PLUGIN_OK : SCTX_PLUGIN_UNSUPPORTED;
}
