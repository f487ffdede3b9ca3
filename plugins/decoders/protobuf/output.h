/* A payload in the making. Lengths stand before what they count, and are known only behind it: they are kept aside, and put in between when all
 * is written, so that nothing is moved or counted twice. */
#ifndef PB_OUTPUT_H
#define PB_OUTPUT_H
#include "wire.h"

struct pb_length {
    size_t at; /* in the bytes: before it stands the length */
    uint64_t len;
    size_t lengths_before; /* bytes that lengths took before it */
};

struct pb_output {
    char *data;
    size_t len, room;
    struct pb_length *lengths;
    size_t length_count, length_room;
    size_t lengths_size; /* bytes that all finished lengths take */
    bool failed;         /* out of memory, or beyond SCTX_PLUGIN_PAYLOAD_MAX */
};

void pb_write(struct pb_output *output, const void *data, size_t len);
void pb_write_varint(struct pb_output *output, uint64_t value);
void pb_write_fixed(struct pb_output *output, uint64_t value, unsigned bytes);
void pb_write_tag(struct pb_output *output, uint32_t number, enum pb_form form);
/* What is written between the two has a length in front of it. Returns what the other wants to be told. */
size_t pb_begin_length(struct pb_output *output);
void pb_end_length(struct pb_output *output, size_t begun);
/* Hands it all to emit(). false: it refused, or memory did not suffice. */
bool pb_output_emit(const struct pb_output *output, sctx_out *out);
void pb_output_free(struct pb_output *output);
#endif
