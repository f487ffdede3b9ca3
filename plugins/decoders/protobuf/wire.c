#include "wire.h"

bool pb_fault_at(struct pb_fault *fault, int status, uint32_t off, const char *why) {
    if (fault->why == NULL) *fault = (struct pb_fault){status, off, why};
    return false;
}

static bool malformed(struct pb_wire *wire, uint32_t off, const char *why) {
    return pb_fault_at(&wire->fault, SCTX_PLUGIN_MALFORMED, off, why);
}

static bool ends_early(struct pb_wire *wire) {
    return pb_fault_at(&wire->fault, wire->is_whole ? SCTX_PLUGIN_TRUNCATED : SCTX_PLUGIN_MALFORMED, wire->end,
                       wire->is_whole ? "the payload ends within a value" : "a value runs beyond the length of what it is in");
}

static bool next_varint(struct pb_wire *wire, uint64_t *value) {
    uint32_t from = wire->at;
    *value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (wire->at == wire->end) return ends_early(wire);
        unsigned char byte = wire->data[wire->at++];
        if (shift == 63 && byte > 1) break;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return true;
    }
    return malformed(wire, from, "a varint of more than 64 bits");
}

static bool next_fixed(struct pb_wire *wire, unsigned bytes, uint64_t *value) {
    if (wire->end - wire->at < bytes) return ends_early(wire);
    *value = 0;
    for (unsigned i = 0; i < bytes; i++) *value |= (uint64_t)wire->data[wire->at++] << (8 * i);
    return true;
}

bool pb_wire_number(struct pb_wire *wire, enum pb_form form, uint64_t *value) {
    return form == PB_VARINT ? next_varint(wire, value) : next_fixed(wire, form == PB_FIXED64 ? 8 : 4, value);
}

static bool next_length(struct pb_wire *wire, struct pb_field *field) {
    uint64_t len;
    if (!next_varint(wire, &len)) return false;
    if (len > wire->end - wire->at) {
        if (wire->is_whole) return ends_early(wire);
        return malformed(wire, field->from, "a length that runs beyond what it is in");
    }
    field->body = wire->at;
    wire->at += (uint32_t)len;
    return true;
}

bool pb_wire_next(struct pb_wire *wire, struct pb_field *field) {
    uint64_t tag;
    *field = (struct pb_field){.tag = wire->at};
    if (!next_varint(wire, &tag)) return false;
    if (tag >> 3 == 0 || tag >> 3 > PB_NUMBER_MAX) return malformed(wire, field->tag, "a field number is 1 to 536870911");
    if ((tag & 7) > PB_FIXED32) return malformed(wire, field->tag, "there is no wire type 6 or 7");
    field->number = (uint32_t)(tag >> 3);
    field->form = (enum pb_form)(tag & 7);
    field->from = field->body = wire->at;
    bool whole = true;
    if (field->form == PB_LEN)
        whole = next_length(wire, field);
    else if (field->form != PB_GROUP && field->form != PB_GROUP_END)
        whole = pb_wire_number(wire, field->form, &field->value);
    field->end = wire->at;
    return whole;
}
