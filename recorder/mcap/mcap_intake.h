/* Bytes of a source, a window of them in memory. All zeros but for `source` and `offset` is one that has read nothing. */
#ifndef MCAP_INTAKE_H
#define MCAP_INTAKE_H
#include "mcap_source.h"

#include <errno.h>

struct mcap_intake {
    struct mcap_source source;
    uint64_t offset; /* in the file, of the first byte in the window */
    uint8_t *data;
    size_t begin, end, capacity;
    bool is_at_end; /* of the source */
};

/* Reads until the window holds at least so many bytes or the source is at its end; it grows only as bytes come. 0, or a negative errno. */
int mcap_intake_fill(struct mcap_intake *intake, size_t bytes);

/* The window. It moves with mcap_intake_fill(). */
static inline const uint8_t *mcap_intake_at(const struct mcap_intake *intake) {
    return intake->data + intake->begin;
}
static inline size_t mcap_intake_len(const struct mcap_intake *intake) {
    return intake->end - intake->begin;
}
/* So many of its bytes are done with; at most all. */
static inline void mcap_intake_take(struct mcap_intake *intake, size_t bytes) {
    intake->begin += bytes;
    intake->offset += bytes;
}

void mcap_intake_free(struct mcap_intake *intake);

#endif
