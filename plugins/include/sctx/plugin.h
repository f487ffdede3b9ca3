/* A decoder of payloads, as a plugin: one shared object that turns bytes into a tree of named values, and perhaps back.
 *
 * What it is
 *   A plugin exports one data symbol, SCTX_PLUGIN_SYMBOL, which the macro SCTX_PLUGIN defines, and carries a manifest in the ELF
 *   section "sctx.manifest". It links to nothing of sctx and calls nothing but what it is handed in `sctx_out`.
 *
 *     static int decode(void *self, const void *data, size_t len, sctx_out *out);
 *     SCTX_PLUGIN("name=barometer\nversion=1.0\nlicense=MIT\nencodings=barometer\n", .decode = decode);
 *
 * Manifest
 *   Lines KEY=VALUE, UTF-8, at most 4096 bytes, read from the file without running any of its code; strip leaves it there.
 *     name       required: a-z 0-9 _ -, at most 32 bytes, beginning with a letter
 *     version    required, at most 32 bytes
 *     license    required, an SPDX expression, at most 64 bytes
 *     encodings  required: what it decodes, separated by commas; a final '*' stands for anything ("struct:*")
 *     summary    one line about it
 *     schemas    kinds of schema that open() understands, separated by commas ("protobuf-fds")
 *
 * Who calls what, and when
 *   open() once for each topic that is shown, decode() for each of its messages, close() at the end. Never two calls at once on
 *   one instance; instances of one plugin are used from one thread. A plugin is loaded once in a process and never unloaded.
 *
 * Rules, each checked by `sctx plugin check`
 *   - No threads, processes, signals, files, sockets, stdio. In a worker all these are refused by the kernel, constructors included.
 *   - decode() depends on nothing but schema and payload: the same again gives the same again.
 *   - A payload is exactly one document. What follows it is SCTX_PLUGIN_MALFORMED, at its offset.
 *   - Any bytes may come. Each gives SCTX_PLUGIN_OK or an error, never a crash, and takes time in proportion to its length.
 *
 * Memory
 *   What the host hands in is const and valid during the call (schema: until close()). The host copies what it is handed, before
 *   the callback returns. So decode() needs no allocation; what open() allocates is freed by close().
 *
 * Limits, of the host, for one payload: 64 MiB, nested 512 deep, so many nodes and bytes of text that it can still be shown. Beyond
 * them the callbacks answer nonzero: stop, and return SCTX_PLUGIN_OK; the tree up to there is kept and marked as cut.
 *
 * Growth
 *   SCTX_PLUGIN_ABI and the symbol's name change together, and only for what breaks plugins. All else appends: structs that begin with
 *   `size` grow at their end, in either direction. SCTX_PLUGIN_HAS(out, field) says whether the other side has a field. */
#ifndef SCTX_PLUGIN_H
#define SCTX_PLUGIN_H
#include <stddef.h>
#include <stdint.h>

#define SCTX_PLUGIN_ABI 1u
#define SCTX_PLUGIN_SECTION "sctx.manifest"
/* Redefined only where a decoder is linked into a program instead of loaded. */
#ifndef SCTX_PLUGIN_SYMBOL
#define SCTX_PLUGIN_SYMBOL sctx_plugin_v1
#endif
#define SCTX_PLUGIN_HAS(pointer, field) \
    ((pointer)->size >= offsetof(__typeof__(*(pointer)), field) + sizeof((pointer)->field))

#define SCTX_PLUGIN_DEPTH_MAX 512u          /* containers within each other */
#define SCTX_PLUGIN_PAYLOAD_MAX (64u << 20) /* bytes */

/* Text or bytes, not NUL-terminated. {NULL, 0}: none. */
typedef struct sctx_str {
    const char *p;
    size_t n;
} sctx_str;

/* The bytes of the payload that something came from: off + len is at most the payload's length. len 0: computed, from no bytes. */
typedef struct sctx_span {
    uint32_t off, len;
} sctx_span;

