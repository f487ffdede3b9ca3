/* Payloads: from the encoding guide (protobuf.dev/programming-guides/encoding), its sections named; or written by protoc --encode, the text that
 * went in being cited; or by hand from the guide's grammar where they are malformed. Schemas: protobuf/NAME.proto, and NAME.fds made of it. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_protobuf;
#define pb (&sctx_decoder_protobuf)

/* A topic with the schema of protobuf/NAME.fds; the next call drops it. */
static const struct topic *with(const char *name, const char *encoding) {
    static char data[16384];
    static struct topic topic;
    char path[600];
    const char *root = getenv("SCTX_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/tests/decoders/protobuf/%s.fds", root != NULL ? root : ".", name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    topic = (struct topic){.encoding = encoding, .schema = data, .schema_len = fread(data, 1, sizeof data, file), .kind = "protobuf-fds"};
    cr_assert(topic.schema_len > 0 && topic.schema_len < sizeof data);
    (void)fclose(file);
    return &topic;
}

/* Decoded to this, encoded back to these bytes. */
static void both_ways(const struct topic *topic, const char *hex, const char *json) {
    char dense[4096];
    size_t len = 0;
    for (const char *c = hex; *c != '\0'; c++)
        if (*c != ' ') dense[len++] = *c;
    dense[len] = '\0';
    expect_json(pb, topic, hex, json);
    expect_encoded(pb, topic, json, dense);
}

/* ---- the encoding guide ----------------------------------------------------------------------------------------------------- */

Test(protobuf, guide) {
    both_ways(with("guide", "protobuf:Test1"), "08 96 01", "{\"a\":150}"); /* A Simple Message */
    both_ways(with("guide", "protobuf:.Test1"), "08 96 01", "{\"a\":150}");
    both_ways(with("guide", "protobuf:Test2"), "12 07 74 65 73 74 69 6e 67", "{\"b\":\"testing\"}"); /* Length-Delimited Records */
    both_ways(with("guide", "protobuf:Test3"), "1a 03 08 96 01", "{\"c\":{\"a\":150}}");             /* Submessages */
    both_ways(with("guide", "protobuf:Test5"), "32 06 03 8e 02 9e a7 05", "{\"f\":[3,270,86942]}");  /* Packed Repeated Fields */
    both_ways(with("guide", "protobuf:Test4"), "22 05 68 65 6c 6c 6f 32 06 03 8e 02 9e a7 05", "{\"d\":\"hello\",\"e\":[3,270,86942]}");
    /* Repeated Elements: scattered; and packed and unpacked ones are one field. */
    expect_json(pb, with("guide", "protobuf:Test4"), "30 01 22 05 68 65 6c 6c 6f 30 02 32 02 03 04 32 00",
                "{\"e\":[1,2,3,4],\"d\":\"hello\"}");
    /* Last One Wins: both are shown. */
    both_ways(with("guide", "protobuf:Test1"), "08 96 01 08 01", "{\"a\":150,\"a\":1}");
    both_ways(with("guide", "protobuf:Test1"), "", "{}");
}

/* Signed Integers: the table of ZigZag, and -2 as int32. */
Test(protobuf, signed_integers) {
    const struct topic *topic = with("guide", "protobuf:Signed");
    both_ways(topic, "08 00", "{\"s\":0}");
    both_ways(topic, "08 01", "{\"s\":-1}");
    both_ways(topic, "08 02", "{\"s\":1}");
    both_ways(topic, "08 03", "{\"s\":-2}");
    both_ways(topic, "08 fe ff ff ff 0f", "{\"s\":2147483647}");
    both_ways(topic, "08 ff ff ff ff 0f", "{\"s\":-2147483648}");
    both_ways(topic, "10 fe ff ff ff ff ff ff ff ff 01", "{\"n\":-2}");
    expect_json(pb, topic, "10 fe ff ff ff 0f", "{\"n\":-2}"); /* as if it had been cast from 64 bits */
}

Test(protobuf, without_schema) {
    const struct topic plain = {.encoding = "protobuf:shop.Order"};
    expect_json(pb, &plain, "08 96 01", "{\"1\":150}");
    expect_json(pb, &plain, "12 07 74 65 73 74 69 6e 67", "{\"2\":\"testing\"}");
    expect_json(pb, &plain, "1a 03 08 96 01", "{\"3\":{\"1\":150}}");
    expect_json(pb, NULL, "32 06 03 8e 02 9e a7 05", "{\"6\":{\"$base64\":\"A44CnqcF\"}}");
    /* Groups: the guide's Test4, protoscope "8: !{ 1: ... }" */
    expect_json(pb, NULL, "43 08 07 12 00 44 40 01 40 02", "{\"8\":{\"1\":7,\"2\":\"\"},\"8\":1,\"8\":2}");
    /* float 1.5, double -2.25 (IEEE 754), and what is no such number: integers */
    expect_json(pb, NULL, "0d 00 00 c0 3f 0d 07 00 00 00 0d ff ff ff ff", "{\"1\":1.5,\"1\":7,\"1\":-1}");
    expect_json(pb, NULL, "09 00 00 00 00 00 00 02 c0 09 07 00 00 00 00 00 00 00", "{\"1\":-2.25,\"1\":7}");
    expect_json(pb, NULL, "08 ff ff ff ff ff ff ff ff ff 01", "{\"1\":-1}");
    expect_json(pb, NULL, "", "{}");
    const struct decoded *d = decode_hex(pb, NULL, "1a 03 08 96 01 12 01 61");
    expect_span(d, "3", 1, 4);
    expect_span(d, "3.1", 3, 2);
    expect_span(d, "2", 6, 2);
    cr_assert_eq(at_path(d, "3.1")->flags, SCTX_GUESSED);
    cr_assert_eq(at_path(d, "2")->flags, SCTX_GUESSED);
    expect_refused(pb, NULL, " {\"1\":1}", 1);
}

/* Each level is looked at once: if not, this takes hours. */
Test(protobuf, guesses_in_linear_time, .timeout = 20) {
    enum { LEN = 8 << 20 };
    unsigned char *bytes = malloc(LEN);
    size_t at = 0;
    cr_assert_not_null(bytes);
    for (size_t left = LEN; left > 5; left -= 5, at += 5) { /* 1: { 1: { ... as deep as it will go, and something bad at the end */
        size_t len = left - 5;
        bytes[at] = 0x0a;
        for (unsigned i = 0; i < 4; i++) bytes[at + 1 + i] = (unsigned char)((len >> (7 * i) & 0x7F) | (i < 3 ? 0x80 : 0));
    }
    memset(bytes + at, 0x06, LEN - at);
    cr_assert_eq(decode(pb, NULL, bytes, LEN)->status, SCTX_PLUGIN_OK);
    memset(bytes, 0x0b, LEN); /* groups that do not end */
    const struct decoded *d = decode(pb, NULL, bytes, LEN);
    cr_assert(d->cut && d->status == SCTX_PLUGIN_OK);
    for (at = 0; at + 2 <= LEN; at += 2) memcpy(bytes + at, at % 4 == 0 ? "\x0a\x00" : "\x12\x00", 2); /* two fields, a million times */
    d = decode(pb, NULL, bytes, LEN);
    cr_assert(d->cut && d->status == SCTX_PLUGIN_OK);
    free(bytes);
}

/* 600 messages within each other, more than the host allows: the tree is cut, and nothing else happens. */
Test(protobuf, deep) {
    unsigned char bytes[3000];
    size_t at = sizeof bytes;
    const struct topic *topic = with("one", "protobuf:T");
    for (unsigned i = 0; i < 600; i++) { /* from the inside to the outside */
        size_t len = sizeof bytes - at;
        if (len >= 0x80) bytes[--at] = (unsigned char)(len >> 7);
        bytes[--at] = (unsigned char)(len >= 0x80 ? len | 0x80 : len);
        bytes[--at] = 0x2a;
    }
    const struct decoded *d = decode(pb, topic, bytes + at, sizeof bytes - at);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->cut && d->findings == 0 && d->tree.count == SCTX_PLUGIN_DEPTH_MAX);
    d = decode(pb, NULL, bytes + at, sizeof bytes - at);
    cr_assert(d->status == SCTX_PLUGIN_OK && !d->cut && d->findings == 0); /* guesses end earlier */
}

