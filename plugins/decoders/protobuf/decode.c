#include "decode.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sctx_str no_name = {NULL, 0};

/* ---- the host --------------------------------------------------------------------------------------------------------------- */

bool pb_fail(struct pb_decode *dec, const struct pb_fault *fault) {
    if (dec->status == SCTX_PLUGIN_OK) {
        dec->status = fault->status;
        dec->out->fail(dec->out, fault->off, fault->why);
    }
    return false;
}

static bool goes_on(struct pb_decode *dec, int stop) {
    dec->is_cut |= stop != 0;
    return stop == 0;
}

bool pb_put(struct pb_decode *dec, sctx_str name, const sctx_value *value, uint32_t from, uint32_t end) {
    return goes_on(dec, dec->out->put(dec->out, name, value, (sctx_span){from, end - from}));
}

bool pb_open_container(struct pb_decode *dec, sctx_str name, int type, uint32_t from, uint32_t end) {
    dec->depth++;
    int stop = dec->out->open(dec->out, name, type, (sctx_span){from, end > from});
    return goes_on(dec, stop != 0 || dec->depth > SCTX_PLUGIN_DEPTH_MAX);
}

bool pb_close_container(struct pb_decode *dec, uint32_t end) {
    dec->depth--;
    return goes_on(dec, dec->out->close(dec->out, end));
}

char *pb_text_room(struct pb_decode *dec, size_t bytes) {
    struct pb *pb = dec->pb;
    if (bytes > pb->text_room || pb->text == NULL) {
        char *larger = realloc(pb->text, bytes * 2 + 64);
        if (larger == NULL) {
            (void)pb_fail(dec, &(struct pb_fault){SCTX_PLUGIN_INTERNAL, 0, "out of memory"});
            return NULL;
        }
        pb->text = larger;
        pb->text_room = bytes * 2 + 64;
    }
    return pb->text;
}

/* ---- listing ---------------------------------------------------------------------------------------------------------------- */

static bool fits(const struct pb_declared *field, const struct pb_record *record) {
    if ((enum pb_form)record->form == pb_form_of(field->type)) return true;
    return record->form == PB_LEN && field->is_repeated && pb_is_packable(field->type);
}

/* Finds the fields of a message's records, and makes a list of each repeated one. */
static void gather(struct pb *pb, const struct pb_message *type, uint32_t first, uint32_t last) {
    uint64_t stamp = ++pb->schema.stamp;
    uint32_t skip;
    for (uint32_t i = first; i < last; i = skip) {
        struct pb_record *record = &pb->records.list[i];
        struct pb_declared *field = pb_field_numbered(&pb->schema, type, record->number);
        skip = record->skip;
        if (field == NULL || !fits(field, record)) continue;
        record->field = field;
        if (!field->is_repeated) continue;
        if (field->stamp == stamp) {
            pb->records.list[field->last].next = i;
            record->is_later = true;
        }
        field->stamp = stamp;
        field->last = i;
    }
}

void pb_list_bytes(struct pb_decode *dec, const struct pb_message *type, uint32_t body, uint32_t end, struct pb_listed *listed) {
    struct pb_scan scan = {.records = &dec->pb->records, .wire = {.data = dec->data, .at = body, .end = end, .is_whole = body == 0}};
    *listed = (struct pb_listed){.from = body, .end = end, .first = dec->pb->records.count, .floor = dec->pb->records.count};
    pb_scan_message(&scan, dec->depth + 1);
    listed->last = dec->pb->records.count;
    listed->fault = scan.wire.fault;
    gather(dec->pb, type, listed->first, listed->last);
}

