#include "filter_units.h"

#include <string.h>

static const struct {
    const char *name;
    uint8_t as;
    uint64_t factor;
} units[] = {
    {"ns", SCTX_DURATION_NS, 1},
    {"us", SCTX_DURATION_NS, 1000},
    {"ms", SCTX_DURATION_NS, 1000000},
    {"s", SCTX_DURATION_NS, 1000000000},
    {"m", SCTX_DURATION_NS, UINT64_C(60000000000)},
    {"h", SCTX_DURATION_NS, UINT64_C(3600000000000)},
    {"d", SCTX_DURATION_NS, UINT64_C(86400000000000)},
    {"B", SCTX_SIZE, 1},
    {"kB", SCTX_SIZE, 1000},
    {"MB", SCTX_SIZE, 1000000},
    {"GB", SCTX_SIZE, 1000000000},
    {"TB", SCTX_SIZE, UINT64_C(1000000000000)},
    {"KiB", SCTX_SIZE, 1 << 10},
    {"MiB", SCTX_SIZE, 1 << 20},
    {"GiB", SCTX_SIZE, 1 << 30},
    {"TiB", SCTX_SIZE, UINT64_C(1) << 40},
};
enum { UNITS = sizeof units / sizeof *units };

const char *quantity_unit(unsigned n) {
    return n < UNITS ? units[n].name : NULL;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* mantissa / scale * factor */
static enum quantity_fault scale_up(uint64_t mantissa, uint64_t scale, uint64_t factor, int64_t *result) {
    uint64_t divisor = common_divisor(factor, scale);
    scale /= divisor;
    factor /= divisor;
    if (mantissa % scale != 0) return QUANTITY_NOT_WHOLE;
    return __builtin_mul_overflow(mantissa / scale, factor, result) ? QUANTITY_TOO_LARGE : QUANTITY_FINE;
}

enum quantity_fault quantity_parse(sctx_str digits, sctx_str unit, sctx_value *value) {
    size_t n = 0;
    while (n < UNITS && (strlen(units[n].name) != unit.n || memcmp(units[n].name, unit.p, unit.n) != 0)) n++;
    if (n == UNITS) return QUANTITY_NO_UNIT;
    /* Zeros at the end of a fraction are worth nothing. */
    if (memchr(digits.p, '.', digits.n) != NULL)
        while (digits.p[digits.n - 1] == '0') digits.n--;
    uint64_t mantissa = 0, scale = 1;
    bool is_fraction = false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] == '.') {
            is_fraction = true;
            continue;
        }
        if (is_fraction && __builtin_mul_overflow(scale, 10u, &scale)) return QUANTITY_NOT_WHOLE;
        if (__builtin_mul_overflow(mantissa, 10u, &mantissa) || __builtin_add_overflow(mantissa, (unsigned)(digits.p[i] - '0'), &mantissa))
            return QUANTITY_TOO_LARGE;
    }
    *value = (sctx_value){.type = SCTX_I64, .as = units[n].as};
    return scale_up(mantissa, scale, units[n].factor, &value->v.i);
}

/* ---- moments ---------------------------------------------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, char c) {
    if (cursor->at == cursor->end || *cursor->at != c) return false;
    cursor->at++;
    return true;
}

static bool take_number(struct cursor *cursor, int digits, int least, int most, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++) {
        if (cursor->at == cursor->end || !is_digit(*cursor->at)) return false;
        *number = *number * 10 + (*cursor->at++ - '0');
    }
    return *number >= least && *number <= most;
}

/* Days from 1970-01-01 in the Gregorian calendar; years count from March, so that the leap day comes last. */
static int64_t days_of(int year, int month, int day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

static bool take_day(struct cursor *cursor, int64_t *days) {
    int year, month, day;
    if (!take_number(cursor, 4, 1, 9999, &year) || !take(cursor, '-') || !take_number(cursor, 2, 1, 12, &month)) return false;
    if (!take(cursor, '-') || !take_number(cursor, 2, 1, days_in(year, month), &day)) return false;
    *days = days_of(year, month, day);
    return true;
}

static bool take_clock(struct cursor *cursor, int64_t *seconds, int64_t *ns) {
    int hour, minute, second = 0;
    if (!take_number(cursor, 2, 0, 23, &hour) || !take(cursor, ':') || !take_number(cursor, 2, 0, 59, &minute)) return false;
    if (take(cursor, ':')) {
        if (!take_number(cursor, 2, 0, 59, &second)) return false;
        if (take(cursor, '.')) {
            int digits = 0;
            for (; digits <= 9 && cursor->at < cursor->end && is_digit(*cursor->at); digits++) *ns = *ns * 10 + (*cursor->at++ - '0');
            if (digits == 0 || digits > 9) return false;
            for (; digits < 9; digits++) *ns *= 10;
        }
    }
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_zone(struct cursor *cursor, int64_t *seconds) {
    int hours, minutes;
    if (cursor->at == cursor->end || take(cursor, 'Z')) return true;
    bool is_east = take(cursor, '+');
    if (!is_east && !take(cursor, '-')) return false;
    if (!take_number(cursor, 2, 0, 23, &hours)) return false;
    (void)take(cursor, ':');
    if (!take_number(cursor, 2, 0, 59, &minutes)) return false;
    int64_t ahead = hours * 3600 + minutes * 60; /* of UTC, or behind it */
    *seconds += is_east ? -ahead : ahead;
    return true;
}

bool moment_parse(sctx_str text, int64_t *ns) {
    struct cursor cursor = {text.p, text.p + text.n};
    int64_t days, seconds = 0, fraction = 0, total;
    if (!take_day(&cursor, &days)) return false;
    if (take(&cursor, 'T') || take(&cursor, ' ')) {
        if (!take_clock(&cursor, &seconds, &fraction) || !take_zone(&cursor, &seconds)) return false;
    }
    if (cursor.at != cursor.end) return false;
    if (__builtin_mul_overflow(days * 86400 + seconds, INT64_C(1000000000), &total)) return false;
    if (__builtin_add_overflow(total, fraction, &total)) return false;
    *ns = total;
    return true;
}
