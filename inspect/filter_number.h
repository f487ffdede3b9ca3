/* Numbers compared by what they are worth: no integer and no decimal goes through a double. */
#ifndef SCTX_INSPECT_FILTER_NUMBER_H
#define SCTX_INSPECT_FILTER_NUMBER_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum relation {
    LESS,
    EQUAL,
    GREATER,
    UNORDERED,    /* neither equal nor less nor greater: NaN, null and something else */
    SAME,         /* of what has no order, so that asking for one is an error: booleans, labels */
    DIFFERENT,    /* likewise */
    INCOMPARABLE, /* the question makes no sense: a text and a number */
};
enum relation relation_mirrored(enum relation relation);

/* Integers, floats and NUMBERs. Integers and NUMBERs exactly, digit by digit where they are long. A NUMBER and a float as two floats, the
 * NUMBER rounded to the nearest: so 0.1 is 0.1. An integer and a float exactly. Powers of ten beyond 10^18 count as 10^18. */
enum relation number_compare(const sctx_value *left, const sctx_value *right);

#endif
