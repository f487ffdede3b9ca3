/* Which messages are the well-known types (timestamp.proto, struct.proto and so on): by their name, and only if they have the fields that those have. */
#include "schema.h"

static const struct shape {
    const char *name;
    enum pb_known known;
    struct {
        enum pb_type type;
        bool is_repeated;
        const char *of;
    } fields[6]; /* numbers 1 to 6 */
} shapes[] = {
    {"google.protobuf.Timestamp", PB_TIMESTAMP, {{PB_INT64, false, ""}, {PB_INT32, false, ""}}},
    {"google.protobuf.Duration", PB_DURATION, {{PB_INT64, false, ""}, {PB_INT32, false, ""}}},
    {"google.protobuf.DoubleValue", PB_WRAPPER, {{PB_DOUBLE, false, ""}}},
    {"google.protobuf.FloatValue", PB_WRAPPER, {{PB_FLOAT, false, ""}}},
    {"google.protobuf.Int64Value", PB_WRAPPER, {{PB_INT64, false, ""}}},
    {"google.protobuf.UInt64Value", PB_WRAPPER, {{PB_UINT64, false, ""}}},
    {"google.protobuf.Int32Value", PB_WRAPPER, {{PB_INT32, false, ""}}},
    {"google.protobuf.UInt32Value", PB_WRAPPER, {{PB_UINT32, false, ""}}},
    {"google.protobuf.BoolValue", PB_WRAPPER, {{PB_BOOL, false, ""}}},
    {"google.protobuf.StringValue", PB_WRAPPER, {{PB_STRING, false, ""}}},
    {"google.protobuf.BytesValue", PB_WRAPPER, {{PB_T_BYTES, false, ""}}},
    {"google.protobuf.FieldMask", PB_FIELD_MASK, {{PB_STRING, true, ""}}},
    {"google.protobuf.Any", PB_ANY, {{PB_STRING, false, ""}, {PB_T_BYTES, false, ""}}},
    {"google.protobuf.Struct", PB_STRUCT, {{PB_T_MESSAGE, true, "google.protobuf.Struct.FieldsEntry"}}},
    {"google.protobuf.ListValue", PB_LIST_VALUE, {{PB_T_MESSAGE, true, "google.protobuf.Value"}}},
    {"google.protobuf.Value",
     PB_VALUE,
     {{PB_ENUM, false, "google.protobuf.NullValue"},
      {PB_DOUBLE, false, ""},
      {PB_STRING, false, ""},
      {PB_BOOL, false, ""},
      {PB_T_MESSAGE, false, "google.protobuf.Struct"},
      {PB_T_MESSAGE, false, "google.protobuf.ListValue"}}},
};

static bool has_shape(const struct pb_schema *schema, const struct pb_message *message, const struct shape *shape) {
    uint32_t count = 0;
    while (count < 6 && shape->fields[count].type != 0) {
        const struct pb_declared *field = pb_field_numbered(schema, message, count + 1);
        if (field == NULL || field->type != shape->fields[count].type || field->is_repeated != shape->fields[count].is_repeated)
            return false;
        if (field->ref != NULL && !pb_str_is(field->ref->name, shape->fields[count].of)) return false;
        count++;
    }
    return message->count == count;
}

/* A map from text to Value. */
static bool is_struct(const struct pb_schema *schema, const struct pb_message *message) {
    const struct pb_declared *fields = pb_field_numbered(schema, message, 1);
    if (!fields->is_map || pb_field_numbered(schema, fields->ref, 1)->type != PB_STRING) return false;
    const struct pb_declared *value = pb_field_numbered(schema, fields->ref, 2);
    return value->type == PB_T_MESSAGE && pb_str_is(value->ref->name, "google.protobuf.Value");
}

void pb_schema_recognise(struct pb_schema *schema) {
    struct pb_message *json[3] = {NULL, NULL, NULL}; /* these three refer to each other: all, or none */
    unsigned json_count = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        const struct pb_message *found = pb_message_named(schema, (sctx_str){shape->name, __builtin_strlen(shape->name)});
        if (found == NULL || found->is_enum || !has_shape(schema, found, shape)) continue;
        if (shape->known == PB_STRUCT && !is_struct(schema, found)) continue;
        struct pb_message *message = &schema->messages[found - schema->messages];
        message->known = shape->known;
        if (shape->known == PB_STRUCT || shape->known == PB_VALUE || shape->known == PB_LIST_VALUE) json[json_count++] = message;
    }
    if (json_count == 3) return;
    for (unsigned i = 0; i < json_count; i++) json[i]->known = PB_NOT_KNOWN;
}
