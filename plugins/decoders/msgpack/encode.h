/* MessagePack from JSON, each value in its smallest form. */
#ifndef SCTX_MSGPACK_ENCODE_H
#define SCTX_MSGPACK_ENCODE_H
#include <sctx/plugin.h>

enum { MSGPACK_TIMESTAMP = -1 /* the ext type */, MSGPACK_NS = 1000000000 /* in a second */ };

/* The widest timestamp, 64 bits of seconds, in nanoseconds. */
__extension__ typedef __int128 msgpack_ns;

/* The slot encode() of the plugin. */
int msgpack_encode(void *self, const sctx_node *root, sctx_out *out);

#endif
