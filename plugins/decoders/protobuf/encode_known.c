/* The well-known types from what known.c shows them as. */
#include "encode.h"

#include <string.h>

__extension__ typedef __int128 wide;

#define NS_PER_S 1000000000

/* ---- Timestamp and Duration ------------------------------------------------------------------------------------------------- */

/* At most 21 digits are needed. */
static bool integer_of(const sctx_node *node, wide *value) {
    const sctx_value *from = &node->value;
    if (from->type == SCTX_I64 || from->type == SCTX_U64) {
        *value = from->type == SCTX_I64 ? (wide)from->v.i : (wide)from->v.u;
        return true;
    }
    if (from->type != SCTX_NUMBER || from->v.s.n > 30) return false;
    bool is_negative = from->v.s.p[0] == '-';
    *value = 0;
    for (size_t i = is_negative; i < from->v.s.n; i++) {
        if (from->v.s.p[i] < '0' || from->v.s.p[i] > '9') return false;
        *value = *value * 10 + (from->v.s.p[i] - '0');
    }
    if (is_negative) *value = -*value;
    return true;
}

static bool is_within(wide value, int64_t least, int64_t most) {
    return value >= least && value <= most;
}

/* Fields of value 0 are left out, as proto3 does. */
static bool write_time(struct pb_encode *enc, enum pb_known known, const sctx_node *node) {
    wide ns;
    if (!integer_of(node, &ns)) return pb_refuse(enc, node, "an integer, nanoseconds, must stand here");
    wide seconds = ns / NS_PER_S, nanos = ns % NS_PER_S;
    if (known == PB_TIMESTAMP && nanos < 0) {
        nanos += NS_PER_S;
        seconds--;
    }
    bool fits = known == PB_TIMESTAMP ? is_within(seconds, INT64_C(-62135596800), INT64_C(253402300799))
                                      : is_within(seconds, INT64_C(-315576000000), INT64_C(315576000000));
    if (!fits) return pb_refuse(enc, node, "the field's type does not reach so far");
    if (seconds != 0) {
        pb_write_tag(&enc->output, 1, PB_VARINT);
        pb_write_varint(&enc->output, (uint64_t)(int64_t)seconds);
    }
    if (nanos != 0) {
        pb_write_tag(&enc->output, 2, PB_VARINT);
        pb_write_varint(&enc->output, (uint64_t)(int64_t)nanos);
    }
    return true;
}

/* ---- FieldMask -------------------------------------------------------------------------------------------------------------- */

static bool write_field_mask(struct pb_encode *enc, const struct pb_declared *paths, const sctx_node *node) {
    sctx_str rest = node->value.v.s;
    while (rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        size_t len = comma != NULL ? (size_t)(comma - rest.p) : rest.n;
        sctx_node path = {.size = sizeof path, .span = node->span, .value = {.type = SCTX_TEXT, .v.s = {rest.p, len}}};
        if (!pb_write_value(enc, paths, &path)) return false;
        if (comma != NULL && len + 1 == rest.n) { /* a comma at the end: an empty path follows it */
            path.value.v.s.n = 0;
            return pb_write_value(enc, paths, &path);
        }
        if (comma == NULL) break;
        rest = (sctx_str){comma + 1, rest.n - len - 1};
    }
    return true;
}

/* ---- Struct, Value, ListValue ----------------------------------------------------------------------------------------------- */

static bool write_list(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node) {
    const struct pb_declared *values = pb_field_numbered(enc->schema, type, 1);
    if (node->value.type != SCTX_ARRAY) return pb_refuse(enc, node, "an array must stand here: the field is a ListValue");
    for (const sctx_node *child = node->first; child != NULL; child = child->next)
        if (!pb_write_value(enc, values, child)) return false;
    return true;
}

static bool write_json_value(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node) {
    static const uint8_t kinds[] = {[SCTX_NULL] = 1,   [SCTX_BOOL] = 4, [SCTX_I64] = 2,   [SCTX_U64] = 2,    [SCTX_F64] = 2,
                                    [SCTX_NUMBER] = 2, [SCTX_TEXT] = 3, [SCTX_BYTES] = 0, [SCTX_OBJECT] = 5, [SCTX_ARRAY] = 6};
    uint32_t number = kinds[node->value.type];
    if (number == 0) return pb_refuse(enc, node, "a google.protobuf.Value has no bytes");
    if (number != 1) return pb_write_value(enc, pb_field_numbered(enc->schema, type, number), node);
    pb_write_tag(&enc->output, 1, PB_VARINT);
    pb_write_varint(&enc->output, 0);
    return true;
}

/* ---- Any -------------------------------------------------------------------------------------------------------------------- */

static bool is_any(const sctx_node *node) {
    for (const sctx_node *child = node->first; child != NULL; child = child->next)
        if (pb_str_is(child->name, "@type")) return true;
    return false;
}

static bool write_any_value(struct pb_encode *enc, const struct pb_message *any, const sctx_node *url, const sctx_node *node) {
    const struct pb_message *type = pb_any_type(enc->schema, url->value.v.s);
    if (type == NULL) {
        if (node->value.type != SCTX_BYTES) return pb_refuse(enc, node, "bytes must stand here: @type is not in the schema");
        return pb_write_value(enc, pb_field_numbered(enc->schema, any, 2), node);
    }
    pb_write_tag(&enc->output, 2, PB_LEN);
    size_t begun = pb_begin_length(&enc->output);
    if (!pb_write_message(enc, type, node)) return false;
    pb_end_length(&enc->output, begun);
    return true;
}

static bool write_any(struct pb_encode *enc, const struct pb_message *any, const sctx_node *node) {
    const sctx_node *url = NULL, *value = NULL;
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        bool is_url = pb_str_is(child->name, "@type");
        if (!is_url && !pb_str_is(child->name, "value")) return pb_refuse(enc, child, "an Any has the members @type and value");
        if ((is_url ? url : value) != NULL) return pb_refuse(enc, child, "an Any has each member once");
        *(is_url ? &url : &value) = child;
    }
    if (url->value.type != SCTX_TEXT) return pb_refuse(enc, url, "text must stand here");
    return pb_write_value(enc, pb_field_numbered(enc->schema, any, 1), url) && (value == NULL || write_any_value(enc, any, url, value));
}

bool pb_write_known(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node, bool *is_written) {
    const struct pb_declared *first = pb_field_numbered(enc->schema, type, 1);
    bool is_object = node->value.type == SCTX_OBJECT;
    *is_written = true;
    switch (type->known) {
    case PB_STRUCT: return pb_write_entries(enc, first, node);
    case PB_LIST_VALUE: return write_list(enc, type, node);
    case PB_VALUE: return write_json_value(enc, type, node);
    case PB_ANY:
        if (is_object && is_any(node)) return write_any(enc, type, node);
        break;
    case PB_TIMESTAMP:
    case PB_DURATION:
        if (!is_object) return write_time(enc, type->known, node);
        break;
    case PB_WRAPPER:
        if (!is_object) return pb_write_value(enc, first, node);
        break;
    case PB_FIELD_MASK:
        if (node->value.type == SCTX_TEXT) return write_field_mask(enc, first, node);
        break;
    case PB_NOT_KNOWN: break;
    }
    *is_written = false;
    return true;
}
