/* The well-known types, as the JSON mapping of protobuf has them where a tree has a word for it. */
#include "decode.h"

#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

#define NS_PER_S 1000000000

/* ---- Timestamp and Duration ------------------------------------------------------------------------------------------------- */

/* Records of fields 1 and 2, each at most once, and nothing else; PB_NO_INDEX: not there. */
static bool at_most_two(const struct pb_decode *dec, const struct pb_listed *listed, uint32_t at[2]) {
    at[0] = at[1] = PB_NO_INDEX;
    for (uint32_t i = listed->first; i < listed->last; i = dec->pb->records.list[i].skip) {
        const struct pb_record *record = &dec->pb->records.list[i];
        if (record->field == NULL || record->number > 2 || at[record->number - 1] != PB_NO_INDEX) return false;
        at[record->number - 1] = i;
    }
    return true;
}

/* As timestamp.proto and duration.proto limit them: years 1 to 9999, or 10000 years with nanos of the same sign. */
static bool in_range(enum pb_known known, int64_t seconds, int32_t nanos) {
    if (nanos <= -NS_PER_S || nanos >= NS_PER_S) return false;
    if (known == PB_TIMESTAMP) return seconds >= INT64_C(-62135596800) && seconds <= INT64_C(253402300799) && nanos >= 0;
    if (seconds < INT64_C(-315576000000) || seconds > INT64_C(315576000000)) return false;
    return !((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0));
}

/* Decimal digits in front of `end`; returns where they begin. */
static char *digits_before(char *end, wide value) {
    unsigned_wide rest = value < 0 ? -(unsigned_wide)value : (unsigned_wide)value;
    do *--end = (char)('0' + (int)(rest % 10));
    while ((rest /= 10) != 0);
    if (value < 0) *--end = '-';
    return end;
}

static bool show_time(struct pb_decode *dec, enum pb_known known, sctx_str name, const struct pb_listed *listed, bool *is_shown) {
    uint32_t at[2];
    if (!at_most_two(dec, listed, at)) return true;
    const struct pb_record *records = dec->pb->records.list;
    int64_t seconds = at[0] != PB_NO_INDEX ? (int64_t)pb_record_number(dec, &records[at[0]]) : 0;
    int32_t nanos = at[1] != PB_NO_INDEX ? (int32_t)(uint32_t)pb_record_number(dec, &records[at[1]]) : 0;
    if (!in_range(known, seconds, nanos)) return true;
    char room[40];
    wide ns = (wide)seconds * NS_PER_S + nanos;
    sctx_value value = {.type = SCTX_I64, .as = known == PB_TIMESTAMP ? SCTX_TIME_NS : SCTX_DURATION_NS, .v.i = (int64_t)ns};
    if (ns < INT64_MIN || ns > INT64_MAX) {
        char *digits = digits_before(room + sizeof room, ns);
        value = (sctx_value){.type = SCTX_NUMBER, .v.s = {digits, (size_t)(room + sizeof room - digits)}};
    }
    *is_shown = true;
    return pb_put(dec, name, &value, listed->from, listed->end);
}

/* ---- wrappers, FieldMask ---------------------------------------------------------------------------------------------------- */

static bool show_wrapper(struct pb_decode *dec, const struct pb_message *type, sctx_str name, const struct pb_listed *listed,
                         bool *is_shown) {
    const struct pb_declared *field = pb_field_numbered(&dec->pb->schema, type, 1);
    uint32_t at[2];
    sctx_value value;
    if (!at_most_two(dec, listed, at)) return true;
    *is_shown = true;
    const struct pb_record record = at[0] != PB_NO_INDEX ? dec->pb->records.list[at[0]] : (struct pb_record){0};
    if (field->type == PB_STRING || field->type == PB_T_BYTES) {
        if (field->type == PB_STRING && !pb_check_text(dec, record.body, record.end)) return false;
        value =
            (sctx_value){.type = field->type == PB_STRING ? SCTX_TEXT : SCTX_BYTES, .v.s = pb_slice(dec->data, record.body, record.end)};
        if (value.v.s.n == 0) value.v.s.p = "";
    } else {
        value = pb_scalar(dec, field, at[0] != PB_NO_INDEX ? pb_record_number(dec, &record) : 0);
    }
    return pb_put(dec, name, &value, listed->from, listed->end);
}

static bool show_field_mask(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed, bool *is_shown) {
    size_t len = 0;
    for (uint32_t i = listed->first; i < listed->last; i = dec->pb->records.list[i].skip)
        if (dec->pb->records.list[i].field == NULL) return true;
    char *text = pb_text_room(dec, listed->end - listed->from);
    if (text == NULL) return false;
    for (uint32_t i = listed->first; i < listed->last; i++) {
        const struct pb_record *path = &dec->pb->records.list[i];
        if (!pb_check_text(dec, path->body, path->end)) return false;
        if (i > listed->first) text[len++] = ',';
        memcpy(text + len, dec->data + path->body, path->end - path->body);
        len += path->end - path->body;
    }
    const sctx_value value = {.type = SCTX_TEXT, .v.s = {text, len}};
    *is_shown = true;
    return pb_put(dec, name, &value, listed->from, listed->end);
}

