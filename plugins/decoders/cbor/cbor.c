/* CBOR, RFC 8949: well-formed and, in its text, valid. libcbor tells the heads apart; how they nest, and where, is found here. */
#include "counter.h"
#include "encode.h"
#include "item.h"
#include "key.h"
#include "number.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

/* An instance: room for keys that are no text, and for strings that came in chunks. */
struct cbor {
    char *joined;
    size_t room;
    struct key keys[KEY_LEVELS];
};

struct scan {
    struct cbor *cbor; /* NULL: nothing is kept, keys have no names */
    const char *data;
    size_t at, len;
    uint32_t depth;
    unsigned level; /* of keys within keys */
    sctx_str unit;  /* label of the next number */
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

static bool fail_at(struct scan *scan, size_t off, const char *why) {
    return fail_as(scan, SCTX_PLUGIN_MALFORMED, off, why);
}

/* ---- items ------------------------------------------------------------------------------------------------------------------ */

static sctx_span span_from(const struct scan *scan, size_t from) {
    return (sctx_span){(uint32_t)from, (uint32_t)(scan->at - from)};
}

static bool put(struct scan *scan, sctx_str name, const sctx_value *value, size_t from) {
    return scan->out->put(scan->out, name, value, span_from(scan, from)) == 0;
}

static bool is_utf8(struct scan *scan, sctx_str text) {
    size_t valid = utf8_valid(text.p, text.n);
    return valid == text.n || fail_at(scan, (size_t)(text.p - scan->data) + valid, "text that is not UTF-8");
}

static bool next_item(struct scan *scan, struct item *item) {
    size_t from = scan->at;
    if (from == scan->len) return fail_as(scan, SCTX_PLUGIN_TRUNCATED, from, "a value is missing");
    switch (item_read(scan->data + from, scan->len - from, item)) {
    case ITEM_OK: break;
    case ITEM_SHORT: return fail_as(scan, SCTX_PLUGIN_TRUNCATED, scan->len, "the value ends too early");
    case ITEM_BAD_SIMPLE: return fail_at(scan, from + 1, "a simple value below 32 has one byte");
    case ITEM_BAD_HEAD:
    default: return fail_at(scan, from, "a byte that begins no value");
    }
    scan->at += item->size;
    return item->kind != ITEM_TEXT || is_utf8(scan, (sctx_str){item->bytes, (size_t)item->n});
}

/* At the end of something of indefinite length? Then goes past it. */
static bool at_break(struct scan *scan) {
    if (scan->at == scan->len || (unsigned char)scan->data[scan->at] != 0xFF) return false;
    scan->at++;
    return true;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static bool join(struct scan *scan, sctx_str *all, const struct item *chunk) {
    struct cbor *cbor = scan->cbor;
    if (cbor == NULL || chunk->n == 0) return true;
    size_t wanted = all->n + (size_t)chunk->n;
    if (wanted > cbor->room) {
        char *larger = realloc(cbor->joined, wanted * 2);
        if (larger == NULL) return fail_as(scan, SCTX_PLUGIN_INTERNAL, scan->at, "out of memory");
        cbor->joined = larger;
        cbor->room = wanted * 2;
    }
    memcpy(cbor->joined + all->n, chunk->bytes, (size_t)chunk->n);
    *all = (sctx_str){cbor->joined, wanted};
    return true;
}

/* The string that `item` is or begins. If it came in chunks it is valid until the next one that does. */
static bool scan_string(struct scan *scan, const struct item *item, sctx_str *string) {
    enum item_kind kind = item->kind == ITEM_BYTES_BEGIN ? ITEM_BYTES : ITEM_TEXT;
    if (item->kind == ITEM_BYTES || item->kind == ITEM_TEXT) {
        *string = (sctx_str){item->bytes, (size_t)item->n};
        return true;
    }
    *string = (sctx_str){"", 0};
    while (!at_break(scan)) {
        struct item chunk;
        size_t from = scan->at;
        if (!next_item(scan, &chunk)) return false;
        if (chunk.kind != kind) return fail_at(scan, from, "a chunk of another type than its string");
        if (!join(scan, string, &chunk)) return false;
    }
    return true;
}

static bool is_string(const struct item *item, bool of_bytes) {
    if (of_bytes) return item->kind == ITEM_BYTES || item->kind == ITEM_BYTES_BEGIN;
    return item->kind == ITEM_TEXT || item->kind == ITEM_TEXT_BEGIN;
}

static bool put_string(struct scan *scan, sctx_str name, size_t from, const struct item *item) {
    sctx_value value = {.type = is_string(item, true) ? SCTX_BYTES : SCTX_TEXT};
    return scan_string(scan, item, &value.v.s) && put(scan, name, &value, from);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------- */

/* n, or -1 - n. Not inlined, or its room would be part of every level's frame; so with put_big(). */
__attribute__((noinline)) static bool put_integer(struct scan *scan, sctx_str name, size_t from, uint64_t n, bool is_negative,
                                                  sctx_str unit) {
    sctx_value value = {.type = SCTX_I64, .label = unit};
    char room[BIGNUM_DIGITS], bytes[sizeof n];
    if (n <= (uint64_t)INT64_MAX) {
        value.v.i = is_negative ? -1 - (int64_t)n : (int64_t)n;
    } else if (!is_negative) {
        value.type = SCTX_U64;
        value.v.u = n;
    } else {
        for (size_t i = sizeof bytes; i-- > 0; n >>= 8) bytes[i] = (char)n;
        value.type = SCTX_NUMBER;
        value.v.s = number_digits(bytes, sizeof bytes, true, room);
    }
    return put(scan, name, &value, from);
}

__attribute__((noinline)) static bool put_big(struct scan *scan, sctx_str name, size_t from, sctx_str bytes, bool is_negative) {
    char room[BIGNUM_DIGITS];
    while (bytes.n > 0 && bytes.p[0] == 0) bytes = (sctx_str){bytes.p + 1, bytes.n - 1};
    if (bytes.n <= sizeof(uint64_t)) {
        uint64_t n = 0;
        for (size_t i = 0; i < bytes.n; i++) n = n << 8 | (unsigned char)bytes.p[i];
        return put_integer(scan, name, from, n, is_negative, no_name);
    }
    const sctx_value value = {.type = SCTX_NUMBER, .v.s = number_digits(bytes.p, bytes.n, is_negative, room)};
    return put(scan, name, &value, from);
}

static bool put_float(struct scan *scan, sctx_str name, size_t from, double f, sctx_str unit) {
    const sctx_value value = {.type = SCTX_F64, .v.f = f, .label = unit};
    return put(scan, name, &value, from);
}

/* ---- tags and simple values ------------------------------------------------------------------------------------------------- */

static bool put_simple(struct scan *scan, sctx_str name, size_t from, uint64_t n) {
    sctx_value value = {.type = SCTX_NULL};
    if (n == SIMPLE_FALSE || n == SIMPLE_TRUE) value = (sctx_value){.type = SCTX_BOOL, .v.u = n == SIMPLE_TRUE};
    if (n >= SIMPLE_FALSE && n <= SIMPLE_NULL) return put(scan, name, &value, from);
    value = (sctx_value){.type = SCTX_I64, .v.i = (int64_t)n};
    sctx_out *out = scan->out;
    return out->open(out, name, SCTX_OBJECT, span_from(scan, from)) == 0 && put(scan, (sctx_str){"$simple", 7}, &value, from) &&
           out->close(out, 0) == 0;
}

static bool enter(struct scan *scan, sctx_str name, int type, size_t from) {
    if (scan->out->open(scan->out, name, type, span_from(scan, from)) != 0) return false;
    return scan->depth++ < SCTX_PLUGIN_DEPTH_MAX; /* a host that wants no tree does not count */
}

static bool leave(struct scan *scan) {
    scan->depth--;
    return scan->out->close(scan->out, (uint32_t)scan->at) == 0;
}

/* A tag 2 or 3 has been read. Its content is the bytes of an integer, or it is shown as any other tag. false also with an error. */
static bool is_bignum(struct scan *scan, sctx_str *bytes) {
    struct item item;
    size_t content = scan->at;
    *bytes = no_name;
    if (!next_item(scan, &item)) return false;
    if (is_string(&item, true) && !scan_string(scan, &item, bytes)) return false;
    if (bytes->p != NULL && bytes->n <= BIGNUM_MAX) return true;
    scan->at = content;
    return false;
}

static bool scan_tag(struct scan *scan, sctx_str name, size_t from, uint64_t number) {
    sctx_value value = {.type = SCTX_I64, .v.i = (int64_t)number};
    if (number > (uint64_t)INT64_MAX) value = (sctx_value){.type = SCTX_U64, .v.u = number};
    size_t head = scan->at - from;
    if (number == TAG_BIGNUM || number == TAG_NEGATIVE_BIGNUM) {
        sctx_str bytes;
        if (is_bignum(scan, &bytes)) return put_big(scan, name, from, bytes, number == TAG_NEGATIVE_BIGNUM);
        if (scan->status != SCTX_PLUGIN_OK) return false;
    }
    if (!enter(scan, name, SCTX_OBJECT, from) || !enter(scan, (sctx_str){"$tag", 4}, SCTX_ARRAY, from)) return false;
    if (scan->out->put(scan->out, no_name, &value, (sctx_span){(uint32_t)from, (uint32_t)head}) != 0) return false;
    if (number == TAG_EPOCH_TIME) scan->unit = (sctx_str){"s", 1};
    return scan_value(scan, no_name) && leave(scan) && leave(scan);
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

/* Decoded into a key, which then is the member's name. */
static bool scan_written_key(struct scan *scan, sctx_str *name) {
    size_t from = scan->at;
    if (scan->level == KEY_LEVELS) return fail_as(scan, SCTX_PLUGIN_UNSUPPORTED, from, "a key within the keys of keys");
    struct key *key = &scan->cbor->keys[scan->level];
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
    struct item item;
    *name = no_name;
    if (!next_item(scan, &item)) return false;
    if (item.kind == ITEM_TEXT) return scan_string(scan, &item, name);
    scan->at = from;
    return scan->cbor != NULL ? scan_written_key(scan, name) : scan_value(scan, no_name);
}

static bool scan_container(struct scan *scan, sctx_str name, size_t from, const struct item *item) {
    bool is_map = item->kind == ITEM_MAP || item->kind == ITEM_MAP_BEGIN;
    bool is_counted = item->kind == ITEM_MAP || item->kind == ITEM_ARRAY;
    if (!enter(scan, name, is_map ? SCTX_OBJECT : SCTX_ARRAY, from)) return false;
    sctx_str member = no_name;
    for (uint64_t i = 0; is_counted ? i < item->n : !at_break(scan); i++) {
        if (is_map && !scan_key(scan, &member)) return false;
        if (!scan_value(scan, member)) return false;
    }
    return leave(scan);
}

static bool scan_value(struct scan *scan, sctx_str name) {
    size_t from = scan->at;
    struct item item;
    sctx_str unit = scan->unit;
    scan->unit = no_name;
    if (!next_item(scan, &item)) return false;
    switch (item.kind) {
    case ITEM_UNSIGNED: return put_integer(scan, name, from, item.n, false, unit);
    case ITEM_NEGATIVE: return put_integer(scan, name, from, item.n, true, unit);
    case ITEM_FLOAT: return put_float(scan, name, from, item.f, unit);
    case ITEM_SIMPLE: return put_simple(scan, name, from, item.n);
    case ITEM_BYTES:
    case ITEM_TEXT:
    case ITEM_BYTES_BEGIN:
    case ITEM_TEXT_BEGIN: return put_string(scan, name, from, &item);
    case ITEM_ARRAY:
    case ITEM_MAP:
    case ITEM_ARRAY_BEGIN:
    case ITEM_MAP_BEGIN: return scan_container(scan, name, from, &item);
    case ITEM_TAG: return scan_tag(scan, name, from, item.n);
    case ITEM_BREAK:
    default: return fail_at(scan, from, "a break where a value must be");
    }
}

static int scan_all(struct scan *scan) {
    if (scan_value(scan, no_name) && scan->at < scan->len) (void)fail_at(scan, scan->at, "something follows the value");
    return scan->status;
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

enum { SNIFF_ITEMS = 4096, SNIFF_SURE = 55, SNIFF_SAYS_SO = 95 };

static int cbor_sniff(const void *data, size_t len) {
    const unsigned char *first = data;
    struct counter counter;
    counter_begin(&counter, SNIFF_ITEMS);
    struct scan scan = {.data = data, .len = len, .out = &counter.out, .host = &counter.out};
    bool is_promising = len > 0 && first[0] >= 0x80 && first[0] <= 0xDF; /* arrays, maps, tags */
    if (!is_promising || scan_all(&scan) != SCTX_PLUGIN_OK) return 0;
    return len > 3 && memcmp(data, "\xD9\xD9\xF7", 3) == 0 ? SNIFF_SAYS_SO : SNIFF_SURE;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static int cbor_open(const sctx_schema *schema, void **self, sctx_out *out) {
    struct cbor *cbor = malloc(sizeof *cbor);
    (void)schema;
    *self = cbor;
    if (cbor == NULL) {
        out->fail(out, 0, "out of memory");
        return SCTX_PLUGIN_INTERNAL;
    }
    cbor->joined = NULL;
    cbor->room = 0;
    return SCTX_PLUGIN_OK;
}

static void cbor_close(void *self) {
    struct cbor *cbor = self;
    if (cbor != NULL) free(cbor->joined);
    free(cbor);
}

static int cbor_decode(void *self, const void *data, size_t len, sctx_out *out) {
    struct scan scan = {.cbor = self, .data = data, .len = len, .out = out, .host = out};
    return scan_all(&scan);
}

SCTX_PLUGIN("name=cbor\nversion=1.0\nlicense=MIT\nencodings=cbor\nsummary=CBOR, RFC 8949, with tags and integers of any size\n",
            .sniff = cbor_sniff, .open = cbor_open, .close = cbor_close, .decode = cbor_decode, .encode = encode_cbor);
