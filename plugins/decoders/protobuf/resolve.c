/* Full names, the types of fields, and the order in which things are found. */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

bool pb_str_is(sctx_str str, const char *word) {
    return str.n == strlen(word) && (str.n == 0 || memcmp(str.p, word, str.n) == 0);
}

static int compare_names(sctx_str a, sctx_str b) {
    size_t both = a.n < b.n ? a.n : b.n;
    int order = both > 0 ? memcmp(a.p, b.p, both) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* ---- full names ------------------------------------------------------------------------------------------------------------- */

static sctx_str scope_name(const struct pb_schema *schema, uint32_t parent, uint32_t file) {
    return parent != PB_NO_INDEX ? schema->messages[parent].name : schema->files[file].package;
}

/* "scope.name", in brackets if it is an extension's. Parents come before what is in them, so theirs are full already. */
static bool qualify(struct pb_schema *schema, sctx_str scope, sctx_str *name, uint32_t off, bool in_brackets, struct pb_fault *fault) {
    if (scope.n + name->n + 1 > PB_NAME_MAX) return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, off, "a full name is too long");
    if (scope.n + name->n + 3 > PB_NAMES_ROOM - schema->names_len)
        return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, off, "all names together are too long");
    char *from = schema->names + schema->names_len, *to = from;
    if (in_brackets) *to++ = '[';
    if (scope.n > 0) {
        memcpy(to, scope.p, scope.n);
        to += scope.n;
        *to++ = '.';
    }
    memcpy(to, name->p, name->n);
    to += name->n;
    if (in_brackets) *to++ = ']';
    *name = (sctx_str){from, (size_t)(to - from)};
    schema->names_len += name->n;
    return true;
}

/* How much room they take, at most PB_NAMES_ROOM: so that it need not be moved. */
static size_t names_room(const struct pb_schema *schema) {
    size_t most = ((size_t)schema->message_count + schema->field_count) * (PB_NAME_MAX + 3);
    return most < PB_NAMES_ROOM ? most : PB_NAMES_ROOM;
}

static bool qualify_all(struct pb_schema *schema, struct pb_fault *fault) {
    schema->names = malloc(names_room(schema) + 1);
    if (schema->names == NULL) return pb_fault_at(fault, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    for (uint32_t i = 0; i < schema->message_count; i++) {
        struct pb_message *message = &schema->messages[i];
        if (!qualify(schema, scope_name(schema, message->parent, message->file), &message->name, message->off, false, fault)) return false;
    }
    for (uint32_t i = 0; i < schema->field_count; i++) {
        struct pb_declared *field = &schema->fields[i];
        sctx_str scope = field->is_extension ? scope_name(schema, field->scope, field->file) : (sctx_str){NULL, 0};
        if (field->is_extension && !qualify(schema, scope, &field->name, field->off, true, fault)) return false;
    }
    return true;
}

/* ---- messages and enums by name --------------------------------------------------------------------------------------------- */

static int by_message_name(const void *a, const void *b) {
    return compare_names((*(const struct pb_message *const *)a)->name, (*(const struct pb_message *const *)b)->name);
}

static bool index_messages(struct pb_schema *schema, struct pb_fault *fault) {
    schema->messages_named = malloc((schema->message_count + 1u) * sizeof(void *));
    if (schema->messages_named == NULL) return pb_fault_at(fault, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    for (uint32_t i = 0; i < schema->message_count; i++) schema->messages_named[i] = &schema->messages[i];
    qsort((void *)schema->messages_named, schema->message_count, sizeof(void *), by_message_name);
    for (uint32_t i = 1; i < schema->message_count; i++) {
        const struct pb_message *a = schema->messages_named[i - 1], *b = schema->messages_named[i];
        if (compare_names(a->name, b->name) == 0)
            return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, a->off > b->off ? a->off : b->off, "a type is declared twice");
    }
    return true;
}

const struct pb_message *pb_message_named(const struct pb_schema *schema, sctx_str full_name) {
    uint32_t low = 0, high = schema->message_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_names(schema->messages_named[middle]->name, full_name);
        if (order == 0) return schema->messages_named[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* As fields name them: ".shop.Order". */
static const struct pb_message *referred(const struct pb_schema *schema, sctx_str name) {
    if (name.n > 0 && name.p[0] == '.') name = (sctx_str){name.p + 1, name.n - 1};
    return pb_message_named(schema, name);
}

/* ---- fields and values ------------------------------------------------------------------------------------------------------ */

static bool is_message_type(enum pb_type type) {
    return type == PB_T_MESSAGE || type == PB_T_GROUP;
}

static bool resolve_type(struct pb_schema *schema, struct pb_declared *field, struct pb_fault *fault) {
    bool needs_type = field->type == 0 || is_message_type(field->type) || field->type == PB_ENUM;
    if (!needs_type) return true;
    if (field->type_name.n == 0) return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, field->off, "a field without its type");
    field->ref = referred(schema, field->type_name);
    if (field->ref == NULL)
        return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, field->type_off,
                           "a field's type is not in the set (protoc --include_imports puts it there)");
    if (field->type == 0) field->type = field->ref->is_enum ? PB_ENUM : PB_T_MESSAGE;
    if (field->ref->is_enum != (field->type == PB_ENUM))
        return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, field->type_off, "a field takes a message for an enum, or the other way round");
    return true;
}