/* Interleaved repeated fields: gathered without looking for each other. */
Test(protobuf, gathers_in_linear_time, .timeout = 20) {
    enum { LEN = 100000 };
    static unsigned char bytes[LEN];
    for (size_t at = 0; at < LEN; at += 5) memcpy(bytes + at, at % 10 == 0 ? "\x98\x01\x01\x18\x02" : "\xa2\x01\x00\x18\x03", 5);
    const struct decoded *d = decode(pb, with("all", "protobuf:shop.All"), bytes, LEN);
    cr_assert(d->status == SCTX_PLUGIN_OK && !d->cut);
    cr_assert_eq(at_path(d, "unpacked.9999")->v.i, 1);
    cr_assert_eq(at_path(d, "names.9999")->v.s.len, 0);
}

/* ---- all types -------------------------------------------------------------------------------------------------------------- */

/* protoc --encode=shop.All all.proto: f_double: 0.5 f_float: 0.25 f_int32: -2 f_int64: -9223372036854775808 f_uint32: 4294967295
 * f_uint64: 18446744073709551615 f_sint32: -2147483648 f_sint64: -3 f_fixed32: 1 f_fixed64: 2 f_sfixed32: -1 f_sfixed64: -2 f_bool: true
 * f_string: "h\303\251" f_bytes: "\000\377" side: SELL leg { venue: "X" px: 1.5 } */
