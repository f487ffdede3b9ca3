/* CBOR from JSON, in preferred serialization (RFC 8949, section 4.1). */
#ifndef SCTX_CBOR_ENCODE_H
#define SCTX_CBOR_ENCODE_H
#include <sctx/plugin.h>

/* The slot encode() of the plugin. */
int encode_cbor(void *self, const sctx_node *root, sctx_out *out);

#endif
