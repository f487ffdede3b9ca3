/* What a FileDescriptorSet declares, ready to be looked up: messages and enums by full name, fields and enum values by number and by name.
 * Names point into the set's bytes, which must stay, or into memory of the schema. */
#ifndef PB_SCHEMA_H
#define PB_SCHEMA_H
#include "wire.h"

/* FieldDescriptorProto.Type */
enum pb_type {
    PB_DOUBLE = 1,
    PB_FLOAT,
    PB_INT64,
    PB_UINT64,
    PB_INT32,
    PB_T_FIXED64,
    PB_T_FIXED32,
    PB_BOOL,
    PB_STRING,
    PB_T_GROUP,
    PB_T_MESSAGE,
    PB_T_BYTES,
    PB_UINT32,
    PB_ENUM,
    PB_SFIXED32,
    PB_SFIXED64,
    PB_SINT32,
    PB_SINT64
};

/* Messages that are shown as something else than their fields. */
enum pb_known { PB_NOT_KNOWN, PB_TIMESTAMP, PB_DURATION, PB_WRAPPER, PB_FIELD_MASK, PB_STRUCT, PB_VALUE, PB_LIST_VALUE, PB_ANY };

#define PB_NAME_MAX 512u          /* bytes of a full name */
#define PB_NAMES_ROOM (16u << 20) /* bytes of all full names together */
#define PB_NESTED_MAX 64u         /* messages declared within each other */
#define PB_NO_INDEX UINT32_MAX

/* Both a message and an enum. */
struct pb_message {
    sctx_str name;         /* in full: "shop.Order" */
    uint32_t off;          /* of its declaration, in the set */
    uint32_t file, parent; /* indexes; parent PB_NO_INDEX: at the top of the file */
    bool is_enum, is_map_entry;
    enum pb_known known;
    uint32_t first, count; /* its fields or values, in schema->fields or ->values */
    int32_t first_value;   /* of an enum: the number that is declared first */
};

struct pb_declared { /* a field */
    sctx_str name;   /* of an extension: in full, in brackets */
    uint32_t off;
    uint32_t number;
    uint32_t owner; /* index of its message */
    uint32_t scope; /* of an extension: index of the message that it is declared in, or PB_NO_INDEX */
    uint32_t file;
    sctx_str type_name, extendee;
    uint32_t type_off, extendee_off;
    enum pb_type type;
    bool is_repeated, is_packed, is_extension, is_map;
    bool says_packed, says_unpacked;
    const struct pb_message *ref; /* the message or enum that it is of */
    uint64_t stamp;               /* and the record found last: for gathering, see decode.c */
    uint32_t last;
};

struct pb_enum_value {
    sctx_str name;
    uint32_t off, owner;
    int32_t number;
};

struct pb_file {
    sctx_str package;
    bool is_proto2;
};

struct pb_schema {
    struct pb_message *messages; /* by declaration */
    struct pb_declared *fields;  /* by owner and number */
    struct pb_enum_value *values;
    struct pb_file *files;
    uint32_t message_count, field_count, value_count, file_count;
    uint32_t message_room, field_room, value_room, file_room;
    const struct pb_message **messages_named;  /* by name */
    const struct pb_declared **fields_named;   /* by owner and name */
    const struct pb_enum_value **values_named; /* by owner and name */
    char *names;
    size_t names_len;
    uint64_t stamp; /* of the last gathering */
};

/* Fills an empty schema, in time n log n. false: *fault says what is wrong; call pb_schema_free() all the same. */
bool pb_schema_read(struct pb_schema *schema, sctx_str set, struct pb_fault *fault);
void pb_schema_free(struct pb_schema *schema);

/* NULL: there is none. Names have no leading dot. */
const struct pb_message *pb_message_named(const struct pb_schema *schema, sctx_str full_name);
struct pb_declared *pb_field_numbered(const struct pb_schema *schema, const struct pb_message *message, uint32_t number);
const struct pb_declared *pb_field_named(const struct pb_schema *schema, const struct pb_message *message, sctx_str name);
/* Of several names of one number the one declared first. */
const struct pb_enum_value *pb_value_numbered(const struct pb_schema *schema, const struct pb_message *of, int32_t number);
const struct pb_enum_value *pb_value_named(const struct pb_schema *schema, const struct pb_message *of, sctx_str name);

/* After reading, steps of it: names are found, types of fields looked up (resolve.c), well-known shapes recognised (shapes.c). */
bool pb_schema_resolve(struct pb_schema *schema, struct pb_fault *fault);
void pb_schema_recognise(struct pb_schema *schema);

/* The wire type of a value, and whether such values may be packed. */
enum pb_form pb_form_of(enum pb_type type);
bool pb_is_packable(enum pb_type type);
bool pb_str_is(sctx_str str, const char *word);
#endif
