/* Messages as rows of comma-separated values: which of their fields, and how each is written. */
#ifndef SCTX_CLI_COLUMNS_H
#define SCTX_CLI_COLUMNS_H
#include "batch.h"
#include "call.h"
#include "field.h"
#include "output.h"

struct columns {
    const char *heads[OPTION_TIMES];
    struct field_ref *fields[OPTION_TIMES];
    size_t count;
    bool is_inert; /* it goes to a terminal */
    struct out cell; /* fd -1 */
};

/* The fields that `asked` names, or if it names none all of a message. EXIT_DONE, or EXIT_USAGE with the field and a caret on stderr. */
int columns_choose(struct columns *columns, const struct call *call, const struct value *asked);
void columns_free(struct columns *columns);
/* Has one of them to be decoded? */
bool columns_need_data(const struct columns *columns);

void columns_heads(struct columns *columns, const struct export_output *output);
/* false: out of memory. */
bool columns_row(struct columns *columns, const struct export_output *output, const struct batched *item);

#endif
