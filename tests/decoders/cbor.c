/* CBOR. Vectors: RFC 8949, Appendix A (as in github.com/cbor/test-vectors, appendix_a.json, without simple(24), which RFC 7049 had) and
 * Appendix F.1; the examples of section 3. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_cbor;
#define CBOR &sctx_decoder_cbor
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct vector {
    const char *hex, *json;
};

/* Those of Appendix A in preferred serialization: there and back. */
static const struct vector both_ways[] = {
    {"00", "0"},
    {"01", "1"},
    {"0a", "10"},
    {"17", "23"},
    {"1818", "24"},
    {"1819", "25"},
    {"1864", "100"},
    {"1903e8", "1000"},
    {"1a000f4240", "1000000"},
    {"1b000000e8d4a51000", "1000000000000"},
    {"1bffffffffffffffff", "18446744073709551615"},
    {"c249010000000000000000", "18446744073709551616"},
    {"3bffffffffffffffff", "-18446744073709551616"},
    {"c349010000000000000000", "-18446744073709551617"},
    {"20", "-1"},
    {"29", "-10"},
    {"3863", "-100"},
    {"3903e7", "-1000"},
    {"f90000", "0.0"},
    {"f98000", "-0.0"},
    {"f93c00", "1.0"},
    {"fb3ff199999999999a", "1.1"},
    {"f93e00", "1.5"},
    {"f97bff", "65504.0"},
    {"fa47c35000", "100000.0"},
    {"fa7f7fffff", "3.4028234663852886e+38"},
    {"fb7e37e43c8800759c", "1e+300"},
    {"f90001", "5.9604644775390625e-08"},
    {"f90400", "6.103515625e-05"},
    {"f9c400", "-4.0"},
    {"fbc010666666666666", "-4.1"},
    {"f97c00", "{\"$float\":\"inf\"}"},
    {"f97e00", "{\"$float\":\"nan\"}"},
    {"f9fc00", "{\"$float\":\"-inf\"}"},
    {"f4", "false"},
    {"f5", "true"},
    {"f6", "null"},
    {"f7", "{\"$simple\":23}"},
    {"f0", "{\"$simple\":16}"},
    {"f8ff", "{\"$simple\":255}"},
    {"c074323031332d30332d32315432303a30343a30305a", "{\"$tag\":[0,\"2013-03-21T20:04:00Z\"]}"},
    {"c11a514b67b0", "{\"$tag\":[1,1363896240]}"},
    {"c1fb41d452d9ec200000", "{\"$tag\":[1,1363896240.5]}"},
    {"d74401020304", "{\"$tag\":[23,{\"$base64\":\"AQIDBA==\"}]}"},
    {"d818456449455446", "{\"$tag\":[24,{\"$base64\":\"ZElFVEY=\"}]}"},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "{\"$tag\":[32,\"http://www.example.com\"]}"},
    {"40", "{\"$base64\":\"\"}"},
    {"4401020304", "{\"$base64\":\"AQIDBA==\"}"},
    {"60", "\"\""},
    {"6161", "\"a\""},
    {"6449455446", "\"IETF\""},
    {"62225c", "\"\\\"\\\\\""},
    {"62c3bc", "\"\xc3\xbc\""},
    {"63e6b0b4", "\"\xe6\xb0\xb4\""},
    {"64f0908591", "\"\xf0\x90\x85\x91\""},
    {"80", "[]"},
    {"83010203", "[1,2,3]"},
    {"8301820203820405", "[1,[2,3],[4,5]]"},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]"},
    {"a0", "{}"},
    {"a26161016162820203", "{\"a\":1,\"b\":[2,3]}"},
    {"826161a161626163", "[\"a\",{\"b\":\"c\"}]"},
    {"a56161614161626142616361436164614461656145", "{\"a\":\"A\",\"b\":\"B\",\"c\":\"C\",\"d\":\"D\",\"e\":\"E\"}"},
};

