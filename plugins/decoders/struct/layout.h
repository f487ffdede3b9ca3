/* A layout, read and laid out: which structs there are, and where in them each member lies.
 *
 * Names and units point into the schema's bytes, which stay until close(). Everything else is owned by struct layout. */
#ifndef STRUCT_LAYOUT_H
#define STRUCT_LAYOUT_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum {
    LAYOUT_SIZE_MAX = (int)SCTX_PLUGIN_PAYLOAD_MAX, /* bytes of a struct */
    LAYOUT_FIELDS_MAX = 65536,                      /* members, of all structs together */
    LAYOUT_DIMENSIONS_MAX = 8,
    LAYOUT_INLINE_MAX = 32, /* structs defined within structs */
    LAYOUT_NAME_MAX = 127,  /* bytes */
};

enum kind {
    KIND_UINT,
    KIND_INT,
    KIND_FLOAT,
    KIND_BOOL,
    KIND_CHAR,  /* text: a field's last dimension is its length */
    KIND_BYTES, /* likewise */
    KIND_PAD,   /* takes room and is not shown */
    KIND_STRUCT,
};

enum order { ORDER_OF_STRUCT, ORDER_LITTLE, ORDER_BIG };

struct label {
    sctx_str name;
    uint64_t bits; /* the value, sign-extended to 64 bits */
    uint32_t nth;  /* in the layout */
};

struct enumeration {
    struct enumeration *next;
    struct label *labels; /* sorted by value; of equal ones, the first in the layout comes first */
    uint32_t count, room;
};

struct type {
    uint8_t kind;  /* enum kind */
    uint8_t order; /* enum order */
    uint32_t size; /* bytes; of a struct: 0, see there */
    const struct enumeration *labels; /* NULL: no enum */
    struct aggregate *aggregate;      /* KIND_STRUCT only */
};

struct field {
    sctx_str name; /* empty: takes room and is not shown; or, of a struct, its members stand for it */
    sctx_str unit;
    struct type type; /* order: never ORDER_OF_STRUCT */
    uint32_t at;      /* where it is declared, an offset into the layout */
    uint32_t off;     /* bytes from the struct's beginning; of a bit field: to the byte that it begins in */
    uint32_t size;    /* bytes of an element; of a flexible text: 0 */
    uint32_t dims[LAYOUT_DIMENSIONS_MAX]; /* a flexible one: 0 */
    uint8_t dim_count;                    /* without that of text and bytes, which is in size */
    uint8_t as;                           /* enum sctx_shown_as */
    uint8_t bit, bits;                    /* of a bit field: the first one in its byte, in its byte order's direction; how many */
    int8_t key;                           /* enum sctx_key; -1: none */
    bool is_bit_field, is_flexible;
};

/* A member that is a message's id, perhaps in a struct within. */
struct key {
    const struct field *field; /* NULL: there is none */
    uint32_t off;              /* of the struct that the field is in */
};

struct aggregate { /* a struct or union */
    struct aggregate *next;
    sctx_str name; /* empty: it has none */
    struct field *fields;
    uint32_t count, room;
    uint32_t *by_name; /* indexes of fields, sorted by their names */
    uint32_t size;     /* bytes; with a flexible array: without it */
    uint32_t align;    /* bytes */
    uint32_t depth;    /* containers within each other, itself included */
    struct key keys[3];
    bool is_union, is_packed, is_complete;
    bool is_flexible; /* its last member is a flexible array */
};

/* What a name stands for. */
struct symbol {
    sctx_str name;
    bool is_constant;
    bool is_negative;                /* of a constant */
    uint64_t bits;                   /* likewise, sign-extended */
    const struct enumeration *owner; /* of a constant; NULL: #define */
    struct type type;                /* of a type */
};

struct symbols {
    struct symbol *items;
    uint32_t count, room;
    uint32_t *slots; /* a hash table of 1-based indexes; a power of two of them, at most half in use */
    uint32_t slot_count;
};

struct layout {
    struct symbols symbols;
    struct aggregate *aggregates; /* the last one first */
    struct enumeration *enums;
    const struct aggregate *last; /* defined last outside of others; NULL: none */
    const struct aggregate *root; /* what payloads are */
};

/* ---- symbols.c -------------------------------------------------------------------------------------------------------------- */

bool str_equal(sctx_str a, sctx_str b);
/* By bytes, shorter ones first if they begin alike. */
int str_compare(sctx_str a, sctx_str b);
/* NULL: unknown. Valid until the next symbols_add(). */
const struct symbol *symbols_find(const struct symbols *symbols, sctx_str name);
/* Its name is new. false: out of memory. */
bool symbols_add(struct symbols *symbols, const struct symbol *symbol);
/* The name of a type that looks most like this one; empty: none does. */
sctx_str symbols_like(const struct symbols *symbols, sctx_str name);

/* ---- types.c ---------------------------------------------------------------------------------------------------------------- */

/* What is known without being declared: "u8", "uint32_t", "f64be". false: no such type. */
bool type_builtin(sctx_str name, struct type *type);
/* The builtin types, for symbols_like(): the one at `index`; empty at the end. */
sctx_str type_builtin_name(size_t index);
static inline bool type_is_integer(const struct type *type) {
    return type->kind == KIND_UINT || type->kind == KIND_INT;
}
/* As a message says it: "u16 : 3". At most 32 bytes with the NUL. */
void field_type_text(const struct field *field, char text[32]);
/* IEEE 754 binary16, nearest, ties to even. What is too large becomes infinite. */
double half_to_double(uint16_t half);
uint16_t half_from_double(double value);

/* ---- parse.c ---------------------------------------------------------------------------------------------------------------- */

/* Reads a layout. Not SCTX_PLUGIN_OK: out->fail() was told; layout_free() it all the same. */
int layout_parse(struct layout *layout, sctx_str text, sctx_out *out);
void layout_free(struct layout *layout);

/* ---- decode.c, encode.c ----------------------------------------------------------------------------------------------------- */

int struct_decode(void *self, const void *data, size_t len, sctx_out *out);
int struct_encode(void *self, const sctx_node *root, sctx_out *out);
/* Bytes that one element of a flexible array takes; 1 of a text. */
uint64_t flexible_stride(const struct field *field);

#endif