Test(protobuf, scalars) {
    both_ways(
        with("all", "protobuf:shop.All"),
        "09 00 00 00 00 00 00 e0 3f 15 00 00 80 3e 18 fe ff ff ff ff ff ff ff ff 01 20 80 80 80 80 80 80 80 80 80 01 28 ff ff ff ff 0f "
        "30 ff ff ff ff ff ff ff ff ff 01 38 ff ff ff ff 0f 40 05 4d 01 00 00 00 51 02 00 00 00 00 00 00 00 5d ff ff ff ff "
        "61 fe ff ff ff ff ff ff ff 68 01 72 03 68 c3 a9 7a 02 00 ff 80 01 02 8a 01 0c 0a 01 58 11 00 00 00 00 00 00 f8 3f",
        "{\"f_double\":0.5,\"f_float\":0.25,\"f_int32\":-2,\"f_int64\":-9223372036854775808,\"f_uint32\":4294967295,"
        "\"f_uint64\":18446744073709551615,\"f_sint32\":-2147483648,\"f_sint64\":-3,\"f_fixed32\":1,\"f_fixed64\":2,"
        "\"f_sfixed32\":-1,\"f_sfixed64\":-2,\"f_bool\":true,\"f_string\":\"h\xc3\xa9\",\"f_bytes\":{\"$base64\":\"AP8=\"},"
        "\"side\":2,\"leg\":{\"venue\":\"X\",\"px\":1.5}}");
}

/* packed: [1, -1, 300] unpacked: [1, 2] names: ["a", ""] legs { venue: "A" } legs { } sides: [BUY, LOSS, 9] words: [1, 4294967295]
 * by_name { key: "x" value: 1 } by_id { key: -5 value { px: 2 } } by_flag { key: true value: "y" } number: 0 inner { f_bool: true } */