/* What open(), decode() and encode() return. With all but OK and NOT_MINE, fail() should have said where and why. */
enum sctx_plugin_status {
    SCTX_PLUGIN_OK = 0,
    SCTX_PLUGIN_NOT_MINE = 1,    /* of another format altogether (sniffed wrongly) */
    SCTX_PLUGIN_TRUNCATED = 2,   /* as far as it goes it is right, but it ends too early */
    SCTX_PLUGIN_MALFORMED = 3,   /* the format forbids it */
    SCTX_PLUGIN_BAD_SCHEMA = 4,  /* open() only */
    SCTX_PLUGIN_UNSUPPORTED = 5, /* right, but more than this decoder can do; encode(): a value that the format has no form for */
    SCTX_PLUGIN_INTERNAL = 6,    /* out of memory and the like */
};

enum sctx_type {
    SCTX_NULL = 0,
    SCTX_BOOL = 1,   /* v.u: 0 or 1 */
    SCTX_I64 = 2,    /* v.i */
    SCTX_U64 = 3,    /* v.u */
    SCTX_F64 = 4,    /* v.f; also infinities and NaN */
    SCTX_NUMBER = 5, /* v.s: a number as JSON writes one, of any size and precision, kept digit by digit */
    SCTX_TEXT = 6,   /* v.s: UTF-8; a lone surrogate, which JSON can spell, is written as the three bytes that its code point would take */
    SCTX_BYTES = 7,  /* v.s */
    SCTX_OBJECT = 8, /* children have names; the same name may come twice */
    SCTX_ARRAY = 9,  /* children have none */
};

/* How a value wants to be shown; the value itself, in filters and in JSON, stays what it is. */
enum sctx_shown_as {
    SCTX_PLAIN = 0,
    SCTX_HEX = 1,
    SCTX_TIME_NS = 2,     /* integer: ns since 1970 */
    SCTX_DURATION_NS = 3, /* integer: ns */
    SCTX_SIZE = 4,        /* integer: bytes */
};

enum sctx_value_flags {
    SCTX_GUESSED = 1, /* the format does not say so; what it looks like */
};

typedef struct sctx_value {
    uint8_t type;   /* enum sctx_type */
    uint8_t as;     /* enum sctx_shown_as */
    uint16_t flags; /* enum sctx_value_flags */
    uint32_t reserved;
    union {
        int64_t i;
        uint64_t u;
        double f;
        sctx_str s;
    } v;
    sctx_str label; /* the name of an enum's value, or a unit ("hPa"); UTF-8. {NULL, 0}: none */
} sctx_value;

/* Which topic an instance is for. Valid until close(), strings and all. */
typedef struct sctx_schema {
    uint32_t size;
    uint32_t reserved;
    sctx_str topic;    /* "shop/orders" */
    sctx_str encoding; /* "struct:Order" */
    sctx_str type;     /* what follows the colon: "Order"; else empty */
    sctx_str kind;     /* what the schema is, if somebody said so ("protobuf-fds"); else empty */
    sctx_str data;     /* the schema's bytes, up to 1 MiB; empty: none was registered */
    sctx_str config;   /* lines KEY=VALUE that the user gave; or empty */
} sctx_schema;

enum sctx_want {
    SCTX_WANT_TREE = 1,    /* else put(), open() and close() do nothing, and need not be called */
    SCTX_WANT_SUMMARY = 2, /* likewise summary() */
    SCTX_WANT_KEYS = 4,    /* likewise key() */
};

/* Ids by which messages of programs belong together that do not use the bus's own causes. */
enum sctx_key {
    SCTX_KEY_SELF = 0,  /* of this message */
    SCTX_KEY_CAUSE = 1, /* of the one it answers */
    SCTX_KEY_FLOW = 2,  /* of the conversation */
};

