/* FileDescriptorSet, as google/protobuf/descriptor.proto defines it: declarations are collected. Field numbers are cited from there. */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct pb_schema *schema;
    const unsigned char *data;
    struct pb_fault *fault;
};

static bool read_message(struct reader *reader, struct pb_field at, uint32_t parent, unsigned depth);

static bool bad(struct reader *reader, uint32_t off, const char *why) {
    return pb_fault_at(reader->fault, SCTX_PLUGIN_BAD_SCHEMA, off, why);
}

/* ---- the wire format within the set ----------------------------------------------------------------------------------------- */

struct part {
    struct pb_wire wire;
    struct pb_field field;
};

static struct part begin(const struct reader *reader, const struct pb_field *message) {
    return (struct part){.wire = {.data = reader->data, .at = message->body, .end = message->end, .is_whole = false}};
}

/* false: the end, or a fault. */
static bool next(struct reader *reader, struct part *part) {
    if (reader->fault->why != NULL || part->wire.at == part->wire.end) return false;
    if (!pb_wire_next(&part->wire, &part->field)) return bad(reader, part->wire.fault.off, part->wire.fault.why);
    if (part->field.form == PB_GROUP || part->field.form == PB_GROUP_END) return bad(reader, part->field.tag, "descriptors have no groups");
    return true;
}

static bool is_len(const struct part *part, uint32_t number) {
    return part->field.number == number && part->field.form == PB_LEN;
}

static bool is_number(const struct part *part, uint32_t number) {
    return part->field.number == number && part->field.form == PB_VARINT;
}

static sctx_str text_of(const struct reader *reader, const struct pb_field *field) {
    return pb_slice(reader->data, field->body, field->end);
}

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Letters, digits, '_', and with dots several such. */
static bool is_identifier(sctx_str name, bool may_have_dots) {
    bool begins = true;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_dot = may_have_dots && c == '.' && !begins;
        if (!is_dot && !is_letter(c) && (begins || c < '0' || c > '9')) return false;
        begins = is_dot;
    }
    return !begins;
}

static bool need_name(struct reader *reader, sctx_str name, uint32_t off) {
    if (name.n > PB_NAME_MAX) return bad(reader, off, "a name is too long");
    return is_identifier(name, false) || bad(reader, off, "a declaration without a name, or one that is no identifier");
}

/* ---- lists that grow -------------------------------------------------------------------------------------------------------- */

