#include "protos.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED_MAX = 64 };

struct bytes {
    const uint8_t *at, *end;
};

struct protos_file {
    struct bytes name, package, body;
    bool is_proto2;
};

static const char malformed[] = "its schema is no FileDescriptorSet", nameless[] = "its schema has a name that is none",
                  no_memory[] = "out of memory", too_deep[] = "messages within messages too deep";

/* ---- the wire format -------------------------------------------------------------------------------------------------------- */

struct field {
    uint64_t number;
    uint64_t value;     /* of a varint */
    struct bytes bytes; /* of what has a length */
    bool has_bytes;
};

static bool take_varint(struct bytes *from, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && from->at < from->end; shift += 7) {
        uint8_t byte = *from->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

static bool skip(struct bytes *from, uint64_t count) {
    if (count > (uint64_t)(from->end - from->at)) return false;
    from->at += count;
    return true;
}

/* false: the end, or no field; then `from` is not at its end. */
static bool take_field(struct bytes *from, struct field *field) {
    struct bytes at = *from;
    uint64_t tag = 0;
    *field = (struct field){.number = 0};
    if (at.at == at.end || !take_varint(&at, &tag)) return false;
    field->number = tag >> 3;
    switch (tag & 7) {
    case 0:
        if (!take_varint(&at, &field->value)) return false;
        break;
    case 1:
        if (!skip(&at, 8)) return false;
        break;
    case 2:
        if (!take_varint(&at, &field->value)) return false;
        field->bytes.at = at.at;
        if (!skip(&at, field->value)) return false;
        field->bytes.end = at.at;
        field->has_bytes = true;
        break;
    case 5:
        if (!skip(&at, 4)) return false;
        break;
    default: return false;
    }
    *from = at;
    return true;
}

static bool is_over(const struct bytes *bytes) {
    return bytes->at == bytes->end;
}

static size_t length(struct bytes bytes) {
    return (size_t)(bytes.end - bytes.at);
}

static bool same(struct bytes a, struct bytes b) {
    return length(a) == length(b) && (length(a) == 0 || memcmp(a.at, b.at, length(a)) == 0);
}

static bool is_text(struct bytes bytes, const char *text) {
    return length(bytes) == strlen(text) && memcmp(bytes.at, text, length(bytes)) == 0;
}

/* A word, or with `is_path` words with points between them. */
static bool is_name(struct bytes name, bool is_path) {
    bool begins = true;
    if (is_over(&name) || length(name) >= PROTOS_NAME_MAX) return false;
    for (const uint8_t *at = name.at; at < name.end; at++) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_', is_digit = *at >= '0' && *at <= '9';
        bool is_point = is_path && *at == '.' && (!begins || at == name.at);
        if (!is_letter && !is_point && !(is_digit && !begins)) return false;
        begins = is_point;
    }
    return !begins;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------- */

/* What is wrong comes first and stays. */
struct writing {
    const struct protos *protos;
    const struct protos_file *file;
    struct mcap_buffer *text;
    const char *fault;
};

static void put(struct writing *writing, const void *text, size_t len) {
    if (writing->fault == NULL && len > 0 && !mcap_buffer_add(writing->text, text, len)) writing->fault = no_memory;
}

static void put_text(struct writing *writing, const char *text) {
    put(writing, text, strlen(text));
}

static void put_bytes(struct writing *writing, struct bytes bytes) {
    put(writing, bytes.at, length(bytes));
}

static void put_name(struct writing *writing, struct bytes name, bool is_path) {
    if (writing->fault == NULL && !is_name(name, is_path)) writing->fault = nameless;
    put_bytes(writing, name);
}

static void put_number(struct writing *writing, int64_t number) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    put_text(writing, text);
}

static void indent(struct writing *writing, unsigned depth) {
    for (unsigned i = 0; i < depth; i++) put_text(writing, "  ");
}

static void expect_end(struct writing *writing, const struct bytes *bytes) {
    if (writing->fault == NULL && !is_over(bytes)) writing->fault = malformed;
}

/* ---- declarations ----------------------------------------------------------------------------------------------------------- */

static void put_value(struct writing *writing, struct bytes body, unsigned depth) {
    struct field field;
    struct bytes name = {NULL, NULL};
    int32_t number = 0;
    while (take_field(&body, &field)) {
        if (field.number == 1 && field.has_bytes) name = field.bytes;
        if (field.number == 2) number = (int32_t)(uint32_t)field.value;
    }
    expect_end(writing, &body);
    indent(writing, depth);
    put_name(writing, name, false);
    put_text(writing, " = ");
    put_number(writing, number);
    put_text(writing, ";\n");
}

