#include "filter_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum relation relation_mirrored(enum relation relation) {
    return relation == LESS ? GREATER : relation == GREATER ? LESS : relation;
}

static enum relation order(bool is_less, bool is_greater) {
    return is_less ? LESS : is_greater ? GREATER : EQUAL;
}

/* ---- decimals --------------------------------------------------------------------------------------------------------------- */

struct decimal {
    bool is_negative;
    const char *digits; /* from the first that is not 0; may have a '.' in it */
    size_t len;         /* 0: the number is 0 */
    int64_t power;      /* of ten, of the first digit */
};

static int64_t exponent_of(const char *text, size_t len) {
    const int64_t most = INT64_C(1000000000000000000);
    bool is_negative = len > 0 && text[0] == '-';
    int64_t exponent = 0;
    for (size_t i = len > 0 && (text[0] == '-' || text[0] == '+'); i < len; i++) {
        int digit = text[i] - '0';
        exponent = exponent > (most - digit) / 10 ? most : exponent * 10 + digit;
    }
    return is_negative ? -exponent : exponent;
}

static struct decimal decimal_of(sctx_str text) {
    struct decimal decimal = {0};
    const char *at = text.p, *end = text.p + text.n;
    if (at < end && *at == '-') {
        decimal.is_negative = true;
        at++;
    }
    const char *mantissa_end = at;
    while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E') mantissa_end++;
    const char *point = memchr(at, '.', (size_t)(mantissa_end - at));
    if (point == NULL) point = mantissa_end;
    while (at < mantissa_end && (*at == '0' || *at == '.')) at++;
    decimal.digits = at;
    decimal.len = (size_t)(mantissa_end - at);
    if (decimal.len == 0) return (struct decimal){0};
    decimal.power = at < point ? point - at - 1 : point - at;
    if (mantissa_end < end) decimal.power += exponent_of(mantissa_end + 1, (size_t)(end - mantissa_end - 1));
    return decimal;
}

/* The next digit, and 0 for ever behind the last. */
static char next_digit(const struct decimal *decimal, size_t *at) {
    if (*at < decimal->len && decimal->digits[*at] == '.') (*at)++;
    return *at < decimal->len ? decimal->digits[(*at)++] : '0';
}

static enum relation magnitude_compare(const struct decimal *left, const struct decimal *right) {
    if (left->len == 0 || right->len == 0) return order(right->len > 0, left->len > 0);
    if (left->power != right->power) return order(left->power < right->power, true);
    for (size_t i = 0, k = 0; i < left->len || k < right->len;) {
        char a = next_digit(left, &i), b = next_digit(right, &k);
        if (a != b) return order(a < b, true);
    }
    return EQUAL;
}

static enum relation decimal_compare(sctx_str left, sctx_str right) {
    struct decimal a = decimal_of(left), b = decimal_of(right);
    if (a.is_negative != b.is_negative) return order(a.is_negative, true);
    enum relation relation = magnitude_compare(&a, &b);
    return a.is_negative ? relation_mirrored(relation) : relation;
}

/* The nearest double. A tie between two doubles has at most 767 digits: more of them matter only if any is not 0. */
static double decimal_to_double(sctx_str text) {
    enum { DIGITS = 780 };
    struct decimal decimal = decimal_of(text);
    char buffer[DIGITS + 40];
    size_t len = 0, at = 0;
    if (decimal.len == 0) return 0;
    if (decimal.is_negative) buffer[len++] = '-';
    buffer[len++] = next_digit(&decimal, &at);
    buffer[len++] = '.';
    for (size_t i = 0; i < DIGITS && at < decimal.len; i++) buffer[len++] = next_digit(&decimal, &at);
    while (at < decimal.len)
        if (next_digit(&decimal, &at) != '0') {
            buffer[len++] = '1';
            break;
        }
    (void)snprintf(buffer + len, sizeof buffer - len, "0e%" PRId64, decimal.power);
    return strtod(buffer, NULL);
}

/* ---- integers and floats ---------------------------------------------------------------------------------------------------- */

static bool is_below_zero(const sctx_value *integer) {
    return integer->type == SCTX_I64 && integer->v.i < 0;
}

static enum relation integer_compare(const sctx_value *left, const sctx_value *right) {
    bool a = is_below_zero(left), b = is_below_zero(right);
    if (a != b) return order(a, true);
    return a ? order(left->v.i<right->v.i, left->v.i> right->v.i) : order(left->v.u<right->v.u, left->v.u> right->v.u);
}

static enum relation integer_compare_float(const sctx_value *integer, double real) {
    if (isnan(real)) return UNORDERED;
    if (real >= 0x1p64) return LESS;
    if (real < -0x1p63) return GREATER;
    double whole = trunc(real);
    sctx_value other = {.type = SCTX_U64};
    if (whole < 0) {
        other.type = SCTX_I64;
        other.v.i = (int64_t)whole;
    } else {
        other.v.u = (uint64_t)whole;
    }
    enum relation relation = integer_compare(integer, &other);
    return relation == EQUAL ? order(real > whole, real < whole) : relation;
}

static enum relation float_compare(double left, double right) {
    return isnan(left) || isnan(right) ? UNORDERED : order(left<right, left> right);
}

static bool is_integer(const sctx_value *value) {
    return value->type == SCTX_I64 || value->type == SCTX_U64;
}

static enum relation decimal_compare_float(sctx_str decimal, double real) {
    if (isinf(real)) return real > 0 ? LESS : GREATER;
    return float_compare(decimal_to_double(decimal), real);
}

static enum relation compare_with_decimal(const sctx_value *left, sctx_str right) {
    char text[24];
    if (left->type == SCTX_NUMBER) return decimal_compare(left->v.s, right);
    if (left->type == SCTX_F64) return relation_mirrored(decimal_compare_float(right, left->v.f));
    int len =
        left->type == SCTX_I64 ? snprintf(text, sizeof text, "%" PRId64, left->v.i) : snprintf(text, sizeof text, "%" PRIu64, left->v.u);
    return decimal_compare((sctx_str){text, (size_t)len}, right);
}

enum relation number_compare(const sctx_value *left, const sctx_value *right) {
    if (right->type == SCTX_NUMBER) return compare_with_decimal(left, right->v.s);
    if (left->type == SCTX_NUMBER) return relation_mirrored(compare_with_decimal(right, left->v.s));
    if (is_integer(left)) return is_integer(right) ? integer_compare(left, right) : integer_compare_float(left, right->v.f);
    return is_integer(right) ? relation_mirrored(integer_compare_float(right, left->v.f)) : float_compare(left->v.f, right->v.f);
}
