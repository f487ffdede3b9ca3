/* A table for people: columns as wide as what is in them. Cells are texts that are already inert, colours apart. */
#ifndef SCTX_CLI_TABLE_H
#define SCTX_CLI_TABLE_H
#include "call.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table {
    const char *const *heads; /* one that begins with '>' is aligned to the right (and shown without it) */
    size_t columns;
    char **cells;
    enum paint *row_paints;
    size_t rows, cap;
    bool failed; /* out of memory: nothing is shown */
};

/* Adds a row; then fill in its cells from left to right. The text is made inert. */
void table_row(struct table *table, enum paint row_paint);
void table_cell(struct table *table, size_t column, const char *text);
void table_format(struct table *table, size_t column, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Prints and frees. */
void table_print(struct table *table, const struct call *call);

#endif
