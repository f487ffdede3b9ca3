/* Comma-separated values, as RFC 4180 has them but for a line's end, which is a newline: cells with a comma, a quote or a line's end in them, and those that begin
 * or end with a blank, stand in quotes. */
#ifndef SCTX_EXPORT_CSV_H
#define SCTX_EXPORT_CSV_H
#include "output.h"

#include <stdbool.h>

/* `is_first`: of its row. The caller puts the newline. */
void csv_cell(const struct export_output *output, const char *text, size_t len, bool is_first);

#endif