static bool resolve_field(struct pb_schema *schema, struct pb_declared *field, struct pb_fault *fault) {
    if (field->is_extension) {
        const struct pb_message *owner = referred(schema, field->extendee);
        if (owner == NULL || owner->is_enum)
            return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, field->extendee.p != NULL ? field->extendee_off : field->off,
                               "an extension of a message that is not in the set");
        field->owner = (uint32_t)(owner - schema->messages);
    }
    if (!resolve_type(schema, field, fault)) return false;
    field->is_packed = field->is_repeated && pb_is_packable(field->type) &&
                       (field->says_packed || (!schema->files[field->file].is_proto2 && !field->says_unpacked));
    return true;
}

static int compare_numbers(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int by_field_number(const void *a, const void *b) {
    const struct pb_declared *x = a, *y = b;
    int order = compare_numbers(x->owner, y->owner);
    if (order == 0) order = compare_numbers(x->number, y->number);
    return order != 0 ? order : compare_numbers(x->off, y->off);
}

static int by_field_name(const void *a, const void *b) {
    const struct pb_declared *x = *(const struct pb_declared *const *)a, *y = *(const struct pb_declared *const *)b;
    int order = compare_numbers(x->owner, y->owner);
    return order != 0 ? order : compare_names(x->name, y->name);
}

static int by_value_number(const void *a, const void *b) {
    const struct pb_enum_value *x = a, *y = b;
    int order = compare_numbers(x->owner, y->owner);
    if (order == 0) order = compare_numbers(x->number, y->number);
    return order != 0 ? order : compare_numbers(x->off, y->off);
}

static int by_value_name(const void *a, const void *b) {
    const struct pb_enum_value *x = *(const struct pb_enum_value *const *)a, *y = *(const struct pb_enum_value *const *)b;
    int order = compare_numbers(x->owner, y->owner);
    if (order == 0) order = compare_names(x->name, y->name);
    return order != 0 ? order : compare_numbers(x->off, y->off);
}

static bool index_fields(struct pb_schema *schema, struct pb_fault *fault) {
    uint32_t count = schema->field_count;
    if (count > 0) qsort(schema->fields, count, sizeof *schema->fields, by_field_number);
    schema->fields_named = malloc((count + 1u) * sizeof(void *));
    if (schema->fields_named == NULL) return pb_fault_at(fault, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        const struct pb_declared *field = &schema->fields[i], *before = field - 1;
        struct pb_message *owner = &schema->messages[field->owner];
        if (owner->count++ == 0) owner->first = i;
        schema->fields_named[i] = field;
        if (i > 0 && before->owner == field->owner && before->number == field->number)
            return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, field->off, "two fields of one number");
    }
    qsort((void *)schema->fields_named, count, sizeof(void *), by_field_name);
    for (uint32_t i = 1; i < count; i++)
        if (by_field_name((const void *)&schema->fields_named[i - 1], (const void *)&schema->fields_named[i]) == 0) {
            const struct pb_declared *a = schema->fields_named[i - 1], *b = schema->fields_named[i];
            return pb_fault_at(fault, SCTX_PLUGIN_BAD_SCHEMA, a->off > b->off ? a->off : b->off, "two fields of one name");
        }
    return true;
}

