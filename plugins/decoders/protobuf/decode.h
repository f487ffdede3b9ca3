/* From payload to tree. With a schema decode.c goes through the fields and known.c shows the well-known types; guess.c shows what has none. */
#ifndef PB_DECODE_H
#define PB_DECODE_H
#include "records.h"
#include "schema.h"

/* An instance. */
struct pb {
    struct pb_schema schema;
    const struct pb_message *root; /* NULL: no schema */
    struct pb_records records;
    char *text; /* for what has to be put together */
    size_t text_room;
};

struct pb_decode {
    struct pb *pb;
    const unsigned char *data;
    uint32_t len;
    sctx_out *out;
    uint32_t depth; /* containers open */
    int status;
    bool is_cut; /* the host wants no more */
};

/* A message whose fields are listed: records [first, last). */
struct pb_listed {
    uint32_t from, end; /* its bytes, with the length if it has one */
    uint32_t first, last;
    uint32_t floor;        /* of the stack of records when it is done */
    struct pb_fault fault; /* behind the last of them */
};

int pb_decode(struct pb *pb, const void *data, size_t len, sctx_out *out);

/* ---- between decode.c, known.c and guess.c; all return false when it is over: status is set, or the host wants no more ------------- */

bool pb_fail(struct pb_decode *dec, const struct pb_fault *fault);
bool pb_put(struct pb_decode *dec, sctx_str name, const sctx_value *value, uint32_t from, uint32_t end);
bool pb_open_container(struct pb_decode *dec, sctx_str name, int type, uint32_t from, uint32_t end);
bool pb_close_container(struct pb_decode *dec, uint32_t end);

/* Lists the fields of a message of this type: of a record, which is PB_LEN or PB_GROUP, or of any bytes. */
void pb_list_record(struct pb_decode *dec, const struct pb_message *type, uint32_t index, struct pb_listed *listed);
void pb_list_bytes(struct pb_decode *dec, const struct pb_message *type, uint32_t body, uint32_t end, struct pb_listed *listed);
/* Its fault, if it has one; its records are dropped. */
bool pb_listed_done(struct pb_decode *dec, const struct pb_listed *listed);

bool pb_show_message(struct pb_decode *dec, const struct pb_message *type, sctx_str name, const struct pb_listed *listed);
/* As an object of its fields, whatever type it is. */
bool pb_show_fields(struct pb_decode *dec, sctx_str name, const struct pb_listed *listed);
/* One value of this field: a record of it that is not packed. */
bool pb_show_value(struct pb_decode *dec, const struct pb_declared *field, sctx_str name, uint32_t index);
/* What the field is when it is not there, for parts of an entry; at an offset, from no bytes. */
bool pb_show_default(struct pb_decode *dec, const struct pb_declared *field, sctx_str name, uint32_t at);
/* What is in a repeated field or a map, the container being open: this record and those that follow it in its list. Closes it, at `end`;
 * 0: behind the last of them. */
bool pb_show_array(struct pb_decode *dec, const struct pb_declared *field, uint32_t index, uint32_t end);
bool pb_show_entries(struct pb_decode *dec, const struct pb_declared *field, uint32_t index, uint32_t end);

/* A number as its type reads it. */
sctx_value pb_scalar(const struct pb_decode *dec, const struct pb_declared *field, uint64_t bits);
uint64_t pb_record_number(const struct pb_decode *dec, const struct pb_record *record);
/* false, and said so: not UTF-8. */
bool pb_check_text(struct pb_decode *dec, uint32_t from, uint32_t end);
/* Room in pb->text for this many; NULL, and said so: out of memory. */
char *pb_text_room(struct pb_decode *dec, size_t bytes);

/* Well-known types. *is_shown false: it is not as its type prescribes; show its fields. */
bool pb_show_known(struct pb_decode *dec, const struct pb_message *type, sctx_str name, const struct pb_listed *listed, bool *is_shown);
/* Any's type: what follows the last '/' of its URL; NULL: not in the set. */
const struct pb_message *pb_any_type(const struct pb_schema *schema, sctx_str url);

/* A record without a type, under its number. */
bool pb_show_unknown(struct pb_decode *dec, uint32_t index);
bool pb_show_guessed_root(struct pb_decode *dec);
#endif
