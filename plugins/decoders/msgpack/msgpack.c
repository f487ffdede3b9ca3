/* MessagePack, as its spec.md says: all formats, timestamps, keys of any type. libmpack tells the tokens apart; where they lie, and what is
 * in them, is found here. */
#include "counter.h"
#include "encode.h"
#include "key.h"
#include "utf8.h"

#include <mpack.h>
#include <stdlib.h>
#include <string.h>

/* An instance: room for keys that are no text. */
struct msgpack {
    struct key keys[KEY_LEVELS];
};

struct scan {
    struct msgpack *msgpack; /* NULL: nothing is kept, keys have no names */
    const char *data;
    size_t at, len;
    uint32_t depth;
    unsigned level; /* of keys within keys */
    sctx_out *out;  /* where values go: to the host, or into a key */
    sctx_out *host; /* where errors go */
    int status;     /* enum sctx_plugin_status. OK after a scan that returned false: the host wants no more */
};

static bool scan_value(struct scan *scan, sctx_str name);
static const sctx_str no_name = {NULL, 0};

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

static bool fail_as(struct scan *scan, int status, size_t off, const char *why) {
    scan->status = status;
    scan->host->fail(scan->host, (uint32_t)off, why);
    return false;
}

static bool fail_short(struct scan *scan, const char *why) {
    return fail_as(scan, SCTX_PLUGIN_TRUNCATED, scan->len, why);
}

/* ---- tokens ----------------------------------------------------------------------------------------------------------------- */

static bool next_token(struct scan *scan, mpack_token_t *token) {
    if (scan->at == scan->len) return fail_short(scan, "a value is missing");
    mpack_tokbuf_t buffer = MPACK_TOKBUF_INITIAL_VALUE;
    const char *next = scan->data + scan->at;
    size_t left = scan->len - scan->at;
    int status = mpack_read(&buffer, &next, &left, token);
    if (status == MPACK_EOF) return fail_short(scan, "the value ends too early");
    if (status != MPACK_OK) return fail_as(scan, SCTX_PLUGIN_MALFORMED, scan->at, "a byte that begins no value");
    scan->at = (size_t)(next - scan->data);
    return true;
}

/* The bytes that a token has announced. */
static bool take(struct scan *scan, size_t len, sctx_str *bytes) {
    if (scan->len - scan->at < len) return fail_short(scan, "fewer bytes than announced");
    *bytes = (sctx_str){scan->data + scan->at, len};
    scan->at += len;
    return true;
}

static sctx_span span_from(const struct scan *scan, size_t from) {
    return (sctx_span){(uint32_t)from, (uint32_t)(scan->at - from)};
}

static uint64_t token_bits(mpack_token_t token) {
    return (uint64_t)token.data.value.hi << 32 | token.data.value.lo;
}

static sctx_value integer_value(mpack_token_t token) {
    uint64_t bits = token_bits(token);
    if (token.type == MPACK_TOKEN_SINT) {
        unsigned unused = 64 - 8 * token.length;
        return (sctx_value){.type = SCTX_I64, .v.i = (int64_t)(bits << unused) >> unused};
    }
    if (bits > (uint64_t)INT64_MAX) return (sctx_value){.type = SCTX_U64, .v.u = bits};
    return (sctx_value){.type = SCTX_I64, .v.i = (int64_t)bits};
}

static sctx_value float_value(mpack_token_t token) {
    sctx_value value = {.type = SCTX_F64};
    if (token.length == sizeof(float)) {
        float single;
        memcpy(&single, &token.data.value.lo, sizeof single);
        value.v.f = (double)single;
    } else {
        uint64_t bits = token_bits(token);
        memcpy(&value.v.f, &bits, sizeof bits);
    }
    return value;
}

/* ---- ext -------------------------------------------------------------------------------------------------------------------- */