static bool index_values(struct pb_schema *schema, struct pb_fault *fault) {
    uint32_t count = schema->value_count;
    if (count > 0) qsort(schema->values, count, sizeof *schema->values, by_value_number);
    schema->values_named = malloc((count + 1u) * sizeof(void *));
    if (schema->values_named == NULL) return pb_fault_at(fault, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        struct pb_message *owner = &schema->messages[schema->values[i].owner];
        if (owner->count++ == 0) owner->first = i;
        schema->values_named[i] = &schema->values[i];
    }
    qsort((void *)schema->values_named, count, sizeof(void *), by_value_name);
    return true;
}

/* An entry: key = 1, an integer, a bool or a string; value = 2. */
static bool has_entries(const struct pb_schema *schema, const struct pb_declared *field) {
    if (!field->is_repeated || field->type != PB_T_MESSAGE || !field->ref->is_map_entry) return false;
    const struct pb_declared *key = pb_field_numbered(schema, field->ref, 1), *value = pb_field_numbered(schema, field->ref, 2);
    if (key == NULL || value == NULL || key->is_repeated || value->is_repeated || value->type == PB_T_GROUP) return false;
    return !is_message_type(key->type) && key->type != PB_T_BYTES && key->type != PB_ENUM && key->type != PB_DOUBLE &&
           key->type != PB_FLOAT;
}

bool pb_schema_resolve(struct pb_schema *schema, struct pb_fault *fault) {
    if (!qualify_all(schema, fault) || !index_messages(schema, fault)) return false;
    for (uint32_t i = 0; i < schema->field_count; i++)
        if (!resolve_field(schema, &schema->fields[i], fault)) return false;
    if (!index_fields(schema, fault) || !index_values(schema, fault)) return false;
    for (uint32_t i = 0; i < schema->field_count; i++) schema->fields[i].is_map = has_entries(schema, &schema->fields[i]);
    return true;
}

/* ---- looking up ------------------------------------------------------------------------------------------------------------- */

struct pb_declared *pb_field_numbered(const struct pb_schema *schema, const struct pb_message *message, uint32_t number) {
    uint32_t low = message->first, high = low + message->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (schema->fields[middle].number == number) return &schema->fields[middle];
        if (schema->fields[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct pb_declared *pb_field_named(const struct pb_schema *schema, const struct pb_message *message, sctx_str name) {
    uint32_t low = message->first, high = low + message->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_names(schema->fields_named[middle]->name, name);
        if (order == 0) return schema->fields_named[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct pb_enum_value *pb_value_numbered(const struct pb_schema *schema, const struct pb_message *of, int32_t number) {
    uint32_t low = of->first, high = low + of->count, end = high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (schema->values[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && schema->values[low].number == number ? &schema->values[low] : NULL;
}

const struct pb_enum_value *pb_value_named(const struct pb_schema *schema, const struct pb_message *of, sctx_str name) {
    uint32_t low = of->first, high = low + of->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_names(schema->values_named[middle]->name, name);
        if (order == 0) return schema->values_named[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum pb_form pb_form_of(enum pb_type type) {
    switch (type) {
    case PB_DOUBLE:
    case PB_T_FIXED64:
    case PB_SFIXED64: return PB_FIXED64;
    case PB_FLOAT:
    case PB_T_FIXED32:
    case PB_SFIXED32: return PB_FIXED32;
    case PB_STRING:
    case PB_T_MESSAGE:
    case PB_T_BYTES: return PB_LEN;
    case PB_T_GROUP: return PB_GROUP;
    case PB_INT64:
    case PB_UINT64:
    case PB_INT32:
    case PB_BOOL:
    case PB_UINT32:
    case PB_ENUM:
    case PB_SINT32:
    case PB_SINT64: return PB_VARINT;
    }
    return PB_VARINT;
}

bool pb_is_packable(enum pb_type type) {
    enum pb_form form = pb_form_of(type);
    return form != PB_LEN && form != PB_GROUP;
}
