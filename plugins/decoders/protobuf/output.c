#include "output.h"

#include <stdlib.h>
#include <string.h>

static unsigned varint_bytes(uint64_t value, unsigned char bytes[10]) {
    unsigned count = 0;
    for (; value >= 0x80; value >>= 7) bytes[count++] = (unsigned char)(value | 0x80);
    bytes[count++] = (unsigned char)value;
    return count;
}

void pb_write(struct pb_output *output, const void *data, size_t len) {
    if (output->failed || len == 0) return;
    output->failed = len > SCTX_PLUGIN_PAYLOAD_MAX - output->len;
    if (!output->failed && output->len + len > output->room) {
        size_t room = (output->len + len) * 2;
        char *larger = realloc(output->data, room);
        output->failed = larger == NULL;
        if (larger != NULL) {
            output->data = larger;
            output->room = room;
        }
    }
    if (output->failed) return;
    memcpy(output->data + output->len, data, len);
    output->len += len;
}

void pb_write_varint(struct pb_output *output, uint64_t value) {
    unsigned char bytes[10];
    pb_write(output, bytes, varint_bytes(value, bytes));
}

void pb_write_fixed(struct pb_output *output, uint64_t value, unsigned bytes) {
    unsigned char little[8];
    for (unsigned i = 0; i < bytes; i++) little[i] = (unsigned char)(value >> (8 * i));
    pb_write(output, little, bytes);
}

void pb_write_tag(struct pb_output *output, uint32_t number, enum pb_form form) {
    pb_write_varint(output, (uint64_t)number << 3 | (uint64_t)form);
}

size_t pb_begin_length(struct pb_output *output) {
    if (output->length_count == output->length_room && !output->failed) {
        size_t room = output->length_room == 0 ? 64 : output->length_room * 2;
        struct pb_length *larger = realloc(output->lengths, room * sizeof *larger);
        output->failed = larger == NULL;
        if (larger != NULL) {
            output->lengths = larger;
            output->length_room = room;
        }
    }
    if (output->failed) return 0;
    output->lengths[output->length_count] = (struct pb_length){.at = output->len, .lengths_before = output->lengths_size};
    return output->length_count++;
}

void pb_end_length(struct pb_output *output, size_t begun) {
    unsigned char bytes[10];
    if (output->failed) return;
    struct pb_length *length = &output->lengths[begun];
    length->len = output->len - length->at + (output->lengths_size - length->lengths_before);
    output->lengths_size += varint_bytes(length->len, bytes);
}

bool pb_output_emit(const struct pb_output *output, sctx_out *out) {
    size_t at = 0;
    if (output->failed) return false;
    for (size_t i = 0; i < output->length_count; i++) {
        const struct pb_length *length = &output->lengths[i];
        unsigned char bytes[10];
        if (length->at > at && out->emit(out, output->data + at, length->at - at) != 0) return false;
        if (out->emit(out, bytes, varint_bytes(length->len, bytes)) != 0) return false;
        at = length->at;
    }
    return at == output->len || out->emit(out, output->data + at, output->len - at) == 0;
}

void pb_output_free(struct pb_output *output) {
    free(output->data);
    free(output->lengths);
    *output = (struct pb_output){0};
}
