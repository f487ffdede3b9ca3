#include "number.h"

#include <math.h>
#include <string.h>

enum { LIMB_BYTES = 4, LIMBS = BIGNUM_MAX / LIMB_BYTES + 1, GROUP_DIGITS = 9 };
#define GROUP 1000000000u /* 10 ^ GROUP_DIGITS */

/* Least significant limb first; the last one is not 0. */
struct big {
    size_t count;
    uint32_t limbs[LIMBS];
};

/* ---- from bytes ------------------------------------------------------------------------------------------------------------- */

static void big_from_bytes(struct big *big, const char *bytes, size_t n) {
    big->count = (n + LIMB_BYTES - 1) / LIMB_BYTES;
    memset(big->limbs, 0, sizeof big->limbs);
    for (size_t i = 0; i < n; i++) big->limbs[i / LIMB_BYTES] |= (uint32_t)(unsigned char)bytes[n - 1 - i] << (8 * (i % LIMB_BYTES));
    while (big->count > 0 && big->limbs[big->count - 1] == 0) big->count--;
}

static void add_one(struct big *big) {
    size_t i = 0;
    while (i < big->count && ++big->limbs[i] == 0) i++;
    if (i == big->count) big->limbs[big->count++] = 1;
}

/* Divides by GROUP; returns what is left over. */
static uint32_t take_group(struct big *big) {
    uint64_t rest = 0;
    for (size_t i = big->count; i-- > 0;) {
        uint64_t with = rest << 32 | big->limbs[i];
        big->limbs[i] = (uint32_t)(with / GROUP);
        rest = with % GROUP;
    }
    while (big->count > 0 && big->limbs[big->count - 1] == 0) big->count--;
    return (uint32_t)rest;
}

sctx_str number_digits(const char *bytes, size_t n, bool is_negative, char room[BIGNUM_DIGITS]) {
    struct big big;
    big_from_bytes(&big, bytes, n);
    if (is_negative) add_one(&big);
    size_t at = BIGNUM_DIGITS;
    do {
        uint32_t group = take_group(&big);
        for (int i = 0; i < GROUP_DIGITS && (group > 0 || big.count > 0 || i == 0); i++, group /= 10) room[--at] = (char)('0' + group % 10);
    } while (big.count > 0);
    if (is_negative) room[--at] = '-';
    return (sctx_str){room + at, BIGNUM_DIGITS - at};
}

/* ---- from digits ------------------------------------------------------------------------------------------------------------ */

/* big * 10 + digit; false: no room. */
static bool push_digit(struct big *big, uint32_t digit) {
    uint64_t carry = digit;
    for (size_t i = 0; i < big->count; i++, carry >>= 32) {
        carry += (uint64_t)big->limbs[i] * 10;
        big->limbs[i] = (uint32_t)carry;
    }
    if (carry == 0) return true;
    if (big->count == LIMBS) return false;
    big->limbs[big->count++] = (uint32_t)carry;
    return true;
}

static void subtract_one(struct big *big) {
    for (size_t i = 0; i < big->count && big->limbs[i]-- == 0;) i++;
    while (big->count > 0 && big->limbs[big->count - 1] == 0) big->count--;
}

bool number_bytes(sctx_str digits, bool *is_negative, char room[BIGNUM_MAX], sctx_str *bytes) {
    struct big big = {.count = 0};
    *is_negative = digits.p[0] == '-';
    for (size_t i = *is_negative; i < digits.n; i++)
        if (!push_digit(&big, (uint32_t)(digits.p[i] - '0'))) return false;
    if (*is_negative) subtract_one(&big);
    if (big.count == LIMBS) return false;
    size_t at = BIGNUM_MAX;
    for (size_t i = 0; i < big.count * LIMB_BYTES; i++) room[--at] = (char)(big.limbs[i / LIMB_BYTES] >> (8 * (i % LIMB_BYTES)));
    while (at < BIGNUM_MAX && room[at] == 0) at++;
    *bytes = (sctx_str){room + at, BIGNUM_MAX - at};
    return true;
}

bool number_is_integer(sctx_str digits) {
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] == '.' || digits.p[i] == 'e' || digits.p[i] == 'E') return false;
    return digits.n != 2 || memcmp(digits.p, "-0", 2) != 0;
}

/* ---- floats ----------------------------------------------------------------------------------------------------------------- */

/* IEEE 754 binary16: 5 bits of exponent, biased by 15, and 10 of the fraction. */
bool number_to_half(double value, uint16_t *half) {
    unsigned sign = signbit(value) ? 0x8000u : 0;
    double size = fabs(value), units;
    int exponent;
    if (isnan(value)) sign = 0;
    if (!isfinite(value) || value == 0) {
        *half = (uint16_t)(sign | (isnan(value) ? 0x7E00u : value == 0 ? 0 : 0x7C00u));
        return true;
    }
    (void)frexp(size, &exponent); /* size: between 2 ^ (exponent - 1) and 2 ^ exponent */
    if (exponent > 16) return false;
    if (exponent < -13) exponent = -13; /* subnormal */
    units = ldexp(size, 11 - exponent); /* in the last of the 10 bits */
    if (units != floor(units)) return false;
    /* Of a normal number `units` has the bit that is not stored: it adds 1 to the exponent. */
    *half = (uint16_t)(sign | (((unsigned)(exponent + 13) << 10) + (unsigned)units));
    return true;
}