Test(protobuf, lists_and_maps) {
    both_ways(with("all", "protobuf:shop.All"),
              "92 01 0d 01 ff ff ff ff ff ff ff ff ff 01 ac 02 98 01 01 98 01 02 a2 01 01 61 a2 01 00 aa 01 03 0a 01 41 aa 01 00 "
              "b2 01 0c 01 ff ff ff ff ff ff ff ff ff 01 09 ba 01 08 01 00 00 00 ff ff ff ff c2 01 05 0a 01 78 10 01 "
              "ca 01 16 08 fb ff ff ff ff ff ff ff ff 01 12 09 11 00 00 00 00 00 00 00 40 d2 01 05 08 01 12 01 79 e0 01 00 ea 01 02 68 01",
              "{\"packed\":[1,-1,300],\"unpacked\":[1,2],\"names\":[\"a\",\"\"],\"legs\":[{\"venue\":\"A\"},{}],\"sides\":[1,-1,9],"
              "\"words\":[1,4294967295],\"by_name\":{\"x\":1},\"by_id\":{\"-5\":{\"px\":2.0}},\"by_flag\":{\"true\":\"y\"},\"number\":0,"
              "\"inner\":{\"f_bool\":true}}");
}

Test(protobuf, labels_and_spans) {
    const struct topic *topic = with("all", "protobuf:shop.All");
    const struct decoded *d = decode_hex(pb, topic, "80 01 02 b2 01 02 01 09 8a 01 03 0a 01 58 98 01 01 68 01 98 01 02");
    const struct tree_node *side = at_path(d, "side");
    cr_assert(side->label.len == 4 && memcmp(d->tree.pool + side->label.off, "SELL", 4) == 0);
    cr_assert_eq(at_path(d, "sides.0")->label.len, 3);
    cr_assert_eq(at_path(d, "sides.1")->label.len, 0);
    expect_span(d, "side", 2, 1);
    expect_span(d, "sides", 5, 3);
    expect_span(d, "sides.1", 7, 1);
    expect_span(d, "leg", 10, 4);
    expect_span(d, "leg.venue", 12, 2);
    expect_span(d, "unpacked", 16, 6);
    expect_span(d, "unpacked.1", 21, 1);
    expect_span(d, "", 0, 22);
}

/* Maps (language guide): keys and values that are missing are their defaults; the same key may come twice. */
Test(protobuf, entries) {
    const struct topic *topic = with("all", "protobuf:shop.All");
    expect_json(pb, topic, "c2 01 02 10 05", "{\"by_name\":{\"\":5}}");
    expect_json(pb, topic, "c2 01 03 0a 01 61 68 01 c2 01 00", "{\"by_name\":{\"a\":0,\"\":0},\"f_bool\":true}");
    expect_json(pb, topic, "ca 01 00 d2 01 00 f2 01 00 fa 01 00",
                "{\"by_id\":{\"0\":{}},\"by_flag\":{\"false\":\"\"},\"side_of\":{\"\":0},\"took\":{\"\":0}}");
    expect_json(pb, topic, "c2 01 0b 0a 01 61 10 01 10 02 0a 02 62 62", "{\"by_name\":{\"bb\":2}}");
    expect_fault(pb, topic, "c2 01 03 0a 01 ff", SCTX_PLUGIN_MALFORMED, 5);
}

/* Updating a message type / Unknown fields: a field of another wire type is unknown. */
Test(protobuf, unknown_fields) {
    const struct topic *topic = with("all", "protobuf:shop.All");
    expect_json(pb, topic, "68 01 98 06 07 92 06 03 61 62 63 9a 06 03 08 96 01 a2 06 01 ff",
                "{\"f_bool\":true,\"99\":7,\"98\":\"abc\",\"99\":{\"1\":150},\"100\":{\"$base64\":\"/w==\"}}");
    expect_json(pb, topic, "70 05 1a 01 05 a5 01 00 00 00 00 9b 06 08 01 12 01 61 9c 06",
                "{\"14\":5,\"3\":{\"$base64\":\"BQ==\"},\"20\":0,\"99\":{\"1\":1,\"2\":\"a\"}}");
    const struct decoded *d = decode_hex(pb, topic, "70 05");
    cr_assert_eq(at_path(d, "14")->flags, SCTX_GUESSED);
    expect_refused(pb, topic, "{\"f_bool\":true,\"14\":5}", 20);
}