void pb_list_record(struct pb_decode *dec, const struct pb_message *type, uint32_t index, struct pb_listed *listed) {
    const struct pb_record record = dec->pb->records.list[index];
    if (record.form == PB_GROUP) { /* listed already */
        *listed = (struct pb_listed){.from = record.from, .end = record.end, .first = index + 1, .last = record.skip};
        listed->floor = dec->pb->records.count;
        gather(dec->pb, type, listed->first, listed->last);
    } else {
        pb_list_bytes(dec, type, record.body, record.end, listed);
        listed->from = record.from;
    }
}

bool pb_listed_done(struct pb_decode *dec, const struct pb_listed *listed) {
    dec->pb->records.count = listed->floor;
    return listed->fault.why == NULL || pb_fail(dec, &listed->fault);
}

/* ---- numbers and text ------------------------------------------------------------------------------------------------------- */

uint64_t pb_record_number(const struct pb_decode *dec, const struct pb_record *record) {
    struct pb_wire wire = {.data = dec->data, .at = record->body, .end = record->end};
    uint64_t value;
    (void)pb_wire_number(&wire, (enum pb_form)record->form, &value); /* it was read once already */
    return value;
}

static sctx_value signed_value(int64_t value) {
    return (sctx_value){.type = SCTX_I64, .v.i = value};
}

static sctx_value unsigned_value(uint64_t value) {
    return (sctx_value){.type = SCTX_U64, .v.u = value};
}

static sctx_value float_value(enum pb_type type, uint64_t bits) {
    sctx_value value = {.type = SCTX_F64};
    uint32_t bits32 = (uint32_t)bits;
    float single;
    memcpy(&single, &bits32, sizeof single);
    memcpy(&value.v.f, &bits, sizeof value.v.f);
    if (type == PB_FLOAT) value.v.f = (double)single;
    return value;
}

static sctx_value enum_value(const struct pb_decode *dec, const struct pb_message *of, int32_t number) {
    sctx_value value = signed_value(number);
    const struct pb_enum_value *named = pb_value_numbered(&dec->pb->schema, of, number);
    if (named != NULL) value.label = named->name;
    return value;
}

/* A varint of more bits than its type has is cut, as implementations do. */
sctx_value pb_scalar(const struct pb_decode *dec, const struct pb_declared *field, uint64_t bits) {
    switch (field->type) {
    case PB_DOUBLE:
    case PB_FLOAT: return float_value(field->type, bits);
    case PB_INT64:
    case PB_SFIXED64: return signed_value((int64_t)bits);
    case PB_INT32:
    case PB_SFIXED32: return signed_value((int32_t)(uint32_t)bits);
    case PB_SINT64: return signed_value(pb_unzigzag(bits));
    case PB_SINT32: return signed_value((int32_t)pb_unzigzag((uint32_t)bits));
    case PB_UINT32:
    case PB_T_FIXED32: return unsigned_value((uint32_t)bits);
    case PB_BOOL: return (sctx_value){.type = SCTX_BOOL, .v.u = bits != 0};
    case PB_ENUM: return enum_value(dec, field->ref, (int32_t)(uint32_t)bits);
    case PB_UINT64:
    case PB_T_FIXED64:
    case PB_STRING:
    case PB_T_GROUP:
    case PB_T_MESSAGE:
    case PB_T_BYTES: break;
    }
    return unsigned_value(bits);
}

bool pb_check_text(struct pb_decode *dec, uint32_t from, uint32_t end) {
    size_t valid = utf8_valid((const char *)dec->data + from, end - from);
    return valid == end - from ||
           pb_fail(dec, &(struct pb_fault){SCTX_PLUGIN_MALFORMED, from + (uint32_t)valid, "a string that is not UTF-8"});
}

/* ---- fields ----------------------------------------------------------------------------------------------------------------- */

