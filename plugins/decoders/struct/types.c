#include "layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t kind, size;
} builtins[] = {
    {"u8", KIND_UINT, 1},      {"u16", KIND_UINT, 2},       {"u32", KIND_UINT, 4},      {"u64", KIND_UINT, 8},
    {"i8", KIND_INT, 1},       {"i16", KIND_INT, 2},        {"i32", KIND_INT, 4},       {"i64", KIND_INT, 8},
    {"f16", KIND_FLOAT, 2},    {"f32", KIND_FLOAT, 4},      {"f64", KIND_FLOAT, 8},     {"bool", KIND_BOOL, 1},
    {"char", KIND_CHAR, 1},    {"bytes", KIND_BYTES, 1},    {"pad", KIND_PAD, 1},       {"_Bool", KIND_BOOL, 1},
    {"uint8_t", KIND_UINT, 1}, {"uint16_t", KIND_UINT, 2},  {"uint32_t", KIND_UINT, 4}, {"uint64_t", KIND_UINT, 8},
    {"int8_t", KIND_INT, 1},   {"int16_t", KIND_INT, 2},    {"int32_t", KIND_INT, 4},   {"int64_t", KIND_INT, 8},
    {"float", KIND_FLOAT, 4},  {"double", KIND_FLOAT, 8},   {"size_t", KIND_UINT, 8},   {"ssize_t", KIND_INT, 8},
    {"intptr_t", KIND_INT, 8}, {"uintptr_t", KIND_UINT, 8}, {"ptrdiff_t", KIND_INT, 8}, {"_Float16", KIND_FLOAT, 2},
    {"char8_t", KIND_UINT, 1},
};
enum { BUILTINS = sizeof builtins / sizeof *builtins, SHORT_NAMES = 11 }; /* those that take a suffix */

static bool find(sctx_str name, size_t count, struct type *type) {
    for (size_t i = 0; i < count; i++)
        if (name.n == strlen(builtins[i].name) && memcmp(name.p, builtins[i].name, name.n) == 0) {
            *type = (struct type){.kind = builtins[i].kind, .size = builtins[i].size};
            return true;
        }
    return false;
}

bool type_builtin(sctx_str name, struct type *type) {
    if (find(name, BUILTINS, type)) return true;
    if (name.n < 4 || name.p[name.n - 1] != 'e' || (name.p[name.n - 2] != 'b' && name.p[name.n - 2] != 'l')) return false;
    if (!find((sctx_str){name.p, name.n - 2}, SHORT_NAMES, type)) return false;
    type->order = name.p[name.n - 2] == 'b' ? ORDER_BIG : ORDER_LITTLE;
    return true;
}

sctx_str type_builtin_name(size_t index) {
    if (index >= BUILTINS) return (sctx_str){NULL, 0};
    return (sctx_str){builtins[index].name, strlen(builtins[index].name)};
}

void field_type_text(const struct field *field, char text[32]) {
    const struct type *type = &field->type;
    static const char letters[] = {[KIND_UINT] = 'u', [KIND_INT] = 'i', [KIND_FLOAT] = 'f'};
    if (type->kind == KIND_CHAR)
        (void)snprintf(text, 32, "char[%u]", field->size);
    else if (type->kind == KIND_BYTES)
        (void)snprintf(text, 32, "bytes[%u]", field->size);
    else if (type->kind == KIND_STRUCT)
        (void)snprintf(text, 32, "%s", type->aggregate->is_union ? "a union" : "a struct");
    else if (type->kind == KIND_BOOL)
        (void)snprintf(text, 32, "bool");
    else if (field->is_bit_field)
        (void)snprintf(text, 32, "%c%u : %u", letters[type->kind], type->size * 8, field->bits);
    else
        (void)snprintf(text, 32, "%c%u", letters[type->kind], type->size * 8);
}

double half_to_double(uint16_t half) {
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double value = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) value = fraction == 0 ? INFINITY : NAN;
    return (half & 0x8000) != 0 ? -value : value;
}

uint16_t half_from_double(double value) {
    unsigned sign = signbit(value) ? 0x8000 : 0;
    if (isnan(value)) return (uint16_t)(sign | 0x7E00);
    value = fabs(value);
    if (value >= 65520) return (uint16_t)(sign | 0x7C00);
    int exponent = -14; /* the least, which numbers without the hidden bit share */
    if (value >= 0x1p-14) {
        (void)frexp(value, &exponent);
        exponent--;
    }
    /* The hidden bit adds one to the exponent; so does rounding up to the next power of two. */
    return (uint16_t)(sign | (((unsigned)(exponent + 14) << 10) + (unsigned)nearbyint(ldexp(value, 10 - exponent))));
}