/* The others: there only. */
static const struct vector one_way[] = {
    {"fa7f800000", "{\"$float\":\"inf\"}"},
    {"fa7fc00000", "{\"$float\":\"nan\"}"},
    {"faff800000", "{\"$float\":\"-inf\"}"},
    {"fb7ff0000000000000", "{\"$float\":\"inf\"}"},
    {"fb7ff8000000000000", "{\"$float\":\"nan\"}"},
    {"fbfff0000000000000", "{\"$float\":\"-inf\"}"},
    {"a201020304", "{\"1\":2,\"3\":4}"},
    {"5f42010243030405ff", "{\"$base64\":\"AQIDBAU=\"}"},
    {"7f657374726561646d696e67ff", "\"streaming\""},
    {"9fff", "[]"},
    {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
    {"9f01820203820405ff", "[1,[2,3],[4,5]]"},
    {"83018202039f0405ff", "[1,[2,3],[4,5]]"},
    {"83019f0203ff820405", "[1,[2,3],[4,5]]"},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]"},
    {"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}"},
    {"826161bf61626163ff", "[\"a\",{\"b\":\"c\"}]"},
    {"bf6346756ef563416d7421ff", "{\"Fun\":true,\"Amt\":-2}"},
};

Test(cbor, appendix_a) {
    for (size_t i = 0; i < COUNT(both_ways); i++) {
        expect_json(CBOR, NULL, both_ways[i].hex, both_ways[i].json);
        expect_encoded(CBOR, NULL, both_ways[i].json, both_ways[i].hex);
    }
    for (size_t i = 0; i < COUNT(one_way); i++) expect_json(CBOR, NULL, one_way[i].hex, one_way[i].json);
}

/* Every beginning of a vector that is not all of it ends too early, and right there; every byte behind one is too many. */
Test(cbor, appendix_a_cut) {
    for (size_t i = 0; i < COUNT(both_ways) + COUNT(one_way); i++) {
        const char *hex = i < COUNT(both_ways) ? both_ways[i].hex : one_way[i - COUNT(both_ways)].hex;
        size_t len;
        unsigned char *bytes = bytes_from_hex(hex, &len);
        for (size_t cut = 0; cut < len; cut++) {
            const struct decoded *d = decode(CBOR, NULL, bytes, cut);
            cr_assert(d->status == SCTX_PLUGIN_TRUNCATED && d->off == cut && d->findings == 0, "%s, %zu: %d at %u", hex, cut, d->status,
                      d->off);
        }
        bytes = realloc(bytes, len + 1);
        cr_assert(bytes != NULL);
        bytes[len] = 0x00;
        const struct decoded *d = decode(CBOR, NULL, bytes, len + 1);
        cr_assert(d->status == SCTX_PLUGIN_MALFORMED && d->off == len, "%s and more: %d at %u", hex, d->status, d->off);
        free(bytes);
    }
}

struct fault {
    const char *hex;
    unsigned off;
};

/* F.1, "examples of CBOR data items that are not well-formed", kind 2: too little data. The offset is that of the missing byte. */
Test(cbor, appendix_f_too_little) {
    static const char *const inputs[] = {/* End of input in a head */
                                         "18", "19", "1a", "1b", "19 01", "1a 01 02", "1b 01 02 03 04 05 06 07", "38", "58", "78", "98",
                                         "9a 01 ff 00", "b8", "d8", "f8", "f9 00", "fa 00 00", "fb 00 00 00",
                                         /* Definite-length strings with short data */
                                         "41", "61", "5a ff ff ff ff 00", "5b ff ff ff ff ff ff ff ff 01 02 03", "7a ff ff ff ff 00",
                                         "7b 7f ff ff ff ff ff ff ff 01 02 03",
                                         /* Definite-length maps and arrays not closed with enough items */
                                         "81", "81 81 81 81 81 81 81 81 81", "82 00", "a1", "a2 01 02", "a1 00", "a2 00 00 00",
                                         /* Tag number not followed by tag content */
                                         "c0",
                                         /* Indefinite-length strings not closed by a "break" stop code */
                                         "5f 41 00", "7f 61 00",
                                         /* Indefinite-length maps and arrays not closed by a "break" stop code */
                                         "9f", "9f 01 02", "bf", "bf 01 02 01 02", "81 9f", "9f 80 00", "9f 9f 9f 9f 9f ff ff ff ff",
                                         "9f 81 9f 81 9f 9f ff ff ff",
                                         /* Not in F.1: nothing at all, and counts that nothing stands behind */
                                         "", "9b ff ff ff ff ff ff ff ff", "bb ff ff ff ff ff ff ff ff", "ba 80 00 00 00 01", "c2",
                                         "c2 5f 41 00", "5f 42 00"};
    for (size_t i = 0; i < COUNT(inputs); i++) {
        size_t len;
        free(bytes_from_hex(inputs[i], &len));
        expect_fault(CBOR, NULL, inputs[i], SCTX_PLUGIN_TRUNCATED, len);
    }
}