/* protoc --encode=old.Order old.proto: id: 5 Fill { qty: 1 px: [2, 300] } Fill { } marks: [3, 4] [old.tags]: -1 [old.tags]: 1
 * [old.Order.note]: "n" */
Test(protobuf, proto2) {
    const struct topic *topic = with("old", "protobuf:old.Order");
    both_ways(topic, "08 05 1b 08 01 12 03 02 ac 02 1c 1b 1c 20 03 20 04 a0 06 01 a0 06 02 aa 06 01 6e",
              "{\"id\":5,\"fill\":[{\"qty\":1,\"px\":[2,300]},{}],\"marks\":[3,4],\"[old.tags]\":[-1,1],\"[old.Order.note]\":\"n\"}");
    expect_json(pb, topic, "", "{}"); /* id is required and missing */
    expect_fault(pb, topic, "1b 08 01 24", SCTX_PLUGIN_MALFORMED, 3);
    expect_fault(pb, topic, "1b 08 01", SCTX_PLUGIN_TRUNCATED, 3);
    expect_fault(pb, topic, "08 05 1c", SCTX_PLUGIN_MALFORMED, 2);
}

/* ---- well-known types ------------------------------------------------------------------------------------------------------- */

/* protoc --encode=shop.Known all.proto: at { seconds: 1700000000 nanos: 123456789 } took { seconds: -1 nanos: -500000000 } mask { paths: "a.b"
 * paths: "c" } empty {} w_int64 { value: -7 } w_string { value: "w" } w_bytes { value: "\001" } w_double { value: 2.5 } times { seconds: -1 }
 * times { } w_uint32 { value: 4294967295 } w_float { value: 0.5 } */
Test(protobuf, times_masks_wrappers) {
    both_ways(
        with("all", "protobuf:shop.Known"),
        "0a 0b 08 80 e2 cf aa 06 10 95 9a ef 3a 12 16 08 ff ff ff ff ff ff ff ff ff 01 10 80 b6 ca 91 fe ff ff ff ff 01 "
        "3a 08 0a 03 61 2e 62 0a 01 63 42 00 4a 0b 08 f9 ff ff ff ff ff ff ff ff 01 52 03 0a 01 77 5a 03 0a 01 01 "
        "6a 09 09 00 00 00 00 00 00 04 40 72 0b 08 ff ff ff ff ff ff ff ff ff 01 72 00 7a 06 08 ff ff ff ff 0f 82 01 05 0d 00 00 00 3f",
        "{\"at\":1700000000123456789,\"took\":-1500000000,\"mask\":\"a.b,c\",\"empty\":{},\"w_int64\":-7,\"w_string\":\"w\","
        "\"w_bytes\":{\"$base64\":\"AQ==\"},\"w_double\":2.5,\"times\":[-1000000000,0],\"w_uint32\":4294967295,\"w_float\":0.5}");
}

/* object { fields { key: "a" value { number_value: 1 } } fields { key: "b" value { list_value { values { null_value: NULL_VALUE }
 * values { bool_value: true } } } } } value { string_value: "s" } list { values { struct_value { } } }
 * any { [type.googleapis.com/shop.Leg] { venue: "V" } } w_bool { } */
