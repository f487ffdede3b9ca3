/* A FileDescriptorSet as the text that it was made of: .proto files, since Wireshark reads nothing else. What a packet's fields are named and typed by is written; services, options,
 * defaults, extensions and groups are not. A map becomes the repeated messages that it is on the wire.
 *
 * The set is anybody's: names that are no names, and messages within each other beyond all measure, are refused. [any thread] */
#ifndef SCTX_EXPORT_PROTOS_H
#define SCTX_EXPORT_PROTOS_H
#include "mcap_buffer.h"

enum { PROTOS_FILES_MAX = 1024, PROTOS_NAME_MAX = 512 };

struct protos {
    const uint8_t *set;
    size_t set_len;
    unsigned number;       /* of the set, for its files' names: set N has "sN_0.proto", "sN_1.proto", ... */
    struct protos_file *files; /* in their order in the set */
    uint32_t count;
    char only[PROTOS_NAME_MAX]; /* in full: the one message at the top of the last file; "": there are none or several */
};

/* `set` has to stay. NULL; or what is wrong. protos_close() in either case. */
const char *protos_open(struct protos *protos, unsigned number, const void *set, size_t set_len);
void protos_close(struct protos *protos);
/* The text of file i, behind what is in `text`. NULL; or what is wrong. */
const char *protos_put(const struct protos *protos, uint32_t i, struct mcap_buffer *text);

#endif
