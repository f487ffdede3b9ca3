/* Values as filters see them: compared, told to people, and told apart. */
#ifndef SCTX_INSPECT_FILTER_VALUE_H
#define SCTX_INSPECT_FILTER_VALUE_H
#include "filter_number.h"
#include "filter_show.h"
#include "tree.h"

sctx_value value_of_node(const struct tree *tree, uint32_t node);
sctx_value value_of_text(const char *text);

/* Numbers; texts and bytes by their bytes; booleans and null, which are equal or not. A number that shows as a time and a text: as moments; a
 * number with a label and a text: the label. */
enum relation value_compare(const sctx_value *left, const sctx_value *right);

/* What patterns look at: a text, bytes, or the label of a number. */
bool value_text(const sctx_value *value, sctx_str *text);

/* "a text", "a number" */
const char *value_kind(const sctx_value *value);
/* "a text (\"12\")" */
void value_show(struct show *show, const sctx_value *value);

/* Of the node and all below it, and of `hash` before it. */
uint64_t value_hash(uint64_t hash, const struct tree *tree, uint32_t node);

#endif
