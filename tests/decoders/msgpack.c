/* MessagePack. Vectors: github.com/kawanet/msgpack-test-suite (dist/msgpack-test-suite.json, sections by their file names), and the
 * tables of formats in github.com/msgpack/msgpack, spec.md ("Overview", and the diagrams of each family). */
#include "rig.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_msgpack;
#define MSGPACK &sctx_decoder_msgpack

/* A value and all its forms, separated by blanks. The first is the smallest: the one that is written. */
struct vector {
    const char *json, *forms;
};

static void check_forms(const struct vector *vector, bool first_is_written) {
    char *forms = strdup(vector->forms), *rest = NULL;
    cr_assert(forms != NULL);
    for (char *form = strtok_r(forms, " ", &rest); form != NULL; form = strtok_r(NULL, " ", &rest)) {
        expect_json(MSGPACK, NULL, form, vector->json);
        if (form == forms && first_is_written) expect_encoded(MSGPACK, NULL, vector->json, form);
    }
    free(forms);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

Test(msgpack, suite_nil_bool_binary) {
    static const struct vector vectors[] = {
        {"null", "c0"},
        {"false", "c2"},
        {"true", "c3"},
        {"{\"$base64\":\"\"}", "c400 c50000 c600000000"},
        {"{\"$base64\":\"AQ==\"}", "c40101 c5000101 c60000000101"},
        {"{\"$base64\":\"AP8=\"}", "c40200ff c5000200ff c60000000200ff"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
}

Test(msgpack, suite_integers) {
    /* 20.number-positive, 21.number-negative, 23.number-bignum: all but the float forms. */
    static const struct vector vectors[] = {
        {"0", "00 cc00 cd0000 ce00000000 cf0000000000000000 d000 d10000 d200000000 d30000000000000000"},
        {"1", "01 cc01 cd0001 ce00000001 cf0000000000000001 d001 d10001 d200000001 d30000000000000001"},
        {"127", "7f cc7f cd007f ce0000007f cf000000000000007f d07f d1007f d20000007f d3000000000000007f"},
        {"128", "cc80 cd0080 ce00000080 cf0000000000000080 d10080 d200000080 d30000000000000080"},
        {"255", "ccff cd00ff ce000000ff cf00000000000000ff d100ff d2000000ff d300000000000000ff"},
        {"256", "cd0100 ce00000100 cf0000000000000100 d10100 d200000100 d30000000000000100"},
        {"65535", "cdffff ce0000ffff cf000000000000ffff d20000ffff d3000000000000ffff"},
        {"65536", "ce00010000 cf0000000000010000 d200010000 d30000000000010000"},
        {"2147483647", "ce7fffffff cf000000007fffffff d27fffffff d3000000007fffffff"},
        {"2147483648", "ce80000000 cf0000000080000000 d30000000080000000"},
        {"4294967295", "ceffffffff cf00000000ffffffff d300000000ffffffff"},
        {"-1", "ff d0ff d1ffff d2ffffffff d3ffffffffffffffff"},
        {"-32", "e0 d0e0 d1ffe0 d2ffffffe0 d3ffffffffffffffe0"},
        {"-33", "d0df d1ffdf d2ffffffdf d3ffffffffffffffdf"},
        {"-128", "d080 d1ff80 d2ffffff80 d3ffffffffffffff80"},
        {"-256", "d1ff00 d2ffffff00 d3ffffffffffffff00"},
        {"-32768", "d18000 d2ffff8000 d3ffffffffffff8000"},
        {"-65536", "d2ffff0000 d3ffffffffffff0000"},
        {"-2147483648", "d280000000 d3ffffffff80000000"},
        {"4294967296", "cf0000000100000000 d30000000100000000"},
        {"-4294967296", "d3ffffffff00000000"},
        {"281474976710656", "cf0001000000000000 d30001000000000000"},
        {"-281474976710656", "d3ffff000000000000"},
        {"9223372036854775807", "cf7fffffffffffffff d37fffffffffffffff"},
        {"-9223372036854775807", "d38000000000000001"},
        {"9223372036854775808", "cf8000000000000000"},
        {"-9223372036854775808", "d38000000000000000"},
        {"18446744073709551615", "cfffffffffffffffff"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
}

Test(msgpack, suite_floats) {
    /* 20 to 23, the float forms: written with 64 bits, which stand first here. */
    static const struct vector vectors[] = {
        {"0.0", "cb0000000000000000 ca00000000"},
        {"1.0", "cb3ff0000000000000 ca3f800000"},
        {"2147483648.0", "cb41e0000000000000 ca4f000000"},
        {"4294967295.0", "cb41efffffffe00000"},
        {"-1.0", "cbbff0000000000000 cabf800000"},
        {"-32.0", "cbc040000000000000 cac2000000"},
        {"-2147483648.0", "cbc1e0000000000000"},
        {"0.5", "cb3fe0000000000000 ca3f000000"},
        {"-0.5", "cbbfe0000000000000 cabf000000"},
        {"4294967296.0", "cb41f0000000000000 ca4f800000"},
        {"281474976710656.0", "cb42f0000000000000 ca57800000"},
        {"-281474976710656.0", "cbc2f0000000000000 cad7800000"},
        /* IEEE 754: the words for what JSON has none for, and the sign of zero. */
        {"{\"$float\":\"nan\"}", "cb7ff8000000000000 ca7fc00000"},
        {"{\"$float\":\"inf\"}", "cb7ff0000000000000 ca7f800000"},
        {"{\"$float\":\"-inf\"}", "cbfff0000000000000 caff800000"},
        {"-0.0", "cb8000000000000000 ca80000000"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
}

Test(msgpack, suite_strings) {
    static const struct vector vectors[] = {
        {"\"\"", "a0 d900 da0000 db00000000"},
        {"\"a\"", "a161 d90161 da000161 db0000000161"},
        {"\"1234567890123456789012345678901\"", "bf31323334353637383930313233343536373839303132333435363738393031 "
                                                "d91f31323334353637383930313233343536373839303132333435363738393031 "
                                                "da001f31323334353637383930313233343536373839303132333435363738393031"},
        {"\"12345678901234567890123456789012\"", "d9203132333435363738393031323334353637383930313233343536373839303132 "
                                                 "da00203132333435363738393031323334353637383930313233343536373839303132"},
        {"\"Кириллица\"", "b2d09ad0b8d180d0b8d0bbd0bbd0b8d186d0b0 d912d09ad0b8d180d0b8d0bbd0bbd0b8d186d0b0"},
        {"\"ひらがな\"", "ace381b2e38289e3818ce381aa d90ce381b2e38289e3818ce381aa"},
        {"\"한글\"", "a6ed959ceab880 d906ed959ceab880"},
        {"\"汉字\"", "a6e6b189e5ad97 d906e6b189e5ad97"},
        {"\"漢字\"", "a6e6bca2e5ad97 d906e6bca2e5ad97"},
        {"\"❤\"", "a3e29da4 d903e29da4"},
        {"\"🍺\"", "a4f09f8dba d904f09f8dba"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
}

Test(msgpack, suite_containers) {
    static const struct vector vectors[] = {
        {"[]", "90 dc0000 dd00000000"},
        {"[1]", "9101 dc000101 dd0000000101"},
        {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", "9f0102030405060708090a0b0c0d0e0f dc000f0102030405060708090a0b0c0d0e0f "
                                                  "dd0000000f0102030405060708090a0b0c0d0e0f"},
        {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", "dc00100102030405060708090a0b0c0d0e0f10 dd000000100102030405060708090a0b0c0d0e0f10"},
        {"[\"a\"]", "91a161 dc0001a161 dd00000001a161"},
        {"{}", "80 de0000 df00000000"},
        {"{\"a\":1}", "81a16101 de0001a16101 df00000001a16101"},
        {"{\"a\":\"A\"}", "81a161a141 de0001a161a141 df00000001a161a141"},
        {"[[]]", "9190 dc0001dc0000 dd00000001dd00000000"},
        {"[{}]", "9180 dc000180 dd0000000180"},
        {"{\"a\":{}}", "81a16180 de0001a161de0000 df00000001a161df00000000"},
        {"{\"a\":[]}", "81a16190 de0001a16190 df00000001a16190"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
}

Test(msgpack, suite_timestamps) {
    /* 50.timestamp: seconds and nanoseconds there, all nanoseconds here. */
    static const struct vector vectors[] = {
        {"1514862245000000000", "d6ff5a4af6a5"},
        {"1514862245678901234", "d7ffa1dcd7c85a4af6a5"},
        {"2147483647999999999", "d7ffee6b27fc7fffffff"},
        {"2147483648000000000", "d6ff80000000"},
        {"2147483648000000001", "d7ff0000000480000000"},
        {"4294967295000000000", "d6ffffffffff"},
        {"4294967295999999999", "d7ffee6b27fcffffffff"},
        {"4294967296000000000", "d7ff0000000100000000"},
        {"17179869183999999999", "d7ffee6b27ffffffffff"},
        {"17179869184000000000", "c70cff000000000000000400000000"},
        {"-1000000000", "c70cff00000000ffffffffffffffff"},
        {"-1", "c70cff3b9ac9ffffffffffffffffff"},
        {"0", "d6ff00000000"},
        {"1", "d7ff0000000400000000"},
        {"1000000000", "d6ff00000001"},
        {"-2208988800000000001", "c70cff3b9ac9ffffffffff7c55817f"},
        {"-2208988800000000000", "c70cff00000000ffffffff7c558180"},
        {"-62167219200000000000", "c70cff00000000fffffff1868b8400"},
        {"253402300799999999999", "c70cff3b9ac9ff0000003afff4417f"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char word[64];
        check_forms(&vectors[i], false);
        cr_assert_eq(decode_hex(MSGPACK, NULL, vectors[i].forms)->tree.nodes[0].as, SCTX_TIME_NS);
        (void)snprintf(word, sizeof word, "{\"$time\":%s}", vectors[i].json);
        expect_encoded(MSGPACK, NULL, word, vectors[i].forms);
    }
    /* The widest, 96 bits with all of the seconds: -2^63 and 2^63 - 1. */
    static const struct vector widest[] = {
        {"-9223372036854775808000000000", "c70cff000000008000000000000000"},
        {"9223372036854775807999999999", "c70cff3b9ac9ff7fffffffffffffff"},
    };
    for (size_t i = 0; i < COUNT(widest); i++) {
        char word[64];
        check_forms(&widest[i], false);
        (void)snprintf(word, sizeof word, "{\"$time\":%s}", widest[i].json);
        expect_encoded(MSGPACK, NULL, word, widest[i].forms);
    }
    expect_json(MSGPACK, NULL, "c7 04 ff 5a 4a f6 a5", "1514862245000000000"); /* ext 8 where fixext would do */
}

/* spec.md, "ext format family": the diagrams, in order. */
Test(msgpack, ext_forms) {
    static const struct vector vectors[] = {
        {"{\"$ext\":[5,\"qg==\"]}", "d405aa c70105aa c8000105aa c90000000105aa"},
        {"{\"$ext\":[5,\"qrs=\"]}", "d505aabb c70205aabb"},
        {"{\"$ext\":[127,\"AQIDBA==\"]}", "d67f01020304 c7047f01020304"},
        {"{\"$ext\":[-128,\"AQIDBAUGBwg=\"]}", "d7800102030405060708 c708800102030405060708"},
        {"{\"$ext\":[-2,\"AAAAAAAAAAAAAAAAAAAAAA==\"]}", "d8fe00000000000000000000000000000000"},
        {"{\"$ext\":[0,\"\"]}", "c70000 c8000000 c90000000000"},
        {"{\"$ext\":[1,\"AQID\"]}", "c70301010203"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) check_forms(&vectors[i], true);
    for (int type = -128; type <= 127; type++) { /* "type is a signed 8-bit integer" */
        char hex[16], json[48];
        if (type == -1) continue;
        (void)snprintf(hex, sizeof hex, "d4%02xaa", (unsigned)type & 0xFF);
        (void)snprintf(json, sizeof json, "{\"$ext\":[%d,\"qg==\"]}", type);
        expect_json(MSGPACK, NULL, hex, json);
        expect_encoded(MSGPACK, NULL, json, hex);
    }
}

/* spec.md, "Overview": every first byte, followed by what its format wants, all zeros. */
Test(msgpack, first_bytes) {
    for (unsigned first = 0; first <= 0xFF; first++) {
        static const unsigned char follow[] = {/* c4 */ 1, 2, 4, 2, 3, 5, 4,  8, 1, 2, 4, 8, 1, 2,
                                               4,          8, 2, 3, 5, 9, 17, 1, 2, 4, 2, 4, 2, 4};
        unsigned char bytes[40] = {(unsigned char)first};
        size_t len = 1;
        if (first >= 0x80 && first < 0x90) len += (first & 15) * 2;
        if (first >= 0x90 && first < 0xA0) len += first & 15;
        if (first >= 0xA0 && first < 0xC0) len += first & 31;
        if (first >= 0xC4 && first < 0xE0) len += follow[first - 0xC4];
        const struct decoded *d = decode(MSGPACK, NULL, bytes, len);
        if (first == 0xC1) {
            cr_assert(d->status == SCTX_PLUGIN_MALFORMED && d->off == 0);
            continue;
        }
        cr_assert(d->status == SCTX_PLUGIN_OK && d->findings == 0, "%02x: %d at %u, %s", first, d->status, d->off, d->why);
        cr_assert_eq(d->tree.nodes[0].span.len, len);
        if (len > 1) { /* each byte less is one too few */
            for (size_t cut = 1; cut < len; cut++) {
                d = decode(MSGPACK, NULL, bytes, cut);
                cr_assert(d->status == SCTX_PLUGIN_TRUNCATED && d->off == cut, "%02x, %zu: %d at %u", first, cut, d->status, d->off);
            }
        }
        bytes[len] = 0;
        d = decode(MSGPACK, NULL, bytes, len + 1);
        cr_assert(d->status == SCTX_PLUGIN_MALFORMED && d->off == len);
    }
}

/* A text, array or map of so many bytes, items or members: `head`, and what is in it. */
static void check_length(char kind, size_t len, const char *head) {
    char *json = malloc(len * 6 + 64), *at = json;
    cr_assert(json != NULL);
    *at++ = kind;
    for (size_t i = 0; i < len; i++) {
        if (kind != '"' && i > 0) *at++ = ',';
        at = stpcpy(at, kind == '"' ? "x" : kind == '[' ? "1" : "\"\":1");
    }
    *at++ = kind == '"' ? '"' : kind == '[' ? ']' : '}';
    *at = '\0';
    const struct encoded *e = encode(MSGPACK, NULL, json);
    cr_assert(e->status == SCTX_PLUGIN_OK && strncmp(e->hex, head, strlen(head)) == 0, "%zu: %.12s, not %s", len, e->hex, head);
    cr_assert_eq(e->len, strlen(head) / 2 + len * (kind == '{' ? 2 : 1));
    const struct decoded *d = decode(MSGPACK, NULL, e->data, e->len);
    cr_assert(d->status == SCTX_PLUGIN_OK && strcmp(d->json, json) == 0);
    free(json);
}

/* The limits of each form in spec.md, where the next larger one begins. */
Test(msgpack, lengths) {
    check_length('"', 31, "bf");
    check_length('"', 32, "d920");
    check_length('"', 255, "d9ff");
    check_length('"', 256, "da0100");
    check_length('"', 65535, "daffff");
    check_length('"', 65536, "db00010000");
    check_length('[', 15, "9f");
    check_length('[', 16, "dc0010");
    check_length('[', 65535, "dcffff");
    check_length('[', 65536, "dd00010000");
    check_length('{', 15, "8f");
    check_length('{', 16, "de0010");
    check_length('{', 65535, "deffff");
    check_length('{', 65536, "df00010000");
}

Test(msgpack, keys) {
    /* Text as it is; all else as text: scalars plainly, bytes in base64, containers as JSON. */
    expect_json(MSGPACK, NULL, "86 c0 01 c3 02 0c 03 cb 3ff8000000000000 04 c4 02 00 ff 05 e0 06",
                "{\"null\":1,\"true\":2,\"12\":3,\"1.5\":4,\"AP8=\":5,\"-32\":6}");
    expect_json(MSGPACK, NULL, "81 93 01 a1 22 c4 01 ff 00", "{\"[1,\\\"\\\\\\\"\\\",{\\\"$base64\\\":\\\"/w==\\\"}]\":0}");
    expect_json(MSGPACK, NULL, "81 82 a1 61 c2 02 90 00", "{\"{\\\"a\\\":false,\\\"2\\\":[]}\":0}");
    expect_json(MSGPACK, NULL, "81 91 d4 05 aa 00", "{\"[{\\\"$ext\\\":[5,\\\"qg==\\\"]}]\":0}");
    expect_json(MSGPACK, NULL, "81 d4 05 aa 00", "{\"{\\\"$ext\\\":[5,\\\"qg==\\\"]}\":0}");
    expect_json(MSGPACK, NULL, "83 ca 7f800000 00 91 ca ff800000 00 cf ffffffffffffffff 00",
                "{\"inf\":0,\"[{\\\"$float\\\":\\\"-inf\\\"}]\":0,\"18446744073709551615\":0}");
    expect_json(MSGPACK, NULL, "81 d6 ff 5a4af6a5 a1 78", "{\"1514862245000000000\":\"x\"}");
    expect_json(MSGPACK, NULL, "81 a2 c3 28 00", "{\"wyg=\":0}"); /* a str that is no UTF-8 */
    expect_json(MSGPACK, NULL, "81 92 01 a1 0a 00", "{\"[1,\\\"\\\\n\\\"]\":0}");
    /* The same name twice stays twice. */
    expect_json(MSGPACK, NULL, "83 a1 61 01 a1 61 02 a0 03", "{\"a\":1,\"a\":2,\"\":3}");
    expect_encoded(MSGPACK, NULL, "{\"a\":1,\"a\":2,\"\":3}", "83a16101a16102a003");
    /* A key in a key in a key is still one; beyond that, and beyond 16 KiB, it is not. */
    expect_json(MSGPACK, NULL, "81 81 81 01 02 03 04", "{\"{\\\"{\\\\\\\"1\\\\\\\":2}\\\":3}\":4}");
    expect_fault(MSGPACK, NULL, "81 81 81 81 01 02 03 04 05", SCTX_PLUGIN_UNSUPPORTED, 4);
    unsigned char large[20000] = {0x81, 0xC5, 0x40, 0x00};
    large[4 + 0x4000] = 0x01;
    const struct decoded *d = decode(MSGPACK, NULL, large, 4 + 0x4000 + 1);
    cr_assert(d->status == SCTX_PLUGIN_UNSUPPORTED && d->off == 1);
    memset(large, 0x91, 40);
    large[0] = 0x81;
    large[40] = large[41] = 0xC0;
    d = decode(MSGPACK, NULL, large, 42);
    cr_assert(d->status == SCTX_PLUGIN_UNSUPPORTED && d->off == 1);
}

Test(msgpack, text_that_is_none) {
    const struct decoded *d = decode_hex(MSGPACK, NULL, "92 a2 c3 28 a3 ed a0 80");
    cr_assert(d->status == SCTX_PLUGIN_OK && d->findings == 0);
    cr_assert_str_eq(d->json, "[{\"$base64\":\"wyg=\"},{\"$base64\":\"7aCA\"}]");
    cr_assert_eq(at_path(d, "0")->flags, SCTX_GUESSED);
    static const char *const none[] = {"a1 80",          "a2 c0 80",       "a1 c3", "a3 e0 80 80", "a4 f0 80 80 80",
                                       "a4 f4 90 80 80", "a4 f5 80 80 80", "a1 ff", "a3 ed bf bf", "a2 61 e2"};
    for (size_t i = 0; i < COUNT(none); i++)
        cr_assert_eq(decode_hex(MSGPACK, NULL, none[i])->tree.nodes[0].type, SCTX_BYTES, "%s", none[i]);
    expect_json(MSGPACK, NULL, "a4 f4 8f bf bf", "\"\xf4\x8f\xbf\xbf\"");
    expect_json(MSGPACK, NULL, "a3 ed 9f bf", "\"\xed\x9f\xbf\"");
}

Test(msgpack, faults) {
    static const struct {
        const char *hex;
        int status;
        unsigned off;
    } faults[] = {
        {"", SCTX_PLUGIN_TRUNCATED, 0},
        {"c1", SCTX_PLUGIN_MALFORMED, 0},
        {"92 01 c1", SCTX_PLUGIN_MALFORMED, 2},
        {"81 c1 01", SCTX_PLUGIN_MALFORMED, 1},
        {"81 a1 61 c1", SCTX_PLUGIN_MALFORMED, 3},
        {"81 91 c1 00", SCTX_PLUGIN_MALFORMED, 2},
        {"00 00", SCTX_PLUGIN_MALFORMED, 1},
        {"90 c1", SCTX_PLUGIN_MALFORMED, 1},
        {"93 01 02", SCTX_PLUGIN_TRUNCATED, 3},
        {"81 a1 61", SCTX_PLUGIN_TRUNCATED, 3},
        {"81", SCTX_PLUGIN_TRUNCATED, 1},
        {"81 91", SCTX_PLUGIN_TRUNCATED, 2},
        {"cd 01", SCTX_PLUGIN_TRUNCATED, 2},
        {"a3 61 62", SCTX_PLUGIN_TRUNCATED, 3},
        {"81 a3 61 62", SCTX_PLUGIN_TRUNCATED, 4},
        {"c4", SCTX_PLUGIN_TRUNCATED, 1},
        {"c4 02 00", SCTX_PLUGIN_TRUNCATED, 3},
        {"c7 01", SCTX_PLUGIN_TRUNCATED, 2},
        {"d6 05 01 02", SCTX_PLUGIN_TRUNCATED, 4},
        /* Counts that nothing stands behind. */
        {"dd ff ff ff ff", SCTX_PLUGIN_TRUNCATED, 5},
        {"df ff ff ff ff", SCTX_PLUGIN_TRUNCATED, 5},
        {"df 80 00 00 00 01", SCTX_PLUGIN_TRUNCATED, 6},
        {"db ff ff ff ff 61", SCTX_PLUGIN_TRUNCATED, 6},
        {"c6 ff ff ff ff", SCTX_PLUGIN_TRUNCATED, 5},
        {"c9 ff ff ff ff 05 61", SCTX_PLUGIN_TRUNCATED, 7},
        /* spec.md, "Timestamp extension type": 32, 64 or 96 bits; "nanoseconds must not be larger than 999999999". */
        {"d4 ff 00", SCTX_PLUGIN_MALFORMED, 0},
        {"91 c7 00 ff", SCTX_PLUGIN_MALFORMED, 1},
        {"d7 ff ee 6b 28 00 00 00 00 00", SCTX_PLUGIN_MALFORMED, 2},
        {"c7 0c ff 3b 9a ca 00 00 00 00 00 00 00 00 00", SCTX_PLUGIN_MALFORMED, 3},
        {"d6 ff 00 00", SCTX_PLUGIN_TRUNCATED, 4},
    };
    for (size_t i = 0; i < COUNT(faults); i++) expect_fault(MSGPACK, NULL, faults[i].hex, faults[i].status, faults[i].off);
    cr_assert_str_eq(decode_hex(MSGPACK, NULL, "93 01 a1 61 c1")->json, "[1,\"a\"]"); /* what was right is kept */
}

Test(msgpack, spans) {
    const struct decoded *d = decode_hex(MSGPACK, NULL, "82 a1 61 93 01 cd 01 00 a2 78 79 a1 62 c7 03 05 0a 0b 0c");
    static const struct {
        const char *path;
        uint32_t off, len;
    } spans[] = {{"", 0, 19},   {"a", 3, 8},  {"a.0", 4, 1},       {"a.1", 5, 3},
                 {"a.2", 8, 3}, {"b", 13, 6}, {"b.$ext.0", 15, 1}, {"b.$ext.1", 16, 3}};
    for (size_t i = 0; i < COUNT(spans); i++) expect_span(d, spans[i].path, spans[i].off, spans[i].len);
}

Test(msgpack, depth) {
    static unsigned char nested[100000];
    memset(nested, 0x91, sizeof nested);
    nested[511] = 0x90;
    const struct decoded *d = decode(MSGPACK, NULL, nested, 512);
    cr_assert(d->status == SCTX_PLUGIN_OK && !d->cut && d->findings == 0 && d->tree.count == 512);
    nested[511] = 0x91;
    d = decode(MSGPACK, NULL, nested, sizeof nested);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->cut && d->findings == 0);
    nested[500] = 0x81; /* too deep within its key */
    d = decode(MSGPACK, NULL, nested, sizeof nested);
    cr_assert(d->status == SCTX_PLUGIN_UNSUPPORTED && d->off == 501 && d->findings == 0);
}

Test(msgpack, no_form) {
    static const struct {
        const char *json;
        unsigned off;
    } refused[] = {
        {"[18446744073709551616]", 1},
        {"[1,-9223372036854775809]", 3},
        {"1e309", 0},
        {"[-1e999]", 1},
        {"\"\\ud800\"", 0},
        {"{\"\\udc00\":1}", 10},
        {"{\"$ext\":[128,\"AA==\"]}", 9},
        {"{\"$ext\":[-129,\"AA==\"]}", 9},
        {"{\"$ext\":[-1,\"AAAAAA==\"]}", 9},
        {"{\"$time\":9223372036854775808000000000}", 9},
        {"{\"$time\":10000000000000000000000000000000}", 9},
    };
    for (size_t i = 0; i < COUNT(refused); i++) expect_refused(MSGPACK, NULL, refused[i].json, refused[i].off);
}

Test(msgpack, encode_numbers) {
    expect_encoded(MSGPACK, NULL, "1e0", "cb3ff0000000000000");
    expect_encoded(MSGPACK, NULL, "-0", "cb8000000000000000");
    expect_encoded(MSGPACK, NULL, "0.1", "cb3fb999999999999a");
    expect_encoded(MSGPACK, NULL, "1.7976931348623157e308", "cb7fefffffffffffff");
    expect_encoded(MSGPACK, NULL, "0.10000000000000000000000000000000000000000000000000000000000000000000000000001", "cb3fb999999999999a");
    /* spec.md, "int format family": int 64 where 32 bits are too few, whatever the lower half is. */
    expect_encoded(MSGPACK, NULL, "-2147483649", "d3ffffffff7fffffff");
    expect_encoded(MSGPACK, NULL, "-2208988800000000001", "d3e1581863df2effff");
    expect_encoded(MSGPACK, NULL, "-4294967297", "d3fffffffeffffffff");
    /* Words that are none: maps like any other. */
    expect_encoded(MSGPACK, NULL, "{\"$time\":\"x\"}", "81a52474696d65a178");
    expect_encoded(MSGPACK, NULL, "{\"$ext\":[1]}", "81a4246578749101");
}

Test(msgpack, sniff) {
    int (*const sniff)(const void *, size_t) = sctx_decoder_msgpack.sniff;
    static const struct {
        const char *hex;
        int sure;
    } looks[] = {{"81 a1 61 01", 50},
                 {"90", 50},
                 {"dc 00 01 c0", 50},
                 {"df 00 00 00 00", 50},
                 {"01", 0},
                 {"a1 61", 0},
                 {"93 01 02", 0},
                 {"90 00", 0},
                 {"91 c1", 0},
                 {"c0", 0},
                 {"", 0},
                 {"82 01 02 03 91 04", 50}};
    for (size_t i = 0; i < COUNT(looks); i++) {
        size_t len;
        unsigned char *bytes = bytes_from_hex(looks[i].hex, &len);
        cr_assert_eq(sniff(bytes, len), looks[i].sure, "%s", looks[i].hex);
        free(bytes);
    }
    /* It stops after 4096 items: what comes behind them is not looked at. */
    static unsigned char many[10000] = {0xDC, 0x20, 0x00};
    many[5000] = 0xC1;
    cr_assert_eq(sniff(many, sizeof many), 50);
    many[1000] = 0xC1;
    cr_assert_eq(sniff(many, sizeof many), 0);
}