Test(protobuf, json_and_any) {
    const struct topic *topic = with("all", "protobuf:shop.Known");
    both_ways(
        topic,
        "1a 21 0a 0e 0a 01 61 12 09 11 00 00 00 00 00 00 f0 3f 0a 0f 0a 01 62 12 0a 32 08 0a 02 08 00 0a 02 20 01 22 03 1a 01 73 "
        "2a 04 0a 02 2a 00 32 23 0a 1c 74 79 70 65 2e 67 6f 6f 67 6c 65 61 70 69 73 2e 63 6f 6d 2f 73 68 6f 70 2e 4c 65 67 12 03 0a 01 56",
        "{\"object\":{\"a\":1.0,\"b\":[null,true]},\"value\":\"s\",\"list\":[{}],"
        "\"any\":{\"@type\":\"type.googleapis.com/shop.Leg\",\"value\":{\"venue\":\"V\"}}}");
    expect_json(pb, topic, "62 00 1a 00 2a 00 22 00", "{\"w_bool\":false,\"object\":{},\"list\":[],\"value\":null}");
    /* A type that is not in the set; one without a type; one within another type's rules. */
    both_ways(topic, "32 08 0a 03 61 2f 62 12 01 ff", "{\"any\":{\"@type\":\"a/b\",\"value\":{\"$base64\":\"/w==\"}}}");
    both_ways(topic, "32 03 12 01 ff", "{\"any\":{\"value\":{\"$base64\":\"/w==\"}}}");
    both_ways(topic, "32 05 0a 03 61 2f 62", "{\"any\":{\"@type\":\"a/b\"}}");
    expect_fault(pb, topic, "32 0f 0a 0a 61 2f 73 68 6f 70 2e 4c 65 67 12 01 0a", SCTX_PLUGIN_MALFORMED, 17);
}

/* timestamp.proto, duration.proto: years 1 to 9999, nanos of 0 to 999999999, of one sign with the seconds. Beyond that it is shown as it is. */
Test(protobuf, limits_of_times) {
    const struct topic *topic = with("all", "protobuf:shop.Known");
    const struct decoded *d = decode_hex(pb, topic, "0a 0b 08 80 e2 cf aa 06 10 95 9a ef 3a 12 02 08 01");
    cr_assert(at_path(d, "at")->as == SCTX_TIME_NS && at_path(d, "took")->as == SCTX_DURATION_NS);
    expect_span(d, "at", 1, 12);
    /* 9999-12-31T23:59:59Z is second 253402300799; 0001-01-01 second -62135596800 */
    both_ways(topic, "0a 07 08 ff 82 d1 ff af 07", "{\"at\":253402300799000000000}");
    both_ways(topic, "0a 0b 08 80 92 b8 c3 98 fe ff ff ff 01", "{\"at\":-62135596800000000000}");
    both_ways(topic, "0a 07 08 80 83 d1 ff af 07", "{\"at\":{\"seconds\":253402300800}}");
    both_ways(topic, "0a 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01", "{\"at\":{\"seconds\":1,\"nanos\":-1}}");
    both_ways(topic, "12 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01", "{\"took\":{\"seconds\":1,\"nanos\":-1}}");
    both_ways(topic, "0a 06 10 80 94 eb dc 03", "{\"at\":{\"nanos\":1000000000}}");
    expect_refused(pb, topic, "{\"at\":253402300800000000000}", 6);
    expect_refused(pb, topic, "{\"at\":1.5}", 6);
}

/* ---- what is wrong ---------------------------------------------------------------------------------------------------------- */