/* The list, with a zeroed element behind its last; without memory the list as it was, and a fault. */
static void *enlarged(struct reader *reader, void *list, uint32_t count, uint32_t *room, size_t item) {
    if (count == *room) {
        uint32_t more = *room == 0 ? 16 : *room * 2;
        void *larger = realloc(list, more * item);
        if (larger == NULL) {
            (void)pb_fault_at(reader->fault, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
            return list;
        }
        list = larger;
        *room = more;
    }
    memset((char *)list + count * item, 0, item);
    return list;
}

/* A new element of a list; NULL: out of memory. */
#define new_element(reader, list, count, room) \
    ((list) = enlarged(reader, list, count, &(room), sizeof *(list)), (reader)->fault->why != NULL ? NULL : &(list)[(count)++])

/* ---- declarations ----------------------------------------------------------------------------------------------------------- */

/* FieldOptions: packed = 2. */
static void read_field_options(struct reader *reader, const struct pb_field *at, struct pb_declared *declared) {
    struct part part = begin(reader, at);
    while (next(reader, &part))
        if (is_number(&part, 2)) {
            declared->says_packed = part.field.value != 0;
            declared->says_unpacked = part.field.value == 0;
        }
}

/* FieldDescriptorProto: name = 1, extendee = 2, number = 3, label = 4, type = 5, type_name = 6, options = 8. */
static bool read_field(struct reader *reader, const struct pb_field *at, uint32_t scope, bool is_extension) {
    struct pb_schema *schema = reader->schema;
    struct pb_declared *declared = new_element(reader, schema->fields, schema->field_count, schema->field_room);
    if (declared == NULL) return false;
    *declared = (struct pb_declared){.off = at->tag,
                                     .is_extension = is_extension,
                                     .scope = scope,
                                     .owner = is_extension ? PB_NO_INDEX : scope,
                                     .file = schema->file_count - 1};
    uint64_t number = 0, type = 0;
    struct part part = begin(reader, at);
    while (next(reader, &part)) {
        if (is_len(&part, 1)) declared->name = text_of(reader, &part.field);
        if (is_number(&part, 3)) number = part.field.value;
        if (is_number(&part, 4)) declared->is_repeated = part.field.value == 3;
        if (is_number(&part, 5)) type = part.field.value;
        if (is_len(&part, 8)) read_field_options(reader, &part.field, declared);
        if (is_len(&part, 2)) {
            declared->extendee = text_of(reader, &part.field);
            declared->extendee_off = part.field.tag;
        }
        if (is_len(&part, 6)) {
            declared->type_name = text_of(reader, &part.field);
            declared->type_off = part.field.tag;
        }
    }
    if (reader->fault->why != NULL || !need_name(reader, declared->name, at->tag)) return false;
    if (number == 0 || number > PB_NUMBER_MAX) return bad(reader, at->tag, "a field without a number that is possible");
    if (type > PB_SINT64) return bad(reader, at->tag, "a field of a type that is not defined");
    declared->number = (uint32_t)number;
    declared->type = (enum pb_type)type;
    return true;
}

/* EnumValueDescriptorProto: name = 1, number = 2. */
static bool read_enum_value(struct reader *reader, const struct pb_field *at, uint32_t owner) {
    struct pb_schema *schema = reader->schema;
    struct pb_enum_value *value = new_element(reader, schema->values, schema->value_count, schema->value_room);
    if (value == NULL) return false;
    value->off = at->tag;
    value->owner = owner;
    struct part part = begin(reader, at);
    while (next(reader, &part)) {
        if (is_len(&part, 1)) value->name = text_of(reader, &part.field);
        if (is_number(&part, 2)) value->number = (int32_t)(uint32_t)part.field.value;
    }
    return reader->fault->why == NULL && need_name(reader, value->name, at->tag);
}

static bool new_message(struct reader *reader, const struct pb_field *at, uint32_t parent, uint32_t *index) {
    struct pb_schema *schema = reader->schema;
    struct pb_message *message = new_element(reader, schema->messages, schema->message_count, schema->message_room);
    if (message == NULL) return false;
    message->off = at->tag;
    message->parent = parent;
    message->file = schema->file_count - 1;
    *index = schema->message_count - 1;
    return true;
}

/* EnumDescriptorProto: name = 1, value = 2. */
static bool read_enum(struct reader *reader, const struct pb_field *at, uint32_t parent) {
    uint32_t index, first = reader->schema->value_count;
    if (!new_message(reader, at, parent, &index)) return false;
    struct pb_message *self = &reader->schema->messages[index];
    self->is_enum = true;
    struct part part = begin(reader, at);
    while (next(reader, &part)) {
        if (is_len(&part, 1)) self->name = text_of(reader, &part.field);
        if (is_len(&part, 2) && !read_enum_value(reader, &part.field, index)) return false;
    }
    if (reader->schema->value_count > first) self->first_value = reader->schema->values[first].number;
    return reader->fault->why == NULL && need_name(reader, self->name, at->tag);
}

/* MessageOptions: map_entry = 7. */
static bool is_map_entry(struct reader *reader, const struct pb_field *at) {
    bool is = false;
    struct part part = begin(reader, at);
    while (next(reader, &part))
        if (is_number(&part, 7)) is = part.field.value != 0;
    return is;
}

/* What a message and a file have in common. */
static bool read_declaration(struct reader *reader, const struct pb_field *at, uint32_t number, const uint32_t numbers[3], uint32_t scope,
                             unsigned depth) {
    if (number == numbers[0]) return read_message(reader, *at, scope, depth + 1);
    if (number == numbers[1]) return read_enum(reader, at, scope);
    return number != numbers[2] || read_field(reader, at, scope, true);
}

/* DescriptorProto: name = 1, field = 2, nested_type = 3, enum_type = 4, extension = 6, options = 7. */
static bool read_message(struct reader *reader, struct pb_field at, uint32_t parent, unsigned depth) {
    static const uint32_t numbers[] = {3, 4, 6};
    uint32_t index;
    if (depth > PB_NESTED_MAX) return bad(reader, at.tag, "messages are declared too deep within each other");
    if (!new_message(reader, &at, parent, &index)) return false;
    struct part part = begin(reader, &at);
    while (next(reader, &part)) {
        struct pb_message *self = &reader->schema->messages[index];
        if (part.field.form != PB_LEN) continue;
        if (part.field.number == 1) self->name = text_of(reader, &part.field);
        if (part.field.number == 7) self->is_map_entry = is_map_entry(reader, &part.field);
        if (part.field.number == 2 && !read_field(reader, &part.field, index, false)) return false;
        if (!read_declaration(reader, &part.field, part.field.number, numbers, index, depth)) return false;
    }
    return reader->fault->why == NULL && need_name(reader, reader->schema->messages[index].name, at.tag);
}

/* FileDescriptorProto: package = 2, message_type = 4, enum_type = 5, extension = 7, syntax = 12. */
static bool read_file(struct reader *reader, const struct pb_field *at) {
    static const uint32_t numbers[] = {4, 5, 7};
    struct pb_schema *schema = reader->schema;
    struct pb_file *file = new_element(reader, schema->files, schema->file_count, schema->file_room);
    if (file == NULL) return false;
    file->is_proto2 = true;
    struct part part = begin(reader, at);
    while (next(reader, &part)) {
        if (part.field.form != PB_LEN) continue;
        sctx_str text = text_of(reader, &part.field);
        if (part.field.number == 12) file->is_proto2 = text.n == 0 || pb_str_is(text, "proto2");
        if (part.field.number == 2) {
            if (text.n > PB_NAME_MAX || (text.n > 0 && !is_identifier(text, true)))
                return bad(reader, part.field.tag, "no name of a package");
            file->package = text;
        }
        if (!read_declaration(reader, &part.field, part.field.number, numbers, PB_NO_INDEX, 0)) return false;
    }
    return reader->fault->why == NULL;
}

bool pb_schema_read(struct pb_schema *schema, sctx_str set, struct pb_fault *fault) {
    const struct pb_field whole = {.end = (uint32_t)set.n};
    struct reader reader = {schema, (const unsigned char *)set.p, fault};
    struct part part = begin(&reader, &whole);
    while (next(&reader, &part)) { /* FileDescriptorSet: file = 1 */
        if (!is_len(&part, 1)) return bad(&reader, part.field.tag, "not a FileDescriptorSet");
        if (!read_file(&reader, &part.field)) return false;
    }
    if (fault->why != NULL) return false;
    if (schema->message_count == 0) return bad(&reader, 0, "the FileDescriptorSet declares no message");
    if (!pb_schema_resolve(schema, fault)) return false;
    pb_schema_recognise(schema);
    return true;
}

void pb_schema_free(struct pb_schema *schema) {
    free(schema->messages);
    free(schema->fields);
    free(schema->values);
    free(schema->files);
    free((void *)schema->messages_named);
    free((void *)schema->fields_named);
    free((void *)schema->values_named);
    free(schema->names);
    *schema = (struct pb_schema){0};
}