static bool is_set(struct bytes options, uint64_t number, bool *value) {
    struct field field;
    bool found = false;
    while (take_field(&options, &field))
        if (field.number == number && !field.has_bytes) {
            *value = field.value != 0;
            found = true;
        }
    return found;
}

static void put_enum(struct writing *writing, struct bytes body, unsigned depth) {
    struct field field;
    struct bytes name = {NULL, NULL}, options = {NULL, NULL};
    bool is_aliased = false;
    for (struct bytes at = body; take_field(&at, &field);) {
        if (field.number == 1 && field.has_bytes) name = field.bytes;
        if (field.number == 3 && field.has_bytes) options = field.bytes;
    }
    indent(writing, depth);
    put_text(writing, "enum ");
    put_name(writing, name, false);
    put_text(writing, " {\n");
    if (is_set(options, 2, &is_aliased) && is_aliased) {
        indent(writing, depth + 1);
        put_text(writing, "option allow_alias = true;\n");
    }
    while (take_field(&body, &field))
        if (field.number == 2 && field.has_bytes) put_value(writing, field.bytes, depth + 1);
    expect_end(writing, &body);
    indent(writing, depth);
    put_text(writing, "}\n");
}

struct declared {
    struct bytes name, type_name, options;
    uint64_t number, label, type;
};

static struct declared read_declared(struct writing *writing, struct bytes body) {
    struct declared declared = {.label = 1};
    struct field field;
    while (take_field(&body, &field)) {
        if (field.number == 1 && field.has_bytes) declared.name = field.bytes;
        if (field.number == 3) declared.number = field.value;
        if (field.number == 4) declared.label = field.value;
        if (field.number == 5) declared.type = field.value;
        if (field.number == 6 && field.has_bytes) declared.type_name = field.bytes;
        if (field.number == 8 && field.has_bytes) declared.options = field.bytes;
    }
    expect_end(writing, &body);
    return declared;
}

static void put_declared(struct writing *writing, struct bytes body, unsigned depth) {
    static const char *const types[] = {NULL, "double", "float", "int64",  "uint64", "int32",    "fixed64",  "fixed32", "bool",  "string",
                                        NULL, NULL,     "bytes", "uint32", NULL,     "sfixed32", "sfixed64", "sint32",  "sint64"};
    static const char *const labels[] = {"", "optional ", "required ", "repeated "};
    enum { TYPE_GROUP = 10, TYPE_MESSAGE = 11, TYPE_ENUM = 14, NUMBER_MAX = (1 << 29) - 1 };
    const struct declared declared = read_declared(writing, body);
    bool is_named = declared.type == TYPE_MESSAGE || declared.type == TYPE_ENUM, is_packed = false;
    bool is_known = is_named || (declared.type < sizeof types / sizeof *types && types[declared.type] != NULL);
    if (declared.type == TYPE_GROUP) return;
    if (writing->fault == NULL &&
        (!is_known || declared.label == 0 || declared.label > 3 || declared.number == 0 || declared.number > NUMBER_MAX))
        writing->fault = malformed;
    if (writing->fault != NULL) return;
    indent(writing, depth);
    if (writing->file->is_proto2 || declared.label == 3) put_text(writing, labels[declared.label]);
    if (is_named)
        put_name(writing, declared.type_name, true);
    else
        put_text(writing, types[declared.type]);
    put_text(writing, " ");
    put_name(writing, declared.name, false);
    put_text(writing, " = ");
    put_number(writing, (int64_t)declared.number);
    if (is_set(declared.options, 2, &is_packed)) put_text(writing, is_packed ? " [packed=true]" : " [packed=false]");
    put_text(writing, ";\n");
}

