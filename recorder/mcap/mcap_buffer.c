#include "mcap_buffer.h"

#include <stdlib.h>
#include <string.h>

uint8_t *mcap_buffer_room(struct mcap_buffer *buffer, size_t bytes) {
    size_t wanted;
    if (__builtin_add_overflow(buffer->len, bytes, &wanted)) return NULL;
    if (wanted > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity + buffer->capacity / 2;
        if (capacity < wanted) capacity = wanted;
        if (capacity < 64) capacity = 64;
        uint8_t *data = realloc(buffer->data, capacity);
        if (data == NULL) return NULL;
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

uint8_t *mcap_buffer_take(struct mcap_buffer *buffer, size_t bytes) {
    uint8_t *to = mcap_buffer_room(buffer, bytes);
    if (to != NULL) buffer->len += bytes;
    return to;
}

bool mcap_buffer_add(struct mcap_buffer *buffer, const void *data, size_t bytes) {
    uint8_t *to = mcap_buffer_take(buffer, bytes);
    if (to != NULL && bytes > 0) memcpy(to, data, bytes);
    return to != NULL;
}

void mcap_buffer_free(struct mcap_buffer *buffer) {
    free(buffer->data);
    *buffer = (struct mcap_buffer){0};
}
