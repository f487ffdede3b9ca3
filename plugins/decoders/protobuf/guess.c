/* What has no type: under its number, as what it looks like. Every value is marked as guessed. */
#include "decode.h"

#include <stdio.h>
#include <string.h>

static const sctx_str no_name = {NULL, 0};

static sctx_value guessed_integer(uint64_t bits, int64_t as_signed) {
    if (as_signed < 0) return (sctx_value){.type = SCTX_I64, .flags = SCTX_GUESSED, .v.i = as_signed};
    return (sctx_value){.type = SCTX_U64, .flags = SCTX_GUESSED, .v.u = bits};
}

/* Numbers that people measure are rarely below 2^-20 or beyond 2^40; small integers, read as a float, nearly always are. */
static bool has_usual_exponent(uint64_t biased, int64_t bias) {
    int64_t exponent = (int64_t)biased - bias;
    return exponent >= -20 && exponent <= 40;
}

static sctx_value guessed_number(enum pb_form form, uint64_t bits) {
    sctx_value value = {.type = SCTX_F64, .flags = SCTX_GUESSED};
    if (form == PB_FIXED64 && has_usual_exponent(bits >> 52 & 0x7FF, 1023)) {
        memcpy(&value.v.f, &bits, sizeof value.v.f);
        return value;
    }
    if (form == PB_FIXED32 && has_usual_exponent(bits >> 23 & 0xFF, 127)) {
        uint32_t bits32 = (uint32_t)bits;
        float single;
        memcpy(&single, &bits32, sizeof single);
        value.v.f = (double)single;
        return value;
    }
    return guessed_integer(bits, form == PB_FIXED32 ? (int32_t)(uint32_t)bits : (int64_t)bits);
}

static bool show_all(struct pb_decode *dec, uint32_t first, uint32_t last) {
    uint32_t skip;
    for (uint32_t i = first; i < last; i = skip) {
        skip = dec->pb->records.list[i].skip;
        if (!pb_show_unknown(dec, i)) return false;
    }
    return true;
}

static bool show_object(struct pb_decode *dec, sctx_str name, const struct pb_record *record, uint32_t first, uint32_t last) {
    return pb_open_container(dec, name, SCTX_OBJECT, record->from, record->end) && show_all(dec, first, last) &&
           pb_close_container(dec, record->end);
}

/* With a length. If it was not looked at when it was listed, that is done now. */
static bool show_bytes(struct pb_decode *dec, sctx_str name, uint32_t index) {
    const struct pb_record record = dec->pb->records.list[index];
    struct pb_records *records = &dec->pb->records;
    if (record.looks == PB_MESSAGE) return show_object(dec, name, &record, index + 1, record.skip);
    enum pb_looks looks = (enum pb_looks)record.looks;
    uint32_t floor = records->count;
    struct pb_scan scan = {.records = records, .wire = {.data = dec->data, .at = record.body, .end = record.end}};
    if (looks == PB_UNSEEN) looks = pb_scan_guess(&scan, record.body, record.end, dec->depth);
    if (looks == PB_MESSAGE) {
        if (!show_object(dec, name, &record, floor, records->count)) return false;
        records->count = floor;
        return scan.wire.fault.why == NULL || pb_fail(dec, &scan.wire.fault);
    }
    const sctx_value value = {.type = looks == PB_TEXT ? SCTX_TEXT : SCTX_BYTES,
                              .flags = SCTX_GUESSED,
                              .v.s = pb_slice(dec->data, record.body, record.end)};
    return pb_put(dec, name, &value, record.from, record.end);
}

bool pb_show_unknown(struct pb_decode *dec, uint32_t index) {
    const struct pb_record record = dec->pb->records.list[index];
    char digits[16];
    int len = snprintf(digits, sizeof digits, "%u", record.number);
    const sctx_str name = {digits, (size_t)len};
    if (record.form == PB_GROUP) return show_object(dec, name, &record, index + 1, record.skip);
    if (record.form == PB_LEN) return show_bytes(dec, name, index);
    uint64_t bits = pb_record_number(dec, &record);
    const sctx_value value =
        record.form == PB_VARINT ? guessed_integer(bits, (int64_t)bits) : guessed_number((enum pb_form)record.form, bits);
    return pb_put(dec, name, &value, record.from, record.end);
}

bool pb_show_guessed_root(struct pb_decode *dec) {
    struct pb_scan scan = {.records = &dec->pb->records, .guesses = true, .wire = {.data = dec->data, .end = dec->len, .is_whole = true}};
    pb_scan_message(&scan, 1);
    if (!pb_open_container(dec, no_name, SCTX_OBJECT, 0, dec->len) || !show_all(dec, 0, dec->pb->records.count)) return false;
    if (scan.wire.fault.why != NULL) return pb_fail(dec, &scan.wire.fault);
    return pb_close_container(dec, dec->len);
}