static uint64_t big_endian(const char *bytes, size_t len) {
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* Decimal digits, right-aligned in `text`. */
static sctx_str digits_of(msgpack_ns ns, char text[40]) {
    size_t at = 40;
    bool negative = ns < 0;
    if (negative) ns = -ns;
    do text[--at] = (char)('0' + (int)(ns % 10));
    while ((ns /= 10) > 0);
    if (negative) text[--at] = '-';
    return (sctx_str){text + at, 40 - at};
}

/* `from`: of the ext; `data` ends where the scan is. */
static bool put_timestamp(struct scan *scan, sctx_str name, size_t from, sctx_str data) {
    size_t data_off = scan->at - data.n;
    int64_t seconds;
    uint64_t ns = 0;
    if (data.n == 4) {
        seconds = (int64_t)big_endian(data.p, 4);
    } else if (data.n == 8) {
        uint64_t bits = big_endian(data.p, 8);
        ns = bits >> 34;
        seconds = (int64_t)(bits & ((UINT64_C(1) << 34) - 1));
    } else if (data.n == 12) {
        ns = big_endian(data.p, 4);
        seconds = (int64_t)big_endian(data.p + 4, 8);
    } else {
        return fail_as(scan, SCTX_PLUGIN_MALFORMED, from, "a timestamp has 4, 8 or 12 bytes");
    }
    if (ns >= MSGPACK_NS) return fail_as(scan, SCTX_PLUGIN_MALFORMED, data_off, "a second has fewer nanoseconds");
    char text[40];
    msgpack_ns all = (msgpack_ns)seconds * MSGPACK_NS + (msgpack_ns)ns;
    sctx_value value = {.type = SCTX_I64, .as = SCTX_TIME_NS};
    if (all >= INT64_MIN && all <= INT64_MAX) {
        value.v.i = (int64_t)all;
    } else {
        value.type = SCTX_NUMBER;
        value.v.s = digits_of(all, text);
    }
    return scan->out->put(scan->out, name, &value, span_from(scan, from)) == 0;
}

static bool scan_ext(struct scan *scan, sctx_str name, size_t from, mpack_token_t token) {
    sctx_out *out = scan->out;
    sctx_str data;
    int type = (int)(token.data.ext_type & 0xff); /* an int8 that mpack hands over as it reads it */
    if (type > INT8_MAX) type -= 0x100;
    uint32_t type_off = (uint32_t)scan->at - 1;
    if (!take(scan, token.length, &data)) return false;
    if (type == MSGPACK_TIMESTAMP) return put_timestamp(scan, name, from, data);
    const sctx_value type_value = {.type = SCTX_I64, .v.i = type}, bytes = {.type = SCTX_BYTES, .v.s = data};
    const sctx_span span = span_from(scan, from), type_span = {type_off, 1}, data_span = {type_off + 1, (uint32_t)data.n};
    return out->open(out, name, SCTX_OBJECT, span) == 0 && out->open(out, (sctx_str){"$ext", 4}, SCTX_ARRAY, span) == 0 &&
           out->put(out, no_name, &type_value, type_span) == 0 && out->put(out, no_name, &bytes, data_span) == 0 &&
           out->close(out, 0) == 0 && out->close(out, 0) == 0;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

/* A str may hold any bytes (spec.md, Limitation); what is no text is shown as bytes. */
static sctx_value text_value(sctx_str str) {
    if (utf8_valid(str.p, str.n) == str.n) return (sctx_value){.type = SCTX_TEXT, .v.s = str};
    return (sctx_value){.type = SCTX_BYTES, .flags = SCTX_GUESSED, .v.s = str};
}

/* Decoded into a key, which then is the member's name. */
static bool scan_written_key(struct scan *scan, sctx_str *name) {
    size_t from = scan->at;
    if (scan->level == KEY_LEVELS) return fail_as(scan, SCTX_PLUGIN_UNSUPPORTED, from, "a key within the keys of keys");
    struct key *key = &scan->msgpack->keys[scan->level];
    sctx_out *outer = scan->out;
    key_begin(key);
    scan->out = &key->out;
    scan->level++;
    bool whole = scan_value(scan, no_name);
    scan->level--;
    scan->out = outer;
    if (!whole && scan->status == SCTX_PLUGIN_OK)
        return fail_as(scan, SCTX_PLUGIN_UNSUPPORTED, from, "a key too large to be written as text");
    *name = key_text(key);
    return whole;
}

static bool scan_key(struct scan *scan, sctx_str *name) {
    size_t from = scan->at;
    mpack_token_t token;
    *name = no_name;
    if (!next_token(scan, &token)) return false;
    if (token.type == MPACK_TOKEN_STR) {
        if (!take(scan, token.length, name)) return false;
        if (utf8_valid(name->p, name->n) == name->n) return true;
    }
    scan->at = from;
    return scan->msgpack != NULL ? scan_written_key(scan, name) : scan_value(scan, no_name);
}

static bool scan_container(struct scan *scan, sctx_str name, size_t from, mpack_token_t token) {
    bool is_map = token.type == MPACK_TOKEN_MAP;
    sctx_out *out = scan->out;
    if (out->open(out, name, is_map ? SCTX_OBJECT : SCTX_ARRAY, span_from(scan, from)) != 0) return false;
    if (scan->depth == SCTX_PLUGIN_DEPTH_MAX) return false; /* a host that wants no tree does not count */
    scan->depth++;
    sctx_str member = no_name;
    for (uint32_t i = 0; i < token.length; i++) {
        if (is_map && !scan_key(scan, &member)) return false;
        if (!scan_value(scan, member)) return false;
    }
    scan->depth--;
    return out->close(out, (uint32_t)scan->at) == 0;
}

static bool scan_value(struct scan *scan, sctx_str name) {
    size_t from = scan->at;
    mpack_token_t token;
    sctx_str bytes;
    sctx_value value = {.type = SCTX_NULL};
    if (!next_token(scan, &token)) return false;
    switch (token.type) {
    case MPACK_TOKEN_NIL: break;
    case MPACK_TOKEN_BOOLEAN: value = (sctx_value){.type = SCTX_BOOL, .v.u = token.data.value.lo}; break;
    case MPACK_TOKEN_UINT:
    case MPACK_TOKEN_SINT: value = integer_value(token); break;
    case MPACK_TOKEN_FLOAT: value = float_value(token); break;
    case MPACK_TOKEN_ARRAY:
    case MPACK_TOKEN_MAP: return scan_container(scan, name, from, token);
    case MPACK_TOKEN_EXT: return scan_ext(scan, name, from, token);
    case MPACK_TOKEN_STR:
    case MPACK_TOKEN_BIN:
        if (!take(scan, token.length, &bytes)) return false;
        value = token.type == MPACK_TOKEN_STR ? text_value(bytes) : (sctx_value){.type = SCTX_BYTES, .v.s = bytes};
        break;
    case MPACK_TOKEN_CHUNK:
    default: return fail_as(scan, SCTX_PLUGIN_INTERNAL, from, "a token of no known type");
    }
    return scan->out->put(scan->out, name, &value, span_from(scan, from)) == 0;
}

static int scan_all(struct scan *scan) {
    if (scan_value(scan, no_name) && scan->at < scan->len)
        (void)fail_as(scan, SCTX_PLUGIN_MALFORMED, scan->at, "something follows the value");
    return scan->status;
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

enum { SNIFF_ITEMS = 4096, SNIFF_SURE = 50 };

static int msgpack_sniff(const void *data, size_t len) {
    const unsigned char *first = data;
    struct counter counter;
    counter_begin(&counter, SNIFF_ITEMS);
    struct scan scan = {.data = data, .len = len, .out = &counter.out, .host = &counter.out};
    bool is_container = len > 0 && ((first[0] >= 0x80 && first[0] <= 0x9F) || (first[0] >= 0xDC && first[0] <= 0xDF));
    return is_container && scan_all(&scan) == SCTX_PLUGIN_OK ? SNIFF_SURE : 0;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static int msgpack_open(const sctx_schema *schema, void **self, sctx_out *out) {
    (void)schema;
    *self = malloc(sizeof(struct msgpack));
    if (*self != NULL) return SCTX_PLUGIN_OK;
    out->fail(out, 0, "out of memory");
    return SCTX_PLUGIN_INTERNAL;
}

static void msgpack_close(void *self) {
    free(self);
}

static int msgpack_decode(void *self, const void *data, size_t len, sctx_out *out) {
    struct scan scan = {.msgpack = self, .data = data, .len = len, .out = out, .host = out};
    return scan_all(&scan);
}

SCTX_PLUGIN("name=msgpack\nversion=1.0\nlicense=MIT\nencodings=msgpack\nsummary=MessagePack, with timestamps and keys of any type\n",
            .sniff = msgpack_sniff, .open = msgpack_open, .close = msgpack_close, .decode = msgpack_decode, .encode = msgpack_encode);