bool pb_show_value(struct pb_decode *dec, const struct pb_declared *field, sctx_str name, uint32_t index) {
    const struct pb_record record = dec->pb->records.list[index];
    sctx_value value = {.type = SCTX_BYTES};
    if (field->type == PB_T_MESSAGE || field->type == PB_T_GROUP) {
        struct pb_listed listed;
        pb_list_record(dec, field->ref, index, &listed);
        return pb_show_message(dec, field->ref, name, &listed) && pb_listed_done(dec, &listed);
    }
    if (field->type == PB_STRING || field->type == PB_T_BYTES) {
        value.v.s = pb_slice(dec->data, record.body, record.end);
        if (field->type == PB_STRING && !pb_check_text(dec, record.body, record.end)) return false;
        if (field->type == PB_STRING) value.type = SCTX_TEXT;
    } else {
        value = pb_scalar(dec, field, pb_record_number(dec, &record));
    }
    return pb_put(dec, name, &value, record.from, record.end);
}

bool pb_show_default(struct pb_decode *dec, const struct pb_declared *field, sctx_str name, uint32_t at) {
    if (field->type == PB_T_MESSAGE) {
        struct pb_listed listed;
        pb_list_bytes(dec, field->ref, at, at, &listed);
        return pb_show_message(dec, field->ref, name, &listed) && pb_listed_done(dec, &listed);
    }
    sctx_value value = pb_scalar(dec, field, field->type == PB_ENUM ? (uint64_t)(int64_t)field->ref->first_value : 0);
    if (field->type == PB_STRING || field->type == PB_T_BYTES)
        value = (sctx_value){.type = field->type == PB_STRING ? SCTX_TEXT : SCTX_BYTES, .v.s = {"", 0}};
    return pb_put(dec, name, &value, at, at);
}

static bool show_packed(struct pb_decode *dec, const struct pb_declared *field, const struct pb_record *record) {
    struct pb_wire wire = {.data = dec->data, .at = record->body, .end = record->end};
    while (wire.at < wire.end) {
        uint32_t from = wire.at;
        uint64_t bits;
        if (!pb_wire_number(&wire, pb_form_of(field->type), &bits)) {
            if (wire.fault.off == wire.end) wire.fault.why = "packed values end within one of them";
            return pb_fail(dec, &wire.fault);
        }
        const sctx_value value = pb_scalar(dec, field, bits);
        if (!pb_put(dec, no_name, &value, from, wire.at)) return false;
    }
    return true;
}

/* The end of the field's last occurrence, or of the message that is the list. */
static uint32_t end_of_list(const struct pb_record *last, uint32_t end) {
    return end != 0 ? end : last->end;
}

bool pb_show_array(struct pb_decode *dec, const struct pb_declared *field, uint32_t index, uint32_t end) {
    while (true) {
        const struct pb_record record = dec->pb->records.list[index];
        bool is_packed = record.form == PB_LEN && pb_is_packable(field->type);
        if (is_packed ? !show_packed(dec, field, &record) : !pb_show_value(dec, field, no_name, index)) return false;
        if (record.next == 0) return pb_close_container(dec, end_of_list(&record, end));
        index = record.next;
    }
}

static bool show_field(struct pb_decode *dec, uint32_t index) {
    const struct pb_record record = dec->pb->records.list[index];
    const struct pb_declared *field = record.field;
    if (field == NULL) return pb_show_unknown(dec, index);
    if (!field->is_repeated) return pb_show_value(dec, field, field->name, index);
    if (!pb_open_container(dec, field->name, field->is_map ? SCTX_OBJECT : SCTX_ARRAY, record.from, record.end)) return false;
    return field->is_map ? pb_show_entries(dec, field, index, 0) : pb_show_array(dec, field, index, 0);
}

bool pb_show_fields(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed) {
    if (!pb_open_container(dec, name, SCTX_OBJECT, listed->from, listed->end)) return false;
    uint32_t skip;
    for (uint32_t i = listed->first; i < listed->last; i = skip) {
        skip = dec->pb->records.list[i].skip;
        if (!dec->pb->records.list[i].is_later && !show_field(dec, i)) return false;
    }
    if (listed->fault.why != NULL) return pb_fail(dec, &listed->fault);
    return pb_close_container(dec, listed->end);
}