/* F.1, kind 3: syntax errors, subkinds 1 to 5. */
Test(cbor, appendix_f_syntax) {
    static const struct fault faults[] = {/* 1: reserved additional information values */
                                          {"1c", 0},
                                          {"1d", 0},
                                          {"1e", 0},
                                          {"3c", 0},
                                          {"3d", 0},
                                          {"3e", 0},
                                          {"5c", 0},
                                          {"5d", 0},
                                          {"5e", 0},
                                          {"7c", 0},
                                          {"7d", 0},
                                          {"7e", 0},
                                          {"9c", 0},
                                          {"9d", 0},
                                          {"9e", 0},
                                          {"bc", 0},
                                          {"bd", 0},
                                          {"be", 0},
                                          {"dc", 0},
                                          {"dd", 0},
                                          {"de", 0},
                                          {"fc", 0},
                                          {"fd", 0},
                                          {"fe", 0},
                                          /* 2: reserved two-byte encodings of simple values */
                                          {"f8 00", 1},
                                          {"f8 01", 1},
                                          {"f8 18", 1},
                                          {"f8 1f", 1},
                                          /* 3: chunks not of the correct type, or not of definite length */
                                          {"5f 00 ff", 1},
                                          {"5f 21 ff", 1},
                                          {"5f 61 00 ff", 1},
                                          {"5f 80 ff", 1},
                                          {"5f a0 ff", 1},
                                          {"5f c0 00 ff", 1},
                                          {"5f e0 ff", 1},
                                          {"7f 41 00 ff", 1},
                                          {"5f 5f 41 00 ff ff", 1},
                                          {"7f 7f 61 00 ff ff", 1},
                                          /* 4: break on its own, in something of definite length, in the position of a value */
                                          {"ff", 0},
                                          {"81 ff", 1},
                                          {"82 00 ff", 2},
                                          {"a1 ff", 1},
                                          {"a1 ff 00", 1},
                                          {"a1 00 ff", 2},
                                          {"a2 00 00 ff", 3},
                                          {"9f 81 ff", 2},
                                          {"9f 82 9f 81 9f 9f ff ff ff ff", 9},
                                          {"bf 00 ff", 2},
                                          {"bf 00 00 00 ff", 4},
                                          /* 5: major types 0, 1 and 6 with additional information 31 */
                                          {"1f", 0},
                                          {"3f", 0},
                                          {"df", 0},
                                          /* Not in F.1, but the same errors further in */
                                          {"83 01 02 1c", 3},
                                          {"a1 61 61 f8 10", 4},
                                          {"c1 ff", 1},
                                          {"d9 d9 f7 ff", 3},
                                          {"bf 61 61 01 5f 01", 5},
                                          {"9f 5f 41 00 61 00 ff ff", 4},
                                          {"c2 5f 61 00 ff", 2},
                                          {"c2 ff", 1},
                                          {"c2 1c", 1},
                                          {"00 00", 1},
                                          {"a0 ff", 1},
                                          {"9f ff ff", 2},
                                          {"a1 1e 00", 1},
                                          {"a1 9f 01 fd", 3}};
    for (size_t i = 0; i < COUNT(faults); i++) expect_fault(CBOR, NULL, faults[i].hex, SCTX_PLUGIN_MALFORMED, faults[i].off);
}

