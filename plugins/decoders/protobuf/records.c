#include "records.h"
#include "utf8.h"

#include <stdlib.h>

static bool list_fields(struct pb_scan *scan, uint32_t group, uint32_t depth);

static bool add(struct pb_scan *scan, const struct pb_field *field) {
    struct pb_records *records = scan->records;
    if (records->count == PB_RECORDS_MAX)
        return pb_fault_at(&scan->wire.fault, SCTX_PLUGIN_UNSUPPORTED, field->tag, "more fields than can be gathered");
    if (records->count == records->room) {
        uint32_t room = records->room == 0 ? 64 : records->room * 2;
        struct pb_record *larger = realloc(records->list, room * sizeof *larger);
        if (larger == NULL) return pb_fault_at(&scan->wire.fault, SCTX_PLUGIN_INTERNAL, field->tag, "out of memory");
        records->list = larger;
        records->room = room;
    }
    records->list[records->count] = (struct pb_record){.number = field->number,
                                                       .from = field->from,
                                                       .body = field->body,
                                                       .end = field->end,
                                                       .skip = records->count + 1,
                                                       .form = (uint8_t)field->form};
    records->count++;
    return true;
}

/* ---- what it looks like ----------------------------------------------------------------------------------------------------- */

static bool is_printable(uint32_t code) {
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0x7F) || code >= 0xA0;
}

static bool is_inside_character(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/* Values within each other are asked about from the outside to the inside and from left to right, so no byte need be looked at twice: what was
 * text from an earlier place on is text from a later one on, up to the same end. */
static bool is_text(struct pb_scan *scan, uint32_t from, uint32_t end) {
    const unsigned char *data = scan->wire.data;
    if (from == end) return true;
    if (from < scan->text_from || from > scan->text_until) {
        uint32_t code, at = from;
        while (at < scan->text_within) {
            size_t bytes = utf8_next(data + at, scan->text_within - at, &code);
            if (bytes == 0 || !is_printable(code)) break;
            at += (uint32_t)bytes;
        }
        scan->text_from = from;
        scan->text_until = at;
    }
    return end <= scan->text_until && !is_inside_character(data[from]) && (end == scan->text_within || !is_inside_character(data[end]));
}

static bool is_fatal(const struct pb_fault *fault) {
    return fault->status == SCTX_PLUGIN_INTERNAL || fault->status == SCTX_PLUGIN_UNSUPPORTED;
}

static enum pb_looks look(struct pb_scan *scan, uint32_t from, uint32_t end, uint32_t depth) {
    if (is_text(scan, from, end)) return PB_TEXT;
    if (scan->guess_depth == PB_GUESS_DEPTH_MAX || depth >= SCTX_PLUGIN_DEPTH_MAX) return PB_BYTES;
    const struct pb_wire around = scan->wire;
    uint32_t count = scan->records->count;
    scan->wire = (struct pb_wire){.data = around.data, .at = from, .end = end};
    scan->guess_depth++;
    bool is_message = list_fields(scan, 0, depth + 1);
    scan->guess_depth--;
    const struct pb_fault fault = scan->wire.fault;
    scan->wire = around;
    if (is_message) return PB_MESSAGE;
    if (is_fatal(&fault)) {
        scan->wire.fault = fault;
        return PB_MESSAGE;
    }
    scan->records->count = count;
    return PB_BYTES;
}

enum pb_looks pb_scan_guess(struct pb_scan *scan, uint32_t from, uint32_t end, uint32_t depth) {
    scan->guesses = true;
    scan->text_from = 1;
    scan->text_until = 0;
    scan->text_within = end;
    return look(scan, from, end, depth);
}

/* ---- fields ----------------------------------------------------------------------------------------------------------------- */

/* The group that begins with the last record. */
static bool list_group(struct pb_scan *scan, uint32_t depth) {
    uint32_t index = scan->records->count - 1;
    bool whole = list_fields(scan, scan->records->list[index].number, depth + 1);
    struct pb_record *record = &scan->records->list[index];
    record->end = scan->wire.at;
    record->skip = scan->records->count;
    return whole;
}

/* Up to the end of the wire or, within a group, the tag that ends it. */
static bool list_fields(struct pb_scan *scan, uint32_t group, uint32_t depth) {
    struct pb_wire *wire = &scan->wire;
    if (depth > SCTX_PLUGIN_DEPTH_MAX + 1) /* the host will not come here */
        return pb_fault_at(&wire->fault, SCTX_PLUGIN_UNSUPPORTED, wire->at, "nested too deep");
    while (wire->at < wire->end) {
        struct pb_field field;
        if (!pb_wire_next(wire, &field)) return false;
        if (field.form == PB_GROUP_END) {
            if (group == 0) return pb_fault_at(&wire->fault, SCTX_PLUGIN_MALFORMED, field.tag, "a group ends that did not begin");
            if (field.number != group) return pb_fault_at(&wire->fault, SCTX_PLUGIN_MALFORMED, field.tag, "another group ends here");
            return true;
        }
        if (!add(scan, &field)) return false;
        if (field.form == PB_GROUP && !list_group(scan, depth)) return false;
        if (field.form == PB_LEN && scan->guesses) {
            uint32_t index = scan->records->count - 1;
            enum pb_looks looks = look(scan, field.body, field.end, depth);
            scan->records->list[index].looks = (uint8_t)looks;
            scan->records->list[index].skip = scan->records->count;
            if (wire->fault.why != NULL) return false;
        }
    }
    if (group == 0) return true;
    return pb_fault_at(&wire->fault, wire->is_whole ? SCTX_PLUGIN_TRUNCATED : SCTX_PLUGIN_MALFORMED, wire->end, "a group does not end");
}

void pb_scan_message(struct pb_scan *scan, uint32_t depth) {
    scan->text_from = 1;
    scan->text_until = 0;
    scan->text_within = scan->wire.end;
    (void)list_fields(scan, 0, depth);
}