bool pb_show_message(struct pb_decode *dec, const struct pb_message *type, sctx_str name, const struct pb_listed *listed) {
    bool is_shown = false;
    if (type->known != PB_NOT_KNOWN && listed->fault.why == NULL && !pb_show_known(dec, type, name, listed, &is_shown)) return false;
    return is_shown || pb_show_fields(dec, name, listed);
}

/* ---- maps ------------------------------------------------------------------------------------------------------------------- */

/* A key as text, which may be in the payload, or in `room`. */
static bool key_text(struct pb_decode *dec, const struct pb_declared *key, const struct pb_record *record, char room[24], sctx_str *text) {
    if (key->type == PB_STRING) {
        *text = record != NULL ? pb_slice(dec->data, record->body, record->end) : (sctx_str){"", 0};
        return record == NULL || pb_check_text(dec, record->body, record->end);
    }
    const sctx_value value = pb_scalar(dec, key, record != NULL ? pb_record_number(dec, record) : 0);
    int len = value.type == SCTX_BOOL  ? snprintf(room, 24, "%s", value.v.u != 0 ? "true" : "false")
              : value.type == SCTX_I64 ? snprintf(room, 24, "%" PRId64, value.v.i)
                                       : snprintf(room, 24, "%" PRIu64, value.v.u);
    *text = (sctx_str){room, (size_t)len};
    return true;
}

/* Of several keys or values in one entry the last counts, as for every field that is not repeated. */
static bool show_entry(struct pb_decode *dec, const struct pb_declared *field, uint32_t index) {
    const struct pb_declared *key = pb_field_numbered(&dec->pb->schema, field->ref, 1);
    const struct pb_declared *value = pb_field_numbered(&dec->pb->schema, field->ref, 2);
    struct pb_listed entry;
    uint32_t key_at = PB_NO_INDEX, value_at = PB_NO_INDEX;
    char room[24];
    sctx_str name;
    pb_list_record(dec, field->ref, index, &entry);
    for (uint32_t i = entry.first; i < entry.last; i = dec->pb->records.list[i].skip) {
        if (dec->pb->records.list[i].field == key) key_at = i;
        if (dec->pb->records.list[i].field == value) value_at = i;
    }
    const struct pb_record record = key_at != PB_NO_INDEX ? dec->pb->records.list[key_at] : (struct pb_record){0};
    if (entry.fault.why != NULL) return pb_fail(dec, &entry.fault);
    if (!key_text(dec, key, key_at != PB_NO_INDEX ? &record : NULL, room, &name)) return false;
    bool shown = value_at != PB_NO_INDEX ? pb_show_value(dec, value, name, value_at) : pb_show_default(dec, value, name, entry.end);
    return shown && pb_listed_done(dec, &entry);
}

bool pb_show_entries(struct pb_decode *dec, const struct pb_declared *field, uint32_t index, uint32_t end) {
    while (true) {
        const struct pb_record record = dec->pb->records.list[index];
        if (!show_entry(dec, field, index)) return false;
        if (record.next == 0) return pb_close_container(dec, end_of_list(&record, end));
        index = record.next;
    }
}

/* ---- the slot --------------------------------------------------------------------------------------------------------------- */

int pb_decode(struct pb *pb, const void *data, size_t len, sctx_out *out) {
    struct pb_decode dec = {.pb = pb, .data = len > 0 ? data : (const void *)"", .len = (uint32_t)len, .out = out};
    struct pb_listed listed;
    pb->records.count = 0;
    if (pb->root == NULL) {
        (void)pb_show_guessed_root(&dec);
        return dec.status;
    }
    pb_list_bytes(&dec, pb->root, 0, dec.len, &listed);
    if (pb_show_message(&dec, pb->root, no_name, &listed)) (void)pb_listed_done(&dec, &listed);
    return dec.status;
}
