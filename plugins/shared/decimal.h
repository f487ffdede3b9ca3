/* Numbers as JSON writes them (RFC 8259, section 6). */
#ifndef SCTX_SHARED_DECIMAL_H
#define SCTX_SHARED_DECIMAL_H
#include <sctx/plugin.h>
#include <stdbool.h>

/* Is it one? *is_integer: without point and exponent. */
bool decimal_is(const char *text, size_t len, bool *is_integer);
/* Of such a number: I64 or U64 if it is an integer that fits; else NUMBER, whose digits are `text` itself. "-0" is no integer that could keep
 * its sign. */
sctx_value decimal_value(const char *text, size_t len, bool is_integer);
/* A finite number, as short as printf can write it exactly, always with a '.' or an 'e'; returns the length. */
size_t decimal_of_double(double value, char text[32]);

#endif