Test(protobuf, faults) {
    const struct topic *one = with("one", "protobuf:T");
    const struct topic *const topics[] = {NULL, one};
    for (size_t i = 0; i < 2; i++) {
        const struct topic *topic = topics[i];
        expect_fault(pb, topic, "08 01 00 01", SCTX_PLUGIN_MALFORMED, 2);                         /* field 0 */
        expect_fault(pb, topic, "08 01 80 80 80 80 10 00", SCTX_PLUGIN_MALFORMED, 2);             /* field 2^29 */
        expect_fault(pb, topic, "0e", SCTX_PLUGIN_MALFORMED, 0);                                  /* wire type 6 */
        expect_fault(pb, topic, "08 01 0f", SCTX_PLUGIN_MALFORMED, 2);                            /* wire type 7 */
        expect_fault(pb, topic, "08 ff ff ff ff ff ff ff ff ff 02", SCTX_PLUGIN_MALFORMED, 1);    /* 65 bits */
        expect_fault(pb, topic, "08 80 80 80 80 80 80 80 80 80 80 01", SCTX_PLUGIN_MALFORMED, 1); /* eleven bytes */
        expect_fault(pb, topic, "08", SCTX_PLUGIN_TRUNCATED, 1);
        expect_fault(pb, topic, "08 96", SCTX_PLUGIN_TRUNCATED, 2);
        expect_fault(pb, topic, "08 01 12 05 61 62", SCTX_PLUGIN_TRUNCATED, 6);
        expect_fault(pb, topic, "12", SCTX_PLUGIN_TRUNCATED, 1);
        expect_fault(pb, topic, "4d 00 00 00", SCTX_PLUGIN_TRUNCATED, 4);
        expect_fault(pb, topic, "49 00 00 00 00", SCTX_PLUGIN_TRUNCATED, 5);
        expect_fault(pb, topic, "08 01 14", SCTX_PLUGIN_MALFORMED, 2); /* a group ends */
        expect_fault(pb, topic, "4b 08 01 54", SCTX_PLUGIN_MALFORMED, 3);
        expect_fault(pb, topic, "4b 08 01", SCTX_PLUGIN_TRUNCATED, 3);
    }
    const struct decoded *d = decode_hex(pb, one, "08 05 12 05 61");
    cr_assert_str_eq(d->json, "{\"a\":5}"); /* what came before is kept */
}

Test(protobuf, faults_within) {
    const struct topic *topic = with("one", "protobuf:T");
    expect_fault(pb, topic, "12 02 61 ff", SCTX_PLUGIN_MALFORMED, 3);                /* not UTF-8 */
    expect_fault(pb, topic, "12 03 ed a0 80", SCTX_PLUGIN_MALFORMED, 2);             /* a surrogate */
    expect_fault(pb, topic, "1a 02 01 80 08 01", SCTX_PLUGIN_MALFORMED, 4);          /* packed, ends within a value */
    expect_fault(pb, topic, "2a 02 12 05 61 62 63 64 65", SCTX_PLUGIN_MALFORMED, 3); /* a length beyond the message around it */
    expect_fault(pb, topic, "2a 01 08 08 01", SCTX_PLUGIN_MALFORMED, 3);
    expect_fault(pb, topic, "2a 02 08 80", SCTX_PLUGIN_MALFORMED, 4); /* nothing is cut off: the length says so */
    expect_fault(pb, with("all", "protobuf:shop.All"), "ba 01 05 01 00 00 00 ff", SCTX_PLUGIN_MALFORMED, 8);
}

static void bad_schema(const struct topic *topic, unsigned off, const char *word) {
    const struct decoded *d = decode_hex(pb, topic, "");
    cr_assert(d->status == SCTX_PLUGIN_BAD_SCHEMA && d->off == off && strstr(d->why, word) != NULL, "status %d at %u: %s", d->status,
              d->off, d->why);
}

static void bad_set(const char *hex, unsigned off, const char *word) {
    struct topic topic = {.encoding = "protobuf:T"};
    unsigned char *bytes = bytes_from_hex(hex, &topic.schema_len);
    topic.schema = bytes;
    bad_schema(&topic, off, word);
    free(bytes);
}

