/* Integers of any size, as digits and as the bytes of a bignum, and the shortest floats. */
#ifndef SCTX_CBOR_NUMBER_H
#define SCTX_CBOR_NUMBER_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum {
    BIGNUM_MAX = 1024,   /* bytes; turning n bytes into digits takes n * n steps */
    BIGNUM_DIGITS = 2480 /* room for the digits of so many bytes, a sign, and what is left over */
};

/* The digits of `bytes`, big-endian, n of them: at most BIGNUM_MAX. is_negative: of -1 - bytes. The result lies in `room`. */
sctx_str number_digits(const char *bytes, size_t n, bool is_negative, char room[BIGNUM_DIGITS]);

/* The way back: an integer as JSON writes one. The bytes are without leading zeros (0: none at all) and lie in `room`. false: more
 * than BIGNUM_MAX of them. */
bool number_bytes(sctx_str digits, bool *is_negative, char room[BIGNUM_MAX], sctx_str *bytes);

/* Has it the form of an integer? "-0" has not: an integer would lose its sign. */
bool number_is_integer(sctx_str digits);

/* The same value in 16 bits, if they suffice; NaN becomes the one NaN. */
bool number_to_half(double value, uint16_t *half);

#endif
