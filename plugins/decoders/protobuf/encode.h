/* From JSON to payload, by a schema. */
#ifndef PB_ENCODE_H
#define PB_ENCODE_H
#include "decode.h"
#include "output.h"

struct pb_encode {
    const struct pb_schema *schema;
    struct pb_output output;
    struct pb_fault fault;
};

int pb_encode(const struct pb *pb, const sctx_node *root, sctx_out *out);

/* ---- between encode.c and encode_known.c; all return false when fault is set ------------------------------------------------------ */

bool pb_refuse(struct pb_encode *enc, const sctx_node *node, const char *why);

/* A message without tag and length. */
bool pb_write_message(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node);
/* A field with its tag, one value of it. */
bool pb_write_value(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node);
/* An entry for each child. */
bool pb_write_entries(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node);
/* Well-known types. *is_written false: `node` is an object of its fields. */
bool pb_write_known(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node, bool *is_written);
#endif