/* github.com/cbor/test-vectors, fail.json: every first byte, and what may not follow it. */
Test(cbor, heads_that_are_none) {
    for (unsigned first = 0; first <= 0xFF; first++) {
        unsigned info = first & 31, major = first >> 5;
        bool is_none = (info >= 28 && info <= 30) || (info == 31 && (major < 2 || major == 6 || major == 7));
        static const unsigned char within[] = {0x5F, 0x7F, 0x9F, 0xBF};
        unsigned char bytes[2] = {(unsigned char)first};
        const struct decoded *d = decode(CBOR, NULL, bytes, 1);
        cr_assert((d->status == SCTX_PLUGIN_MALFORMED) == is_none && (!is_none || d->off == 0), "%02x: %d at %u", first, d->status, d->off);
        for (size_t i = 0; i < COUNT(within); i++) {
            bytes[0] = within[i];
            bytes[1] = (unsigned char)first;
            bool is_string = i < 2, is_own = major == (i == 0 ? 2 : 3) && info < 31;
            bool is_wrong = is_string ? !is_own : is_none;
            if (first == 0xFF) is_wrong = false; /* the end of it */
            d = decode(CBOR, NULL, bytes, 2);
            /* A head that is cut off is too short before it is of the wrong type. */
            bool is_cut = is_string && info >= 24 && info <= 27;
            if (is_cut) is_wrong = false;
            if (is_string && !is_own && major >= 2 && major <= 3 && info < 31 && info > 0) is_wrong = false;
            cr_assert((d->status == SCTX_PLUGIN_MALFORMED) == (is_wrong || (is_string && is_none && first != 0xFF)), "%02x %02x: %d at %u",
                      within[i], first, d->status, d->off);
            if (d->status == SCTX_PLUGIN_MALFORMED) cr_assert_eq(d->off, 1);
        }
    }
    for (unsigned value = 0; value <= 0xFF; value++) { /* f8 00 to f8 1f */
        const unsigned char bytes[] = {0xF8, (unsigned char)value};
        cr_assert_eq(decode(CBOR, NULL, bytes, 2)->status, value < 32 ? SCTX_PLUGIN_MALFORMED : SCTX_PLUGIN_OK);
    }
}

/* Section 3.2.3 and 5.3.1: text is UTF-8, chunk by chunk. The offset is that of the first byte that is not. */
Test(cbor, text_that_is_none) {
    static const struct fault faults[] = {{"61 80", 1},
                                          {"62 c0 80", 1},
                                          {"61 c3", 1},
                                          {"62 61 ff", 2},
                                          {"63 ed a0 80", 1},
                                          {"64 61 e6 b0 61", 2},
                                          {"64 f4 90 80 80", 1},
                                          {"81 63 61 62 80", 4},
                                          {"a1 61 c3 00", 2},
                                          {"a1 61 61 61 80", 4},
                                          {"7f 61 c3 61 bc ff", 2} /* one character in two chunks */,
                                          {"7f 62 61 61 62 61 80 ff", 6},
                                          {"a1 7f 61 61 61 ff ff 00", 5}};
    for (size_t i = 0; i < COUNT(faults); i++) expect_fault(CBOR, NULL, faults[i].hex, SCTX_PLUGIN_MALFORMED, faults[i].off);
    cr_assert_str_eq(decode_hex(CBOR, NULL, "82 01 61 80")->json, "[1]"); /* what was right is kept */
}

