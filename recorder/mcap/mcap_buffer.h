/* Bytes that grow. All zeros is an empty one. */
#ifndef MCAP_BUFFER_H
#define MCAP_BUFFER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mcap_buffer {
    uint8_t *data;
    size_t len, capacity;
};

/* Makes room for that many bytes behind `len`, and for half as much again as there is, so that many small additions are cheap. Where to put them; NULL:
 * no memory. What was there stays. */
uint8_t *mcap_buffer_room(struct mcap_buffer *buffer, size_t bytes);
/* The same, and counts them as there. */
uint8_t *mcap_buffer_take(struct mcap_buffer *buffer, size_t bytes);
bool mcap_buffer_add(struct mcap_buffer *buffer, const void *data, size_t bytes);
void mcap_buffer_free(struct mcap_buffer *buffer); /* and empties it */

#endif