/* By the field numbers of descriptor.proto. */
Test(protobuf, schemas) {
    bad_set("08 01", 0, "FileDescriptorSet");
    bad_set("0a 05 22 03", 1, "length");
    bad_set("0a 00", 0, "no message");
    bad_set("0a 04 22 02 0a 00", 2, "name");
    bad_set("0a 05 22 03 0a 01 37", 2, "name");
    bad_set("0a 0a 22 03 0a 01 54 22 03 0a 01 54", 7, "twice");
    bad_set("0a 0c 22 0a 0a 01 54 12 05 0a 01 61 28 05", 7, "number");                          /* a field a, int32, without a number */
    bad_set("0a 0e 22 0c 0a 01 54 12 07 0a 01 61 18 01 28 13", 7, "type");                      /* of type 19 */
    bad_set("0a 11 22 0f 0a 01 54 12 0a 0a 01 61 18 01 28 0b 32 01 58", 16, "include_imports"); /* of a message X */
    bad_schema(with("guide", "protobuf:Test9"), 0, "no message Test9 in the schema; there are: Test1, Test2, Test3, Test4, Test5, Signed");
    bad_schema(with("guide", "protobuf"), 0, "must be said");
    bad_schema(with("all", "protobuf:shop.Side"), 0, "shop.Leg"); /* an enum */
    expect_json(pb, with("one", "protobuf"), "08 01", "{\"a\":1}");
    struct topic topic = *with("guide", "protobuf");
    topic.config = "other=1\ntype=.Test2\n";
    expect_json(pb, &topic, "12 01 61", "{\"b\":\"a\"}");
    topic.kind = "avro";
    bad_schema(&topic, 0, "kind");
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

Test(protobuf, writes) {
    const struct topic *topic = with("all", "protobuf:shop.All");
    expect_encoded(pb, topic, "{\"side\":\"SELL\",\"sides\":[\"BUY\",2]}", "800102b201020102");
    expect_encoded(pb, topic, "{\"f_bytes\":\"AP8=\"}", "7a0200ff");
    expect_encoded(pb, topic, "{\"f_bytes\":\"_w\"}", "7a01ff"); /* the other alphabet, no padding */
    expect_encoded(pb, topic, "{\"packed\":[],\"names\":[],\"by_id\":{}}", "920100");
    expect_encoded(pb, topic, "{\"f_double\":1,\"f_float\":{\"$float\":\"inf\"}}", "09000000000000f03f150000807f");
    both_ways(with("all", "protobuf:google.protobuf.ListValue"), "0a 02 20 01", "[true]");
}

Test(protobuf, refuses) {
    const struct topic *topic = with("all", "protobuf:shop.All");
    expect_refused(pb, topic, "[]", 0);
    expect_refused(pb, topic, "{\"nothing\":1}", 11);
    expect_refused(pb, topic, "{\"f_int32\":2147483648}", 11);
    expect_refused(pb, topic, "{\"f_uint32\":-1}", 12);
    expect_refused(pb, topic, "{\"f_uint64\":18446744073709551616}", 12);
    expect_refused(pb, topic, "{\"f_sint64\":9223372036854775808}", 12);
    expect_refused(pb, topic, "{\"f_int64\":1.5}", 11);
    expect_refused(pb, topic, "{\"f_float\":1e39}", 11);
    expect_refused(pb, topic, "{\"f_double\":1e309}", 12);
    expect_refused(pb, topic, "{\"f_bool\":1}", 10);
    expect_refused(pb, topic, "{\"f_string\":1}", 12);
    expect_refused(pb, topic, "{\"f_string\":\"\\ud800\"}", 12);
    expect_refused(pb, topic, "{\"f_bytes\":\"A\"}", 11);
    expect_refused(pb, topic, "{\"f_bytes\":\"AB\"}", 11);
    expect_refused(pb, topic, "{\"f_bytes\":\"A=\"}", 11);
    expect_refused(pb, topic, "{\"side\":\"NONE\"}", 8);
    expect_refused(pb, topic, "{\"leg\":null}", 7);
    expect_refused(pb, topic, "{\"names\":\"a\"}", 9);
    expect_refused(pb, topic, "{\"by_id\":{\"01\":{}}}", 15);
    expect_refused(pb, topic, "{\"by_flag\":{\"1\":\"\"}}", 16);
    expect_refused(pb, topic, "{\"by_name\":[]}", 11);
    topic = with("all", "protobuf:shop.Known");
    expect_refused(pb, topic, "{\"value\":{\"$base64\":\"\"}}", 9);
    expect_refused(pb, topic, "{\"any\":{\"@type\":\"a/shop.Leg\",\"value\":1}}", 37);
    expect_refused(pb, topic, "{\"any\":{\"@type\":\"a/b\",\"value\":{}}}", 30);
    expect_refused(pb, topic, "{\"any\":{\"@type\":\"a/b\",\"x\":{}}}", 26);
}