Test(cbor, section_3) {
    /* 3.1: 500, -500; a string of 5 bytes, an array of 10, a map of 9 pairs have heads 45, 8a, a9 */
    expect_json(CBOR, NULL, "19 01f4", "500");
    expect_json(CBOR, NULL, "39 01f3", "-500");
    expect_json(CBOR, NULL, "45 00 00 00 00 00", "{\"$base64\":\"AAAAAAA=\"}");
    expect_json(CBOR, NULL, "8a 00 00 00 00 00 00 00 00 00 00", "[0,0,0,0,0,0,0,0,0,0]");
    /* 3.2.2 */
    expect_json(CBOR, NULL, "9f 01 82 02 03 9f 04 05 ff ff", "[1,[2,3],[4,5]]");
    expect_json(CBOR, NULL, "bf 63 46756e f5 63 416d74 21 ff", "{\"Fun\":true,\"Amt\":-2}");
    /* 3.2.3 */
    expect_json(CBOR, NULL, "5f 44 aabbccdd 43 eeff99 ff", "{\"$base64\":\"qrvM3e7/mQ==\"}");
    /* 3.4.3: 18446744073709551616 */
    expect_json(CBOR, NULL, "c2 49 010000000000000000", "18446744073709551616");
    /* 3.4.4: a decimal fraction, a bigfloat */
    expect_json(CBOR, NULL, "c4 82 21 19 6ab3", "{\"$tag\":[4,[-2,27315]]}");
    expect_json(CBOR, NULL, "c5 82 20 03", "{\"$tag\":[5,[-1,3]]}");
    /* 3.4.6: self-described CBOR */
    expect_json(CBOR, NULL, "d9 d9f7 80", "{\"$tag\":[55799,[]]}");
    /* 4.2.2: forms that are longer than they need be are well-formed */
    expect_json(CBOR, NULL, "18 00", "0");
    expect_json(CBOR, NULL, "1b 0000000000000001", "1");
    expect_json(CBOR, NULL, "3b 0000000000000000", "-1");
    expect_json(CBOR, NULL, "5b 0000000000000001 aa", "{\"$base64\":\"qg==\"}");
    expect_json(CBOR, NULL, "db 0000000000000006 00", "{\"$tag\":[6,0]}");
    expect_json(CBOR, NULL, "db ffffffffffffffff 00", "{\"$tag\":[18446744073709551615,0]}");
    expect_encoded(CBOR, NULL, "{\"$tag\":[18446744073709551615,0]}", "dbffffffffffffffff00");
}

Test(cbor, chunks) {
    expect_json(CBOR, NULL, "5f ff", "{\"$base64\":\"\"}");
    expect_json(CBOR, NULL, "7f ff", "\"\"");
    expect_json(CBOR, NULL, "7f 60 61 61 60 62 c3bc ff", "\"a\xc3\xbc\"");
    expect_json(CBOR, NULL, "82 7f 61 61 61 62 ff 7f 61 63 ff", "[\"ab\",\"c\"]");
    expect_json(CBOR, NULL, "bf 7f 61 61 61 62 ff 7f 61 63 61 64 ff ff", "{\"ab\":\"cd\"}");
}

/* 3.4.3: the content is an unsigned integer n, most significant byte first; tag 3 is -1 - n. */
Test(cbor, bignums) {
    expect_json(CBOR, NULL, "c2 40", "0");
    expect_json(CBOR, NULL, "c3 40", "-1");
    expect_json(CBOR, NULL, "c2 41 05", "5");
    expect_json(CBOR, NULL, "c2 43 00 01 00", "256");
    expect_json(CBOR, NULL, "c2 48 ffffffffffffffff", "18446744073709551615");
    expect_json(CBOR, NULL, "c3 48 7fffffffffffffff", "-9223372036854775808");
    expect_json(CBOR, NULL, "c3 48 8000000000000000", "-9223372036854775809");
    expect_json(CBOR, NULL, "3b 8000000000000000", "-9223372036854775809");
    expect_encoded(CBOR, NULL, "-9223372036854775809", "3b8000000000000000");
    expect_json(CBOR, NULL, "c3 48 ffffffffffffffff", "-18446744073709551616");
    expect_json(CBOR, NULL, "c2 5f 41 01 48 0000000000000000 ff", "18446744073709551616");
    /* 2^96 and 2^128, by the powers of two */
    static const struct vector powers[] = {{"c24d01000000000000000000000000", "79228162514264337593543950336"},
                                           {"c250ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455"},
                                           {"c25101 00000000000000000000000000000000", "340282366920938463463374607431768211456"},
                                           {"c350ffffffffffffffffffffffffffffffff", "-340282366920938463463374607431768211456"}};
    for (size_t i = 0; i < COUNT(powers); i++) expect_json(CBOR, NULL, powers[i].hex, powers[i].json);
    expect_encoded(CBOR, NULL, powers[0].json, powers[0].hex);
    expect_encoded(CBOR, NULL, powers[1].json, powers[1].hex);
    expect_encoded(CBOR, NULL, powers[3].json, powers[3].hex);
    expect_encoded(CBOR, NULL, "1000000000000000000000", "c2493635c9adc5dea00000"); /* 10^21 = 0x3635c9adc5dea00000 */
    /* Without bytes it is a tag like any other. */
    expect_json(CBOR, NULL, "c2 05", "{\"$tag\":[2,5]}");
    expect_json(CBOR, NULL, "c3 61 61", "{\"$tag\":[3,\"a\"]}");
}

