/* The values of one payload: what a decoder's callbacks built, or what came back from a worker, checked.
 *
 * Nodes stand in preorder: a container, then what is in it. `next` is the node behind all that, so children of node i are i + 1,
 * then nodes[i + 1].next, and so on, up to nodes[i].next. Texts, bytes, names and labels lie in one pool. A tree is filled again and again:
 * its memory is kept.
 *
 * Whatever a plugin hands in, the tree is sound: types and spans in range, texts valid, one root. What had to be mended is noted in
 * `findings`. [owner: one thread at a time] */
#ifndef SCTX_HOST_TREE_H
#define SCTX_HOST_TREE_H
#include <sctx/plugin.h>
#include <stdbool.h>

struct tree_text { /* in the pool */
    uint32_t off, len;
};

struct tree_node {
    uint8_t type, as; /* enum sctx_type, enum sctx_shown_as */
    uint16_t flags;   /* enum sctx_value_flags */
    uint32_t depth;   /* 0: the root */
    uint32_t parent;  /* the root's: itself */
    uint32_t next;
    struct tree_text name, label; /* label of length 0: none */
    sctx_span span;
    union {
        int64_t i;
        uint64_t u;
        double f;
        struct tree_text s;
    } v;
};
_Static_assert(sizeof(struct tree_node) == 48, "goes through shared memory");

/* What a plugin did that it may not do; a mask. */
enum tree_finding {
    TREE_BAD_TYPE = 1,    /* no such type, or put() of a container */
    TREE_BAD_TEXT = 2,    /* not UTF-8: kept as bytes; names with \xNN */
    TREE_BAD_NUMBER = 4,  /* a NUMBER that is none: kept as text */
    TREE_BAD_SPAN = 8,    /* beyond the payload: {0, 0} instead */
    TREE_UNBALANCED = 16, /* close() without open(), or the other way round although it returned OK */
    TREE_NO_ROOT = 32,    /* OK, and no value */
    TREE_MORE_ROOTS = 64, /* further ones are left out */
    TREE_BAD_STATUS = 128,
    TREE_SILENT = 256, /* an error without fail() */
    TREE_SPOILT = 512, /* what came from a worker was not what a builder leaves */
};
#define TREE_FINDINGS 10
/* In words, for finding number n: 0 to TREE_FINDINGS - 1. */
const char *tree_finding_text(unsigned n);

enum { TREE_KEYS = 3, TREE_KEY_MAX = 256, TREE_SUMMARY_MAX = 4096, TREE_REASON_MAX = 160 };

struct tree_limits {
    uint32_t nodes, pool; /* at most; 0: TREE_NODES_MAX, TREE_POOL_MAX */
};
#define TREE_NODES_MAX (128u << 10)
#define TREE_POOL_MAX (160u << 20)

struct tree {
    struct tree_node *nodes;
    char *pool;
    uint32_t count, node_room, pool_len, pool_room;
    struct tree_limits limits;
    int status;         /* enum sctx_plugin_status */
    bool cut;           /* a limit was reached: more was there */
    bool failed;        /* fail() was called: fault_off and reason are set */
    uint32_t fault_off; /* of what is wrong, in the payload */
    uint32_t findings;
    char reason[TREE_REASON_MAX]; /* UTF-8 or not, as the plugin wrote it: print it escaped */
    struct tree_text summary;     /* len 0: none */
    struct tree_text keys[TREE_KEYS];
};

void tree_init(struct tree *tree, struct tree_limits limits);
void tree_free(struct tree *tree);
void tree_clear(struct tree *tree);

/* Whole and right. */
bool tree_is_good(const struct tree *tree);

sctx_str tree_str(const struct tree *tree, struct tree_text text);
static inline bool tree_is_container(const struct tree_node *node) {
    return node->type >= SCTX_OBJECT;
}

/* Names of types, for --tree and messages: "null" "bool" "int" "uint" "float" "number" "text" "bytes" "object" "array". */
const char *tree_type_name(unsigned type);

/* ---- building --------------------------------------------------------------------------------------------------------------- */

/* Bytes that encode() emitted. */
struct emitted {
    char *data;
    size_t len, room;
    bool too_many;
};

/* The other end of sctx_out. `out` comes first, since that is what a plugin is handed. */
struct tree_builder {
    sctx_out out;
    struct tree *tree;
    struct emitted *emitted; /* NULL but in encode() */
    uint32_t payload_len;    /* what spans are held against */
    uint32_t depth;
    uint32_t skipped;                     /* containers open below the limit of depth */
    uint32_t open[SCTX_PLUGIN_DEPTH_MAX]; /* their nodes */
};

/* For decode(), and with want 0 for open(). Clears the tree. */
void tree_build(struct tree_builder *builder, struct tree *tree, uint32_t want, size_t payload_len);
/* For encode(). */
void tree_build_encode(struct tree_builder *builder, struct tree *tree, struct emitted *emitted, size_t text_len);
/* After the call, with what it returned: closes what is open, notes what is missing. */
void tree_built(struct tree_builder *builder, int returned);

/* ---- from a worker ---------------------------------------------------------------------------------------------------------- */

/* Takes over nodes and pool that somebody may have written anything into; the caller has copied them out of shared memory into
 * tree->nodes and tree->pool, and set count, pool_len, summary, keys, status and so on; `want` and payload_len are what was asked for. Mends and
 * notes what is not sound, in time linear in count and pool_len. */
void tree_check(struct tree *tree, uint32_t want, size_t payload_len);

/* Room for this many; false: out of memory, or beyond the limits. */
bool tree_reserve(struct tree *tree, uint32_t nodes, uint32_t pool);

/* ---- as JSON ---------------------------------------------------------------------------------------------------------------- */

/* Where text goes. `string` puts a JSON string with its quotes; the text is UTF-8 but for lone surrogates. */
struct tree_sink {
    void (*put)(void *context, const char *text, size_t len);
    void (*string)(void *context, const char *text, size_t len);
    void *context;
};

/* One line, without spaces. Integers and NUMBERs digit by digit; floats as short as they are exact, always with a '.' or 'e'; bytes
 * {"$base64":"..."}, but in {"$ext":[N,"..."]} the text alone; {"$float":"nan"|"inf"|"-inf"}. A value with a label stays the value.
 * A container that an error cut short is closed. */
void tree_json(const struct tree *tree, uint32_t node, const struct tree_sink *sink);

#endif
