/* How numbers lie in memory: bits counted in the direction of the byte order, so that a bit field is a run of them. */
#ifndef STRUCT_BITS_H
#define STRUCT_BITS_H
#include "layout.h"

/* Of a bit field: how many bytes it touches. */
static inline uint32_t bit_field_bytes(const struct field *field) {
    return (field->bit + field->bits + 7u) / 8;
}

static inline bool is_big(const struct field *field) {
    return field->type.order == ORDER_BIG;
}

/* Bit `n` of a run that begins at `bytes`: which byte, and which bit of it (0: the least significant). */
static inline unsigned bit_in_byte(unsigned n, bool big) {
    return big ? 7 - n % 8 : n % 8;
}

/* Of a value of `width` bits, bit number `i` of the run is this one (0: the least significant). */
static inline unsigned bit_of_value(unsigned i, unsigned width, bool big) {
    return big ? width - 1 - i : i;
}

#endif