/* 10^2465 has 1024 bytes. What has more stays a tag. */
Test(cbor, largest_bignum) {
    static unsigned char bytes[2000] = {0xC2, 0x59, 0x04, 0x00};
    memset(bytes + 4, 0xFF, 1025);
    const struct decoded *d = decode(CBOR, NULL, bytes, 4 + 1024);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->tree.nodes[0].type == SCTX_NUMBER && d->findings == 0);
    cr_assert_eq(strlen(d->json), 2467);                                      /* floor(8192 * log10(2)) + 1 */
    cr_assert(strncmp(d->json, "10907481356194", 14) == 0, "%.20s", d->json); /* 2^8192 = 1.0907481356194159e2466 */
    char *json = strdup(d->json);
    const struct encoded *e = encode(CBOR, NULL, json);
    cr_assert(e->status == SCTX_PLUGIN_OK && e->len == 4 + 1024 && memcmp(e->data, bytes, e->len) == 0);
    bytes[0] = 0xC3;
    d = decode(CBOR, NULL, bytes, 4 + 1024);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->json[0] == '-' && strlen(d->json) == 2468);
    json = realloc(json, 3000);
    cr_assert(json != NULL);
    memcpy(json, d->json, 2469);
    e = encode(CBOR, NULL, json);
    cr_assert(e->status == SCTX_PLUGIN_OK && e->len == 4 + 1024 && memcmp(e->data, bytes, e->len) == 0);
    bytes[0] = 0xC2;
    bytes[3] = 0x01;
    d = decode(CBOR, NULL, bytes, 4 + 1025);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->tree.nodes[0].type == SCTX_OBJECT);
    memset(json, '9', 2468);
    json[2468] = '\0';
    e = encode(CBOR, NULL, json);
    cr_assert(e->status == SCTX_PLUGIN_UNSUPPORTED && e->off == 0);
    free(json);
}

/* 4.1: the shortest form that keeps the value. Bit patterns: IEEE 754. */
Test(cbor, shortest_floats) {
    static const struct vector floats[] = {
        {"f903ff", "6.097555160522461e-05"},      /* the largest subnormal half: 1023 * 2^-24 */
        {"f98001", "-5.9604644775390625e-08"},     /* -2^-24 */
        {"fa33000000", "2.9802322387695312e-08"}, /* 2^-25: too small for a half */
        {"fa33c00000", "8.940696716308594e-08"},  /* 1.5 * 2^-24: between two halves */
        {"fa47800000", "65536.0"},
        {"fa477ff000", "65520.0"},       /* above the largest half */
        {"fa3f801000", "1.00048828125"}, /* 1 + 2^-11 */
        {"f93c01", "1.0009765625"},      /* 1 + 2^-10 */
        {"fa00000001", "1.401298464324817e-45"},
        {"fb36a0000000000001", "1.4012984643248174e-45"},
        {"fb47efffffe0000001", "3.402823466385289e+38"},
        {"fb0000000000000001", "5e-324"},
        {"fb7fefffffffffffff", "1.7976931348623157e+308"},
        {"fa4f000000", "2147483648.0"},
    };
    for (size_t i = 0; i < COUNT(floats); i++) expect_encoded(CBOR, NULL, floats[i].json, floats[i].hex);
    /* A float stays a float. */
    expect_encoded(CBOR, NULL, "1e0", "f93c00");
    expect_encoded(CBOR, NULL, "1", "01");
    expect_encoded(CBOR, NULL, "-0", "f98000");
    expect_encoded(CBOR, NULL, "0", "00");
    expect_encoded(CBOR, NULL, "0.1000000000000000000000000000000000000000000000000000000000000000000000", "fb3fb999999999999a");
    /* All halves: what they decode to, encoded, is the same half. */
    for (unsigned half = 0; half <= 0xFFFF; half++) {
        if ((half & 0x7C00) == 0x7C00 && (half & 0x3FF) != 0) continue; /* there are many NaNs, and one is written */
        const unsigned char bytes[] = {0xF9, (unsigned char)(half >> 8), (unsigned char)half};
        char *json = strdup(decode(CBOR, NULL, bytes, 3)->json);
        const struct encoded *e = encode(CBOR, NULL, json);
        cr_assert(e->len == 3 && memcmp(e->data, bytes, 3) == 0, "%04x: %s became %s", half, json, e->hex);
        free(json);
    }
}

