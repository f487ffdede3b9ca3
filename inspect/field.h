/* What a message has, by name: "seq", "from", "data.items[0].price", in the words of the filter language. */
#ifndef SCTX_INSPECT_FIELD_H
#define SCTX_INSPECT_FIELD_H
#include "filter_path.h"

struct field_ref;

/* NULL: *error says why. The text is copied. */
struct field_ref *field_compile(const char *text, struct filter_error *error);
void field_free(struct field_ref *field); /* NULL is allowed */
/* Never NONE. DATA: within the payload, or all of it. */
enum field field_which(const struct field_ref *field);
/* May a path lead to several nodes ('*', '**')? */
bool field_is_many(const struct field_ref *field);
/* DATA, and no path within it. */
bool field_is_whole(const struct field_ref *field);
/* To the nodes that a path leads to, one after the other by walk_next(). */
void field_walk(const struct field_ref *field, const struct tree *tree, struct walk *walk);

#endif
