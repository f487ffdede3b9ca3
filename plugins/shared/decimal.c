#include "decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t digits_at(const char *text, size_t len, size_t at) {
    size_t from = at;
    while (at < len && text[at] >= '0' && text[at] <= '9') at++;
    return at - from;
}

bool decimal_is(const char *text, size_t len, bool *is_integer) {
    size_t at = len > 0 && text[0] == '-', digits = digits_at(text, len, at);
    if (digits == 0 || (digits > 1 && text[at] == '0')) return false;
    at += digits;
    *is_integer = at == len;
    if (at < len && text[at] == '.') {
        digits = digits_at(text, len, ++at);
        if (digits == 0) return false;
        at += digits;
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-')) at++;
        digits = digits_at(text, len, at);
        if (digits == 0) return false;
        at += digits;
    }
    return at == len;
}

sctx_value decimal_value(const char *text, size_t len, bool is_integer) {
    const sctx_value digits = {.type = SCTX_NUMBER, .v.s = {text, len}};
    bool negative = text[0] == '-';
    uint64_t value = 0;
    if (!is_integer) return digits;
    for (size_t i = negative; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return digits;
        value = value * 10 + digit;
    }
    if (negative && (value == 0 || value > (uint64_t)INT64_MAX + 1)) return digits;
    if (negative) return (sctx_value){.type = SCTX_I64, .v.i = -1 - (int64_t)(value - 1)};
    if (value > (uint64_t)INT64_MAX) return (sctx_value){.type = SCTX_U64, .v.u = value};
    return (sctx_value){.type = SCTX_I64, .v.i = (int64_t)value};
}

size_t decimal_of_double(double value, char text[32]) {
    int len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, 30, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    if (strcspn(text, ".e") == (size_t)len) {
        memcpy(text + len, ".0", 3);
        len += 2;
    }
    return (size_t)len;
}