Test(cbor, keys) {
    /* Text as it is; all else as text: scalars plainly, bytes in base64, containers and tags as JSON. */
    expect_json(CBOR, NULL, "a8 f6 01 f5 02 0c 03 f93e00 04 42 00ff 05 29 06 3bffffffffffffffff 07 c249010000000000000000 08",
                "{\"null\":1,\"true\":2,\"12\":3,\"1.5\":4,\"AP8=\":5,\"-10\":6,\"-18446744073709551616\":7,\"18446744073709551616\":8}");
    expect_json(CBOR, NULL, "a1 9f 01 61 22 41 ff ff 00", "{\"[1,\\\"\\\\\\\"\\\",{\\\"$base64\\\":\\\"/w==\\\"}]\":0}");
    expect_json(CBOR, NULL, "a2 f7 00 c1 05 00", "{\"{\\\"$simple\\\":23}\":0,\"{\\\"$tag\\\":[1,5]}\":0}");
    expect_json(CBOR, NULL, "a2 f97e00 00 81 f9fc00 00", "{\"nan\":0,\"[{\\\"$float\\\":\\\"-inf\\\"}]\":0}");
    /* Duplicates stay. */
    expect_json(CBOR, NULL, "a3 61 61 01 61 61 02 60 03", "{\"a\":1,\"a\":2,\"\":3}");
    expect_encoded(CBOR, NULL, "{\"a\":1,\"a\":2,\"\":3}", "a36161016161026003");
    expect_json(CBOR, NULL, "a1 a1 a1 01 02 03 04", "{\"{\\\"{\\\\\\\"1\\\\\\\":2}\\\":3}\":4}");
    expect_fault(CBOR, NULL, "a1 a1 a1 a1 01 02 03 04 05", SCTX_PLUGIN_UNSUPPORTED, 4);
    static unsigned char large[20000] = {0xA1, 0x59, 0x40, 0x00};
    const struct decoded *d = decode(CBOR, NULL, large, 4 + 0x4000 + 1);
    cr_assert(d->status == SCTX_PLUGIN_UNSUPPORTED && d->off == 1 && d->findings == 0);
}

Test(cbor, labels) {
    const struct decoded *d = decode_hex(CBOR, NULL, "84 c1 05 c1 81 06 c0 07 c1 f93e00");
    static const struct { const char *path, *unit; } units[] = {{"0.$tag.1", "s"}, {"1.$tag.1.0", ""}, {"2.$tag.1", ""}, {"3.$tag.1", "s"}};
    for (size_t i = 0; i < COUNT(units); i++) {
        sctx_str label = tree_str(&d->tree, at_path(d, units[i].path)->label);
        cr_assert(label.n == strlen(units[i].unit) && memcmp(label.p, units[i].unit, label.n) == 0, "%s", units[i].path);
    }
}