static void put_message(struct writing *writing, struct bytes body, unsigned depth) {
    struct field field;
    struct bytes name = {NULL, NULL};
    if (writing->fault == NULL && depth >= NESTED_MAX) writing->fault = too_deep;
    if (writing->fault != NULL) return;
    for (struct bytes at = body; take_field(&at, &field);)
        if (field.number == 1 && field.has_bytes) name = field.bytes;
    indent(writing, depth);
    put_text(writing, "message ");
    put_name(writing, name, false);
    put_text(writing, " {\n");
    while (writing->fault == NULL && take_field(&body, &field)) {
        if (field.number == 2 && field.has_bytes) put_declared(writing, field.bytes, depth + 1);
        if (field.number == 3 && field.has_bytes) put_message(writing, field.bytes, depth + 1);
        if (field.number == 4 && field.has_bytes) put_enum(writing, field.bytes, depth + 1);
    }
    expect_end(writing, &body);
    indent(writing, depth);
    put_text(writing, "}\n");
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

/* Files of the set by the names that we gave them; others may be those that Wireshark brings along. */
static void put_import(struct writing *writing, struct bytes name) {
    char own[48];
    for (uint32_t i = 0; i < writing->protos->count; i++) {
        if (!same(writing->protos->files[i].name, name)) continue;
        (void)snprintf(own, sizeof own, "import \"s%u_%" PRIu32 ".proto\";\n", writing->protos->number, i);
        put_text(writing, own);
        return;
    }
    for (const uint8_t *at = name.at; at < name.end; at++)
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\' || *at == '\'') return;
    put_text(writing, "import \"");
    put_bytes(writing, name);
    put_text(writing, "\";\n");
}

const char *protos_put(const struct protos *protos, uint32_t i, struct mcap_buffer *text) {
    struct writing writing = {.protos = protos, .file = &protos->files[i], .text = text};
    struct bytes body = writing.file->body;
    struct field field;
    put_text(&writing, writing.file->is_proto2 ? "syntax = \"proto2\";\n" : "syntax = \"proto3\";\n");
    if (!is_over(&writing.file->package)) {
        put_text(&writing, "package ");
        put_name(&writing, writing.file->package, true);
        put_text(&writing, ";\n");
    }
    for (struct bytes at = body; take_field(&at, &field);)
        if (field.number == 3 && field.has_bytes) put_import(&writing, field.bytes);
    while (writing.fault == NULL && take_field(&body, &field)) {
        if (field.number == 4 && field.has_bytes) put_message(&writing, field.bytes, 0);
        if (field.number == 5 && field.has_bytes) put_enum(&writing, field.bytes, 0);
    }
    expect_end(&writing, &body);
    return writing.fault;
}

static void read_file(struct protos_file *file, struct bytes body) {
    struct field field;
    *file = (struct protos_file){.body = body, .is_proto2 = true};
    while (take_field(&body, &field)) {
        if (field.number == 1 && field.has_bytes) file->name = field.bytes;
        if (field.number == 2 && field.has_bytes) file->package = field.bytes;
        if (field.number == 12 && field.has_bytes) file->is_proto2 = is_text(field.bytes, "proto2");
    }
}

static void find_only(struct protos *protos) {
    const struct protos_file *file = &protos->files[protos->count - 1];
    struct field field, inner;
    struct bytes only = {NULL, NULL};
    unsigned count = 0;
    for (struct bytes at = file->body; take_field(&at, &field);) {
        if (field.number != 4 || !field.has_bytes) continue;
        count++;
        for (struct bytes message = field.bytes; take_field(&message, &inner);)
            if (inner.number == 1 && inner.has_bytes) only = inner.bytes;
    }
    if (count != 1 || !is_name(only, false) || length(file->package) + length(only) + 2 > sizeof protos->only) return;
    (void)snprintf(protos->only, sizeof protos->only, "%.*s%s%.*s", (int)length(file->package), (const char *)file->package.at,
                   is_over(&file->package) ? "" : ".", (int)length(only), (const char *)only.at);
}

const char *protos_open(struct protos *protos, unsigned number, const void *set, size_t set_len) {
    struct bytes all = {set, (const uint8_t *)set + set_len};
    struct field field;
    *protos = (struct protos){.set = set, .set_len = set_len, .number = number};
    for (struct bytes at = all; take_field(&at, &field);) protos->count += field.number == 1 && field.has_bytes;
    if (protos->count == 0) return malformed;
    if (protos->count > PROTOS_FILES_MAX) return "its schema has too many files";
    protos->files = calloc(protos->count, sizeof *protos->files);
    if (protos->files == NULL) return no_memory;
    for (uint32_t i = 0; take_field(&all, &field);)
        if (field.number == 1 && field.has_bytes) read_file(&protos->files[i++], field.bytes);
    if (!is_over(&all)) return malformed;
    find_only(protos);
    return NULL;
}

void protos_close(struct protos *protos) {
    free(protos->files);
    *protos = (struct protos){.count = 0};
}
