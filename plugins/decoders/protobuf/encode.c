#include "encode.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

bool pb_refuse(struct pb_encode *enc, const sctx_node *node, const char *why) {
    return pb_fault_at(&enc->fault, SCTX_PLUGIN_UNSUPPORTED, node->span.off, why);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------- */

static bool signed_of(struct pb_encode *enc, const sctx_node *node, int64_t least, int64_t most, int64_t *value) {
    const sctx_value *from = &node->value;
    if (from->type != SCTX_I64 && from->type != SCTX_U64) return pb_refuse(enc, node, "an integer of 64 bits must stand here");
    if (from->type == SCTX_U64 && from->v.u > INT64_MAX) return pb_refuse(enc, node, "the field's type does not reach so far");
    *value = from->type == SCTX_U64 ? (int64_t)from->v.u : from->v.i;
    return (*value >= least && *value <= most) || pb_refuse(enc, node, "the field's type does not reach so far");
}

static bool unsigned_of(struct pb_encode *enc, const sctx_node *node, uint64_t most, uint64_t *value) {
    const sctx_value *from = &node->value;
    if (from->type != SCTX_I64 && from->type != SCTX_U64) return pb_refuse(enc, node, "an integer of 64 bits must stand here");
    if (from->type == SCTX_I64 && from->v.i < 0) return pb_refuse(enc, node, "the field's type has no negative numbers");
    *value = from->v.u;
    return *value <= most || pb_refuse(enc, node, "the field's type does not reach so far");
}

static bool double_of(struct pb_encode *enc, const sctx_node *node, double *value) {
    char text[400];
    const sctx_value *from = &node->value;
    switch (from->type) {
    case SCTX_I64: *value = (double)from->v.i; return true;
    case SCTX_U64: *value = (double)from->v.u; return true;
    case SCTX_F64: *value = from->v.f; return true;
    case SCTX_NUMBER: break;
    default: return pb_refuse(enc, node, "a number must stand here");
    }
    if (from->v.s.n >= sizeof text) return pb_refuse(enc, node, "a number of too many digits");
    memcpy(text, from->v.s.p, from->v.s.n);
    text[from->v.s.n] = '\0';
    *value = strtod(text, NULL);
    return !__builtin_isinf(*value) || pb_refuse(enc, node, "the field's type does not reach so far");
}

static bool float_bits(struct pb_encode *enc, const sctx_node *node, uint64_t *bits) {
    double value;
    if (!double_of(enc, node, &value)) return false;
    float single = (float)value;
    if (__builtin_isinf(single) && !__builtin_isinf(value)) return pb_refuse(enc, node, "the field's type does not reach so far");
    uint32_t bits32;
    memcpy(&bits32, &single, sizeof bits32);
    *bits = bits32;
    return true;
}

static bool double_bits(struct pb_encode *enc, const sctx_node *node, uint64_t *bits) {
    double value;
    if (!double_of(enc, node, &value)) return false;
    memcpy(bits, &value, sizeof *bits);
    return true;
}

static bool enum_bits(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node, uint64_t *bits) {
    int64_t number;
    if (node->value.type == SCTX_TEXT) {
        const struct pb_enum_value *named = pb_value_named(enc->schema, field->ref, node->value.v.s);
        if (named == NULL) return pb_refuse(enc, node, "the enum has no value of this name");
        number = named->number;
    } else if (!signed_of(enc, node, INT32_MIN, INT32_MAX, &number)) {
        return false;
    }
    *bits = (uint64_t)number;
    return true;
}

static uint64_t zigzag(int64_t value) {
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

/* As it stands behind the tag. */
static bool scalar_bits(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node, uint64_t *bits) {
    bool is_narrow = field->type == PB_INT32 || field->type == PB_SINT32 || field->type == PB_SFIXED32;
    int64_t value;
    switch (field->type) {
    case PB_DOUBLE: return double_bits(enc, node, bits);
    case PB_FLOAT: return float_bits(enc, node, bits);
    case PB_ENUM: return enum_bits(enc, field, node, bits);
    case PB_UINT64:
    case PB_T_FIXED64: return unsigned_of(enc, node, UINT64_MAX, bits);
    case PB_UINT32:
    case PB_T_FIXED32: return unsigned_of(enc, node, UINT32_MAX, bits);
    case PB_BOOL: *bits = node->value.v.u; return node->value.type == SCTX_BOOL || pb_refuse(enc, node, "true or false must stand here");
    case PB_INT64:
    case PB_INT32:
    case PB_SINT32:
    case PB_SINT64:
    case PB_SFIXED32:
    case PB_SFIXED64:
        if (!signed_of(enc, node, is_narrow ? INT32_MIN : INT64_MIN, is_narrow ? INT32_MAX : INT64_MAX, &value)) return false;
        *bits = field->type == PB_SINT32 || field->type == PB_SINT64 ? zigzag(value) : (uint64_t)value;
        return true;
    case PB_STRING:
    case PB_T_GROUP:
    case PB_T_MESSAGE:
    case PB_T_BYTES: break;
    }
    return false;
}

static bool write_scalar(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node) {
    uint64_t bits = 0;
    if (!scalar_bits(enc, field, node, &bits)) return false;
    enum pb_form form = pb_form_of(field->type);
    if (form == PB_VARINT)
        pb_write_varint(&enc->output, bits);
    else
        pb_write_fixed(&enc->output, bits, form == PB_FIXED64 ? 8 : 4);
    return true;
}

/* ---- text and bytes --------------------------------------------------------------------------------------------------------- */

static bool write_text(struct pb_encode *enc, const sctx_node *node, sctx_str text) {
    if (utf8_valid(text.p, text.n) != text.n)
        return pb_refuse(enc, node, "text with half of a surrogate pair, which UTF-8 has no form for");
    size_t begun = pb_begin_length(&enc->output);
    pb_write(&enc->output, text.p, text.n);
    pb_end_length(&enc->output, begun);
    return true;
}

/* RFC 4648, either alphabet. */
static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* With padding or without. */
static bool write_base64(struct pb_encode *enc, const sctx_node *node) {
    sctx_str text = node->value.v.s;
    uint32_t word = 0;
    unsigned bits = 0;
    size_t len = text.n;
    if (len % 4 == 0)
        for (int i = 0; i < 2 && len > 0 && text.p[len - 1] == '='; i++) len--;
    if (len % 4 == 1) return pb_refuse(enc, node, "bytes, or text in base64, must stand here");
    for (size_t i = 0; i < len; i++) {
        int six = sextet(text.p[i]);
        if (six < 0) return pb_refuse(enc, node, "bytes, or text in base64, must stand here");
        word = word << 6 | (uint32_t)six;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        const unsigned char byte = (unsigned char)(word >> bits);
        pb_write(&enc->output, &byte, 1);
    }
    return (word & ((1u << bits) - 1)) == 0 || pb_refuse(enc, node, "bytes, or text in base64, must stand here");
}

static bool write_bytes(struct pb_encode *enc, const sctx_node *node) {
    size_t begun = pb_begin_length(&enc->output);
    bool whole = true;
    if (node->value.type == SCTX_BYTES)
        pb_write(&enc->output, node->value.v.s.p, node->value.v.s.n);
    else
        whole = node->value.type == SCTX_TEXT ? write_base64(enc, node) : pb_refuse(enc, node, "bytes, or text in base64, must stand here");
    pb_end_length(&enc->output, begun);
    return whole;
}

/* ---- fields ----------------------------------------------------------------------------------------------------------------- */

bool pb_write_value(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node) {
    pb_write_tag(&enc->output, field->number, pb_form_of(field->type));
    if (field->type == PB_T_BYTES) return write_bytes(enc, node);
    if (field->type == PB_STRING) {
        if (node->value.type != SCTX_TEXT) return pb_refuse(enc, node, "text must stand here");
        return write_text(enc, node, node->value.v.s);
    }
    if (field->type == PB_T_GROUP) {
        if (!pb_write_message(enc, field->ref, node)) return false;
        pb_write_tag(&enc->output, field->number, PB_GROUP_END);
        return true;
    }
    if (field->type != PB_T_MESSAGE) return write_scalar(enc, field, node);
    size_t begun = pb_begin_length(&enc->output);
    if (!pb_write_message(enc, field->ref, node)) return false;
    pb_end_length(&enc->output, begun);
    return true;
}

/* An empty list leaves a trace only where it can: as packed values, of which there are none. */
static bool write_array(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node) {
    if (node->value.type != SCTX_ARRAY) return pb_refuse(enc, node, "an array must stand here: the field is repeated");
    bool is_packed = field->is_packed || (node->first == NULL && pb_is_packable(field->type));
    size_t begun = 0;
    if (is_packed) {
        pb_write_tag(&enc->output, field->number, PB_LEN);
        begun = pb_begin_length(&enc->output);
    }
    for (const sctx_node *child = node->first; child != NULL; child = child->next)
        if (is_packed ? !write_scalar(enc, field, child) : !pb_write_value(enc, field, child)) return false;
    if (is_packed) pb_end_length(&enc->output, begun);
    return true;
}

static bool write_field(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node) {
    if (!field->is_repeated) return pb_write_value(enc, field, node);
    return field->is_map ? pb_write_entries(enc, field, node) : write_array(enc, field, node);
}

bool pb_write_message(struct pb_encode *enc, const struct pb_message *type, const sctx_node *node) {
    bool is_written = false;
    if (type->known != PB_NOT_KNOWN && !pb_write_known(enc, type, node, &is_written)) return false;
    if (is_written) return true;
    if (node->value.type != SCTX_OBJECT) return pb_refuse(enc, node, "an object must stand here: the field is a message");
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        const struct pb_declared *field = pb_field_named(enc->schema, type, child->name);
        if (field == NULL) return pb_refuse(enc, child, "the message has no field of this name");
        if (!write_field(enc, field, child)) return false;
    }
    return true;
}

/* ---- maps ------------------------------------------------------------------------------------------------------------------- */

/* An integer as decoding writes it: nothing but digits, and a minus. */
static bool key_number(sctx_str text, sctx_value *value) {
    bool is_negative = text.n > 0 && text.p[0] == '-';
    uint64_t number = 0;
    if (text.n == is_negative || (text.p[is_negative] == '0' && text.n > 1)) return false;
    for (size_t i = is_negative; i < text.n; i++) {
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (text.p[i] < '0' || text.p[i] > '9' || number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    if (is_negative && number > (uint64_t)INT64_MAX + 1) return false;
    *value =
        is_negative ? (sctx_value){.type = SCTX_I64, .v.i = -1 - (int64_t)(number - 1)} : (sctx_value){.type = SCTX_U64, .v.u = number};
    return true;
}

/* The member's name, as a value of the key's type. */
static bool write_key(struct pb_encode *enc, const struct pb_declared *key, const sctx_node *member) {
    sctx_node node = {.size = sizeof node, .span = member->span, .value = {.type = SCTX_TEXT, .v.s = member->name}};
    if (node.value.v.s.p == NULL) node.value.v.s.p = "";
    bool is_true = pb_str_is(member->name, "true");
    if (key->type == PB_BOOL && (is_true || pb_str_is(member->name, "false")))
        node.value = (sctx_value){.type = SCTX_BOOL, .v.u = is_true};
    else if (key->type != PB_STRING && key->type != PB_BOOL && !key_number(member->name, &node.value))
        return pb_refuse(enc, member, "the member's name must be an integer: it is the map's key");
    return pb_write_value(enc, key, &node);
}

bool pb_write_entries(struct pb_encode *enc, const struct pb_declared *field, const sctx_node *node) {
    const struct pb_declared *key = pb_field_numbered(enc->schema, field->ref, 1), *value = pb_field_numbered(enc->schema, field->ref, 2);
    if (node->value.type != SCTX_OBJECT) return pb_refuse(enc, node, "an object must stand here: the field is a map");
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        pb_write_tag(&enc->output, field->number, PB_LEN);
        size_t begun = pb_begin_length(&enc->output);
        if (!write_key(enc, key, child) || !pb_write_value(enc, value, child)) return false;
        pb_end_length(&enc->output, begun);
    }
    return true;
}

/* ---- the slot --------------------------------------------------------------------------------------------------------------- */

int pb_encode(const struct pb *pb, const sctx_node *root, sctx_out *out) {
    struct pb_encode enc = {.schema = &pb->schema};
    if (pb->root == NULL)
        (void)pb_refuse(&enc, root, "which type a number stands for only a schema says");
    else if (pb_write_message(&enc, pb->root, root) && !pb_output_emit(&enc.output, out))
        (void)pb_refuse(&enc, root, "the payload becomes too large");
    pb_output_free(&enc.output);
    if (enc.fault.why != NULL) out->fail(out, enc.fault.off, enc.fault.why);
    return enc.fault.status;
}