/* ---- Struct, Value, ListValue ----------------------------------------------------------------------------------------------- */

/* The first record of field 1, where the list of its occurrences begins. */
static uint32_t first_of_list(const struct pb_decode *dec, const struct pb_listed *listed) {
    for (uint32_t i = listed->first; i < listed->last; i = dec->pb->records.list[i].skip)
        if (dec->pb->records.list[i].field != NULL) return i;
    return PB_NO_INDEX;
}

static bool show_struct(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed) {
    uint32_t index = first_of_list(dec, listed);
    if (!pb_open_container(dec, name, SCTX_OBJECT, listed->from, listed->end)) return false;
    if (index == PB_NO_INDEX) return pb_close_container(dec, listed->end);
    return pb_show_entries(dec, dec->pb->records.list[index].field, index, listed->end);
}

static bool show_list(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed) {
    uint32_t index = first_of_list(dec, listed);
    if (!pb_open_container(dec, name, SCTX_ARRAY, listed->from, listed->end)) return false;
    if (index == PB_NO_INDEX) return pb_close_container(dec, listed->end);
    return pb_show_array(dec, dec->pb->records.list[index].field, index, listed->end);
}

/* The last of several kinds counts, as in every oneof; none at all is not allowed, and taken for null. */
static bool show_json_value(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed) {
    uint32_t last = PB_NO_INDEX;
    for (uint32_t i = listed->first; i < listed->last; i = dec->pb->records.list[i].skip)
        if (dec->pb->records.list[i].field != NULL) last = i;
    const sctx_value null = {.type = SCTX_NULL, .flags = last == PB_NO_INDEX ? SCTX_GUESSED : 0};
    if (last == PB_NO_INDEX || dec->pb->records.list[last].number == 1) return pb_put(dec, name, &null, listed->from, listed->end);
    return pb_show_value(dec, dec->pb->records.list[last].field, name, last);
}

/* ---- Any -------------------------------------------------------------------------------------------------------------------- */

const struct pb_message *pb_any_type(const struct pb_schema *schema, sctx_str url) {
    size_t name = url.n;
    while (name > 0 && url.p[name - 1] != '/') name--;
    const struct pb_message *type = name > 0 ? pb_message_named(schema, (sctx_str){url.p + name, url.n - name}) : NULL;
    return type != NULL && !type->is_enum ? type : NULL;
}

static bool show_any(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed, bool *is_shown) {
    static const sctx_str type_member = {"@type", 5}, value_member = {"value", 5};
    uint32_t at[2];
    if (!at_most_two(dec, listed, at) || at[0] == PB_NO_INDEX) return true;
    *is_shown = true;
    const struct pb_record url = dec->pb->records.list[at[0]];
    if (!pb_check_text(dec, url.body, url.end)) return false;
    sctx_value value = {.type = SCTX_TEXT, .v.s = pb_slice(dec->data, url.body, url.end)};
    const struct pb_message *type = pb_any_type(&dec->pb->schema, value.v.s);
    if (!pb_open_container(dec, name, SCTX_OBJECT, listed->from, listed->end)) return false;
    if (!pb_put(dec, type_member, &value, url.from, url.end)) return false;
    if (at[1] != PB_NO_INDEX && type != NULL) {
        struct pb_listed inner;
        pb_list_record(dec, type, at[1], &inner);
        if (!pb_show_message(dec, type, value_member, &inner) || !pb_listed_done(dec, &inner)) return false;
    } else if (at[1] != PB_NO_INDEX) {
        const struct pb_record bytes = dec->pb->records.list[at[1]];
        value = (sctx_value){.type = SCTX_BYTES, .v.s = pb_slice(dec->data, bytes.body, bytes.end)};
        if (!pb_put(dec, value_member, &value, bytes.from, bytes.end)) return false;
    }
    return pb_close_container(dec, listed->end);
}

bool pb_show_known(struct pb_decode *dec, const struct pb_message *type, sctx_str name, const struct pb_listed *listed, bool *is_shown) {
    switch (type->known) {
    case PB_TIMESTAMP:
    case PB_DURATION: return show_time(dec, type->known, name, listed, is_shown);
    case PB_WRAPPER: return show_wrapper(dec, type, name, listed, is_shown);
    case PB_FIELD_MASK: return show_field_mask(dec, name, listed, is_shown);
    case PB_ANY: return show_any(dec, name, listed, is_shown);
    case PB_STRUCT: *is_shown = true; return show_struct(dec, name, listed);
    case PB_LIST_VALUE: *is_shown = true; return show_list(dec, name, listed);
    case PB_VALUE: *is_shown = true; return show_json_value(dec, name, listed);
    case PB_NOT_KNOWN: break;
    }
    return true;
}
