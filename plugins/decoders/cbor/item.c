#include "item.h"

#include <cbor.h>

/* ---- what libcbor calls ----------------------------------------------------------------------------------------------------- */

static void set(void *context, enum item_kind kind, uint64_t n) {
    struct item *item = context;
    item->kind = kind;
    item->n = n;
}

static void set_string(void *context, enum item_kind kind, cbor_data bytes, size_t len) {
    struct item *item = context;
    set(context, kind, len);
    item->bytes = (const char *)bytes;
}

static void on_uint8(void *context, uint8_t n) {
    set(context, ITEM_UNSIGNED, n);
}

static void on_uint16(void *context, uint16_t n) {
    set(context, ITEM_UNSIGNED, n);
}

static void on_uint32(void *context, uint32_t n) {
    set(context, ITEM_UNSIGNED, n);
}

static void on_uint64(void *context, uint64_t n) {
    set(context, ITEM_UNSIGNED, n);
}

static void on_negint8(void *context, uint8_t n) {
    set(context, ITEM_NEGATIVE, n);
}

static void on_negint16(void *context, uint16_t n) {
    set(context, ITEM_NEGATIVE, n);
}

static void on_negint32(void *context, uint32_t n) {
    set(context, ITEM_NEGATIVE, n);
}

static void on_negint64(void *context, uint64_t n) {
    set(context, ITEM_NEGATIVE, n);
}

static void on_bytes(void *context, cbor_data bytes, size_t len) {
    set_string(context, ITEM_BYTES, bytes, len);
}

static void on_text(void *context, cbor_data bytes, size_t len) {
    set_string(context, ITEM_TEXT, bytes, len);
}

static void on_bytes_begin(void *context) {
    set(context, ITEM_BYTES_BEGIN, 0);
}

static void on_text_begin(void *context) {
    set(context, ITEM_TEXT_BEGIN, 0);
}

static void on_array(void *context, size_t count) {
    set(context, ITEM_ARRAY, count);
}

static void on_array_begin(void *context) {
    set(context, ITEM_ARRAY_BEGIN, 0);
}

static void on_map(void *context, size_t count) {
    set(context, ITEM_MAP, count);
}

static void on_map_begin(void *context) {
    set(context, ITEM_MAP_BEGIN, 0);
}

static void on_double(void *context, double value) {
    struct item *item = context;
    set(context, ITEM_FLOAT, 0);
    item->f = value;
}

static void on_float(void *context, float value) {
    on_double(context, (double)value);
}

static void on_bool(void *context, bool value) {
    set(context, ITEM_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

static void on_null(void *context) {
    set(context, ITEM_SIMPLE, SIMPLE_NULL);
}

static void on_undefined(void *context) {
    set(context, ITEM_SIMPLE, SIMPLE_UNDEFINED);
}

static void on_break(void *context) {
    set(context, ITEM_BREAK, 0);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint64 = on_negint64,
    .negint32 = on_negint32,
    .negint16 = on_negint16,
    .negint8 = on_negint8,
    .byte_string_start = on_bytes_begin,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_text_begin,
    .indef_array_start = on_array_begin,
    .array_start = on_array,
    .indef_map_start = on_map_begin,
    .map_start = on_map,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

/* libcbor has no callback for simple values without a name. */
static enum item_status read_simple(const unsigned char *data, size_t len, struct item *item) {
    unsigned value = data[0] & 0x1F;
    *item = (struct item){.kind = ITEM_SIMPLE, .n = value, .size = 1};
    if (value < 24) return ITEM_OK;
    if (len < 2) return ITEM_SHORT;
    item->n = data[1];
    item->size = 2;
    return data[1] >= SIMPLE_NOT_BELOW ? ITEM_OK : ITEM_BAD_SIMPLE;
}

/* libcbor 0.8 refuses tags that it does not know by name. */
static enum item_status read_tag(const unsigned char *data, size_t len, struct item *item) {
    unsigned info = data[0] & 0x1F;
    size_t bytes = info < 24 ? 0 : (size_t)1 << (info - 24);
    *item = (struct item){.kind = ITEM_TAG, .n = info, .size = 1 + bytes};
    if (info > 27) return ITEM_BAD_HEAD;
    if (len < item->size) return ITEM_SHORT;
    if (bytes > 0) item->n = 0;
    for (size_t i = 0; i < bytes; i++) item->n = item->n << 8 | data[1 + i];
    return ITEM_OK;
}

enum item_status item_read(const char *data, size_t len, struct item *item) {
    const unsigned char *bytes = (const unsigned char *)data;
    if (bytes[0] >= 0xC0 && bytes[0] <= 0xDF) return read_tag(bytes, len, item);
    if (bytes[0] >= 0xE0 && bytes[0] <= 0xF8) return read_simple(bytes, len, item);
    *item = (struct item){.n = 0};
    struct cbor_decoder_result result = cbor_stream_decode(bytes, len, &callbacks, item);
    item->size = result.read;
    switch (result.status) {
    case CBOR_DECODER_FINISHED: return ITEM_OK;
    case CBOR_DECODER_NEDATA: return ITEM_SHORT;
    case CBOR_DECODER_ERROR:
    default: return ITEM_BAD_HEAD;
    }
}