/* The host's, for the one call. Everything handed to it is copied at once. [during the call, from its thread] */
typedef struct sctx_out {
    uint32_t size;
    uint32_t want; /* enum sctx_want; 0 in encode() and open() */

    /* A value without children. `name`: of an object's member, UTF-8, may be empty; ignored below an array and for the root. The first
     * value or container is the root; there must be exactly one. Nonzero: a limit is reached, stop. */
    int (*put)(struct sctx_out *out, sctx_str name, const sctx_value *value, sctx_span span);
    /* Begins an object or array: what comes until its close() is in it. `span` may be that of its first byte; close() sets its end. */
    int (*open)(struct sctx_out *out, sctx_str name, int type, sctx_span span);
    /* Ends the container opened last. `end`: the offset behind its last byte; 0 leaves the span as it was given. */
    int (*close)(struct sctx_out *out, uint32_t end);
    /* One line that says what the message is, for lists. Without it the host writes the tree in a line. */
    void (*summary)(struct sctx_out *out, sctx_str line);
    /* `which`: enum sctx_key. At most 256 bytes. */
    void (*key)(struct sctx_out *out, int which, sctx_str id);
    /* encode() only: more bytes of the payload. Nonzero: SCTX_PLUGIN_PAYLOAD_MAX is exceeded. */
    int (*emit)(struct sctx_out *out, const void *data, size_t len);
    /* What is wrong, in a few words without the offset ("a digit is missing"), and where: in the payload; in open(), in the schema; in
     * encode(), in the JSON text (a node's span says where that is). The first of several counts. What was put before is kept. */
    void (*fail)(struct sctx_out *out, uint32_t off, const char *why);
} sctx_out;

/* A value to be encoded, parsed by the host from JSON. Read-only, valid during encode(). JSON's integers are I64 or U64 where they fit,
 * all other numbers NUMBER. Where JSON has no word: {"$base64":"..."} came here as BYTES, {"$float":"nan"} as F64, and in
 * {"$ext":[N,"..."]} the text as BYTES; all other objects are as written. */
typedef struct sctx_node {
    uint32_t size;
    uint32_t count; /* of children */
    sctx_str name;
    sctx_value value; /* containers: only the type */
    sctx_span span;   /* in the JSON text */
    const struct sctx_node *first, *next;
} sctx_node;

typedef struct sctx_plugin {
    uint32_t abi;  /* SCTX_PLUGIN_ABI */
    uint32_t size; /* sizeof(sctx_plugin), as the plugin knew it */
    uint32_t flags, reserved;
    /* How much do these bytes look like yours: 0 not at all, 100 certainly. No instance, no side effects. NULL: never sniffed for. Asked only
     * for topics without an encoding. */
    int (*sniff)(const void *data, size_t len);
    /* Makes an instance for one topic; *self is NULL before. BAD_SCHEMA, INTERNAL. NULL: there is nothing to prepare. */
    int (*open)(const sctx_schema *schema, void **self, sctx_out *out);
    /* NULL if open() is, or allocates nothing. */
    void (*close)(void *self);
    /* Required. `data` may be at any alignment; no byte beyond data + len may be touched. */
    int (*decode)(void *self, const void *data, size_t len, sctx_out *out);
    /* The payload whose decoding gives this value, by emit(). NULL: the format cannot be written. */
    int (*encode)(void *self, const sctx_node *root, sctx_out *out);
} sctx_plugin;

#ifdef __cplusplus
#define SCTX_PLUGIN_EXTERN extern "C"
#else
#define SCTX_PLUGIN_EXTERN extern
#endif
#if defined(__has_attribute)
#if __has_attribute(retain)
#define SCTX_PLUGIN_RETAIN , retain
#endif
#endif
#ifndef SCTX_PLUGIN_RETAIN
#define SCTX_PLUGIN_RETAIN
#endif

/* Once in a plugin: its manifest, then its slots by name, in the order in which they are declared above (C++ insists on it). */
#define SCTX_PLUGIN(manifest, ...)                                                                                               \
    __attribute__((section(SCTX_PLUGIN_SECTION), used SCTX_PLUGIN_RETAIN)) static const char sctx_plugin_manifest[] = manifest;   \
    SCTX_PLUGIN_EXTERN __attribute__((visibility("default"))) const sctx_plugin SCTX_PLUGIN_SYMBOL;                               \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"") const sctx_plugin        \
        SCTX_PLUGIN_SYMBOL = {.abi = SCTX_PLUGIN_ABI, .size = (uint32_t)sizeof(sctx_plugin), __VA_ARGS__};                        \
    _Pragma("GCC diagnostic pop") struct sctx_plugin

#endif