Test(cbor, spans) {
    const struct decoded *d =
        decode_hex(CBOR, NULL, "bf 61 61 9f 01 19 0100 ff 61 62 d818 42 aabb 61 63 7f 61 78 ff 61 64 f7 61 65 c241 05 ff");
    static const struct {
        const char *path;
        uint32_t off, len;
    } spans[] = {{"", 0, 31},         {"a", 3, 6},  {"a.0", 4, 1}, {"a.1", 5, 3},        {"b", 11, 5}, {"b.$tag.0", 11, 2},
                 {"b.$tag.1", 13, 3}, {"c", 18, 4}, {"d", 24, 1},  {"d.$simple", 24, 1}, {"e", 27, 3}};
    for (size_t i = 0; i < COUNT(spans); i++) expect_span(d, spans[i].path, spans[i].off, spans[i].len);
}

Test(cbor, depth) {
    static unsigned char nested[100000];
    memset(nested, 0x81, sizeof nested);
    nested[511] = 0x80;
    const struct decoded *d = decode(CBOR, NULL, nested, 512);
    cr_assert(d->status == SCTX_PLUGIN_OK && !d->cut && d->findings == 0 && d->tree.count == 512);
    static const unsigned char heads[] = {0x81, 0x9F, 0xC1, 0xC2};
    for (size_t i = 0; i < sizeof heads; i++) {
        memset(nested, heads[i], sizeof nested);
        d = decode(CBOR, NULL, nested, sizeof nested);
        cr_assert(d->status == SCTX_PLUGIN_OK && d->cut && d->findings == 0, "%02x: %d, %x", heads[i], d->status, d->findings);
    }
    memset(nested, 0x81, sizeof nested);
    nested[500] = 0xA1; /* too deep within its key */
    d = decode(CBOR, NULL, nested, sizeof nested);
    cr_assert(d->status == SCTX_PLUGIN_UNSUPPORTED && d->off == 501 && d->findings == 0);
}

Test(cbor, no_form) {
    static const struct {
        const char *json;
        unsigned off;
    } refused[] = {
        {"1e309", 0},
        {"[-1e999]", 1},
        {"\"\\ud800\"", 0},
        {"{\"\\udc00\":1}", 10},
        {"{\"$simple\":24}", 11},
        {"{\"$simple\":31}", 11},
        {"{\"$simple\":256}", 11},
        {"{\"$simple\":20}", 11},
        {"{\"$tag\":[2,{\"$base64\":\"AQ==\"}]}", 11},
    };
    for (size_t i = 0; i < COUNT(refused); i++) expect_refused(CBOR, NULL, refused[i].json, refused[i].off);
    /* Words that are none: maps like any other. */
    expect_encoded(CBOR, NULL, "{\"$simple\":-1}", "a1672473696d706c6520");
    expect_encoded(CBOR, NULL, "{\"$tag\":[1]}", "a164247461678101");
    expect_encoded(CBOR, NULL, "{\"$simple\":32}", "f820");
    expect_encoded(CBOR, NULL, "{\"$simple\":0}", "e0");
}

Test(cbor, sniff) {
    int (*const sniff)(const void *, size_t) = sctx_decoder_cbor.sniff;
    static const struct {
        const char *hex;
        int sure;
    } looks[] = {
        {"a1 61 61 01", 55}, {"80", 55},   {"9f ff", 55}, {"c1 05", 55}, {"d9d9f7 01", 95}, {"d9d9f7", 0}, {"01", 0},
        {"61 61", 0},        {"83 01", 0}, {"80 00", 0},  {"81 1c", 0},  {"f6", 0},         {"", 0},       {"a1 a1 01 02 7f 61 61 ff", 55}};
    for (size_t i = 0; i < COUNT(looks); i++) {
        size_t len;
        unsigned char *bytes = bytes_from_hex(looks[i].hex, &len);
        cr_assert_eq(sniff(bytes, len), looks[i].sure, "%s", looks[i].hex);
        free(bytes);
    }
    /* It stops after 4096 items: what comes behind them is not looked at. */
    static unsigned char many[10000] = {0x99, 0x20, 0x00};
    many[5000] = 0xFF;
    cr_assert_eq(sniff(many, sizeof many), 55);
    many[1000] = 0xFF;
    cr_assert_eq(sniff(many, sizeof many), 0);
}
