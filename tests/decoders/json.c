/* JSON: all of JSONTestSuite, the examples of RFC 8259, and where exactly it is that something is wrong. */
#include "json_suite.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

extern const sctx_plugin sctx_decoder_json;

static const sctx_plugin *const json = &sctx_decoder_json;

/* ---- JSONTestSuite ---------------------------------------------------------------------------------------------------------- */

Test(json, suite) {
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++) {
        const struct suite_case *c = &suite[i];
        const struct decoded *d = decode(json, NULL, c->text, c->len);
        cr_expect_eq(d->findings, 0, "%s", c->name);
        if (c->json != NULL)
            cr_expect(d->status == SCTX_PLUGIN_OK && strcmp(d->json, c->json) == 0, "%s: status %d at %u (%s)\n  got  %s\n  want %s",
                      c->name, d->status, d->off, d->why, d->json, c->json);
        else
            cr_expect(d->status == SCTX_PLUGIN_TRUNCATED || d->status == SCTX_PLUGIN_MALFORMED, "%s: status %d", c->name, d->status);
    }
}

/* What stands before the offset of a fault could still have become JSON; all of it could, if and only if it is truncated. */
Test(json, suite_offsets) {
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++) {
        const struct suite_case *c = &suite[i];
        if (c->json != NULL) continue;
        const struct decoded *d = decode(json, NULL, c->text, c->len);
        size_t off = d->off;
        cr_expect_eq(d->status, off == c->len ? SCTX_PLUGIN_TRUNCATED : SCTX_PLUGIN_MALFORMED, "%s: status %d at %zu", c->name, d->status,
                     off);
        d = decode(json, NULL, c->text, off);
        cr_expect(d->status == SCTX_PLUGIN_OK || (d->status == SCTX_PLUGIN_TRUNCATED && d->off == off),
                  "%s: wrong at %zu, but before that already at %u", c->name, off, d->off);
    }
}

/* i_structure_500_nested_arrays */
Test(json, nested) {
    char text[1001] = "";
    memset(text, '[', 500);
    memset(text + 500, ']', 500);
    expect_text(json, NULL, text, text);
}

/* n_structure_100000_opening_arrays, n_structure_open_array_object: what is deeper than can be shown is not looked at, so they are cut. */
Test(json, too_deep) {
    static const char *const units[] = {"[", "[{\"\":"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t len = strlen(units[i]), count = 100000 / len;
        char *text = malloc(count * len);
        cr_assert_not_null(text);
        for (size_t k = 0; k < count; k++) memcpy(text + k * len, units[i], len);
        const struct decoded *d = decode(json, NULL, text, count * len);
        cr_assert(d->status == SCTX_PLUGIN_OK && d->cut && d->findings == 0);
        cr_assert_eq(d->tree.count, SCTX_PLUGIN_DEPTH_MAX);
        free(text);
    }
}

/* A host that wants no tree does not count; the decoder stops nevertheless. */
Test(json, too_deep_without_a_tree) {
    size_t len = 8u << 20;
    char *text = malloc(len);
    cr_assert_not_null(text);
    memset(text, '[', len);
    struct tree tree;
    struct tree_builder builder;
    tree_init(&tree, (struct tree_limits){0, 0});
    tree_build(&builder, &tree, 0, len);
    tree_built(&builder, json->decode(NULL, text, len, &builder.out));
    cr_assert_eq(tree.status, SCTX_PLUGIN_OK);
    cr_assert_eq(tree.count, 0);
    free(text);
    tree_free(&tree);
}

Test(json, exactly_as_deep_as_allowed) {
    char text[2 * SCTX_PLUGIN_DEPTH_MAX + 1] = "";
    memset(text, '[', SCTX_PLUGIN_DEPTH_MAX);
    memset(text + SCTX_PLUGIN_DEPTH_MAX, ']', SCTX_PLUGIN_DEPTH_MAX);
    expect_text(json, NULL, text, text);
}

/* ---- RFC 8259, section 13 --------------------------------------------------------------------------------------------------- */

Test(json, rfc_object) {
    expect_text(
        json, NULL,
        "{\n  \"Image\": {\n      \"Width\":  800,\n      \"Height\": 600,\n      \"Title\":  \"View from 15th Floor\",\n"
        "      \"Thumbnail\": {\n          \"Url\":    \"http://www.example.com/image/481989943\",\n          \"Height\": 125,\n"
        "          \"Width\":  100\n      },\n      \"Animated\" : false,\n      \"IDs\": [116, 943, 234, 38793]\n    }\n}\n",
        "{\"Image\":{\"Width\":800,\"Height\":600,\"Title\":\"View from 15th Floor\",\"Thumbnail\":{\"Url\":"
        "\"http://www.example.com/image/481989943\",\"Height\":125,\"Width\":100},\"Animated\":false,\"IDs\":[116,943,234,38793]}}");
}

Test(json, rfc_array) {
    expect_text(
        json, NULL,
        "[\n  {\n     \"precision\": \"zip\",\n     \"Latitude\":  37.7668,\n     \"Longitude\": -122.3959,\n     \"Address\":   \"\",\n"
        "     \"City\":      \"SAN FRANCISCO\",\n     \"State\":     \"CA\",\n     \"Zip\":       \"94107\",\n     \"Country\":   \"US\"\n"
        "  },\n  {\n     \"precision\": \"zip\",\n     \"Latitude\":  37.371991,\n     \"Longitude\": -122.026020,\n"
        "     \"Address\":   \"\",\n     \"City\":      \"SUNNYVALE\",\n     \"State\":     \"CA\",\n     \"Zip\":       \"94085\",\n"
        "     \"Country\":   \"US\"\n  }\n]",
        "[{\"precision\":\"zip\",\"Latitude\":37.7668,\"Longitude\":-122.3959,\"Address\":\"\",\"City\":\"SAN FRANCISCO\",\"State\":"
        "\"CA\",\"Zip\":\"94107\",\"Country\":\"US\"},{\"precision\":\"zip\",\"Latitude\":37.371991,\"Longitude\":-122.026020,"
        "\"Address\":\"\",\"City\":\"SUNNYVALE\",\"State\":\"CA\",\"Zip\":\"94085\",\"Country\":\"US\"}]");
}

Test(json, rfc_values_alone) {
    expect_text(json, NULL, "\"Hello world!\"", "\"Hello world!\"");
    expect_text(json, NULL, "42", "42");
    expect_text(json, NULL, "true", "true");
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

/* RFC 8259, section 7: the G clef; escapes in a name and in its value at once. */
Test(json, escapes) {
    expect_text(json, NULL, "\"\\uD834\\uDD1E\"", "\"\xF0\x9D\x84\x9E\"");
    expect_text(json, NULL, "{\"\\u0061b\":\"\\u0063d\",\"\\t\":{\"\\/\":\"\\u00e9\"}}",
                "{\"ab\":\"cd\",\"\\u0009\":{\"/\":\"\xC3\xA9\"}}");
    expect_text(json, NULL, "\"\\ud83d\\ude00\\ud800\"", "\"\xf0\x9f\x98\x80\\ud800\"");
}

Test(json, numbers) {
    static const struct {
        const char *text;
        int type;
    } cases[] = {
        {"0", SCTX_I64},
        {"-1", SCTX_I64},
        {"9223372036854775807", SCTX_I64},
        {"9223372036854775808", SCTX_U64},
        {"18446744073709551615", SCTX_U64},
        {"18446744073709551616", SCTX_NUMBER},
        {"18446744073709551620", SCTX_NUMBER},
        {"99999999999999999999999999999999999999999", SCTX_NUMBER},
        {"-9223372036854775808", SCTX_I64},
        {"-9223372036854775809", SCTX_NUMBER},
        {"-0", SCTX_NUMBER},
        {"1.0", SCTX_NUMBER},
        {"1.000000000000000005", SCTX_NUMBER},
        {"1E-999", SCTX_NUMBER},
        {"1E400", SCTX_NUMBER},
        {"3.141592653589793238462643383279", SCTX_NUMBER}, /* RFC 8259, section 6 */
        {"-0.0e-0", SCTX_NUMBER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct decoded *d = decode_text(json, NULL, cases[i].text);
        cr_assert_eq(d->status, SCTX_PLUGIN_OK, "%s", cases[i].text);
        cr_assert_eq(d->tree.nodes[0].type, cases[i].type, "%s: %s", cases[i].text, tree_type_name(d->tree.nodes[0].type));
        cr_assert_str_eq(d->json, cases[i].text);
    }
}

Test(json, names_may_come_twice) {
    expect_text(json, NULL, "{\"a\":1,\"a\":null,\"\":0,\"a\":1}", "{\"a\":1,\"a\":null,\"\":0,\"a\":1}");
}

Test(json, spans) {
    const struct decoded *d = decode_text(json, NULL, " {\"a\\u0062\" : [1, \"x\" , true],\t\"b\":{ }, \"c\":-1.5}\n");
    expect_span(d, "", 1, 48);
    expect_span(d, "ab", 14, 15);
    expect_span(d, "ab.0", 15, 1);
    expect_span(d, "ab.1", 18, 3);
    expect_span(d, "ab.2", 24, 4);
    expect_span(d, "b", 35, 3);
    expect_span(d, "c", 44, 4);
}

/* Time in proportion to the length: 8 MiB of what could be read again and again. */
Test(json, long_inputs, .timeout = 20) {
    static const char *const units[] = {"\\ud800", "\\\\", "\xC3\xA9", "9"};
    size_t len = 8u << 20;
    char *text = malloc(len);
    cr_assert_not_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]), at = 1;
        for (; at + unit < len; at += unit) memcpy(text + at, units[i], unit);
        text[0] = *units[i] == '9' ? '-' : '"';
        text[at] = *units[i] == '9' ? '9' : '"';
        const struct decoded *d = decode(json, NULL, text, at + 1);
        cr_assert_eq(d->status, SCTX_PLUGIN_OK, "%s: %d at %u (%s)", units[i], d->status, d->off, d->why);
    }
    free(text);
}

/* ---- faults ----------------------------------------------------------------------------------------------------------------- */

Test(json, faults) {
    enum { CUT = SCTX_PLUGIN_TRUNCATED, BAD = SCTX_PLUGIN_MALFORMED };
    static const struct {
        const char *text;
        size_t len;
        int status;
        uint32_t off;
    } cases[] = {
        {BYTES(""), CUT, 0},
        {BYTES(" \n"), CUT, 2},
        {BYTES("[1,]"), BAD, 3},
        {BYTES("[1 2]"), BAD, 3},
        {BYTES("[1}"), BAD, 2},
        {BYTES("{\"a\":1]"), BAD, 6},
        {BYTES("{\"a\":1,}"), BAD, 7},
        {BYTES("{\"a\" 1}"), BAD, 5},
        {BYTES("{a:1}"), BAD, 1},
        {BYTES("{\"a\""), CUT, 4},
        {BYTES("{\"a\":"), CUT, 5},
        {BYTES("[1,"), CUT, 3},
        {BYTES("[1"), CUT, 2},
        {BYTES("{} {}"), BAD, 3},
        {BYTES("1\0"), BAD, 1},
        {BYTES("nul"), CUT, 3},
        {BYTES("nuLl"), BAD, 2},
        {BYTES("nulll"), BAD, 4},
        {BYTES("01"), BAD, 1},
        {BYTES("-01"), BAD, 2},
        {BYTES("-"), CUT, 1},
        {BYTES("-x"), BAD, 1},
        {BYTES("1."), CUT, 2},
        {BYTES("1.e1"), BAD, 2},
        {BYTES("1e+"), CUT, 3},
        {BYTES("[1e+]"), BAD, 4},
        {BYTES("+1"), BAD, 0},
        {BYTES("'a'"), BAD, 0},
        {BYTES("\"ab"), CUT, 3},
        {BYTES("\"a\tb\""), BAD, 2},
        {BYTES("\"a\0b\""), BAD, 2},
        {BYTES("\"a\\"), CUT, 3},
        {BYTES("\"a\\x\""), BAD, 3},
        {BYTES("\"\\u12"), CUT, 5},
        {BYTES("\"\\u12g4\""), BAD, 5},
        {BYTES("\"\\x then \t"), BAD, 2}, /* the first of two, and it is not for the end that the string is wrong */
        {BYTES("\"\\ud800\\u12\""), BAD, 11},
        {BYTES("\"\xC3\xA9\x80\""), BAD, 3},
        {BYTES("\"a\xC3"), CUT, 3},
        {BYTES("\"a\xE2\x82"), CUT, 4},
        {BYTES("\"a\xF0\x9F\x98"), CUT, 5},
        {BYTES("\"a\xC3\""), BAD, 2},
        {BYTES("\"a\xE0\x9F"), BAD, 2},
        {BYTES("\"a\xED\xA0\x80\""), BAD, 2},
        {BYTES("\"a\xF4\x90"), BAD, 2},
        {BYTES("\"a\xF5"), BAD, 2},
        {BYTES("\"\xC0\x80\""), BAD, 1},
        {BYTES("\xEF\xBB\xBF{}"), BAD, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct decoded *d = decode(json, NULL, cases[i].text, cases[i].len);
        cr_expect(d->status == cases[i].status && d->off == cases[i].off && d->why[0] != '\0' && d->findings == 0,
                  "%s: status %d at %u (%s), not %d at %u", cases[i].text, d->status, d->off, d->why, cases[i].status, cases[i].off);
    }
}

Test(json, what_came_before_a_fault_is_kept) {
    const struct decoded *d = decode_text(json, NULL, "{\"a\":1,\"b\":[true,\"x\",nil]}");
    cr_assert_eq(d->off, 22);
    cr_assert_str_eq(d->json, "{\"a\":1,\"b\":[true,\"x\"]}");
}

Test(json, each_beginning_is_truncated) {
    static const char text[] = "{\"a\\ud83d\\ude00\":[-1.5e+3,true,null,\"\xF0\x9F\x98\x80\",{}],\"\":false}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        const struct decoded *d = decode(json, NULL, text, len);
        cr_assert(d->status == SCTX_PLUGIN_TRUNCATED && d->off == len, "%zu: status %d at %u", len, d->status, d->off);
    }
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

Test(json, written) {
    expect_written(json, NULL, " { \"a\" : [ 1 , -2 , true , false , null ] , \"b\" : { } , \"b\" : [ ] } ",
                   "{\"a\":[1,-2,true,false,null],\"b\":{},\"b\":[]}");
    expect_written(json, NULL, "[18446744073709551615,-9223372036854775808,-0,1.50E+3,123456789012345678901234567890]",
                   "[18446744073709551615,-9223372036854775808,-0,1.50E+3,123456789012345678901234567890]");
    expect_written(json, NULL, "\"\\u0022\\u005c\\/\\u0008\\f\\n\\r\\t\\u0000\\u001F\\u007f\\u00e9\\ud83d\\ude00\"",
                   "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xC3\xA9\xF0\x9F\x98\x80\"");
    expect_written(json, NULL, "{\"\\ud800\\n\":\"\\udfff\\ud800\"}", "{\"\\ud800\\n\":\"\\udfff\\ud800\"}");
    expect_written(json, NULL, "\"\"", "\"\"");
}

/* What JSON has no word for; base64 as in RFC 4648, section 10. */
Test(json, written_words) {
    static const char *const same[] = {
        "{\"$base64\":\"\"}",
        "{\"$base64\":\"Zg==\"}",
        "{\"$base64\":\"Zm8=\"}",
        "{\"$base64\":\"Zm9v\"}",
        "{\"$base64\":\"Zm9vYg==\"}",
        "{\"$base64\":\"Zm9vYmE=\"}",
        "{\"$base64\":\"Zm9vYmFy\"}",
        "{\"$base64\":\"Zg\"}",
        "{\"$base64\":1}",
        "[{\"$float\":\"nan\"},{\"$float\":\"inf\"},{\"$float\":\"-inf\"},{\"$float\":\"one\"}]",
        "{\"$ext\":[5,\"Zm9v\"]}",
        "{\"$ext\":[5,\"no base64\"]}",
        "{\"$ext\":[5,{\"$base64\":\"Zm9v\"}]}",
        "{\"$ext\":[{\"$base64\":\"Zm9v\"},\"Zm9v\"]}",
        "{\"$ext\":[5,\"Zm9v\",{\"$base64\":\"Zm9v\"}]}",
        "{\"$ext\":[5,{\"$base64\":\"Zm9v\"}],\"a\":1}",
        "{\"$ext\":[5,[{\"$base64\":\"Zm9v\"}]]}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) expect_written(json, NULL, same[i], same[i]);
}

/* Nodes that no JSON text makes, but another format. */
Test(json, written_floats) {
    static const struct {
        double value;
        const char *want;
    } cases[] = {{0.5, "0.5"}, {-1e300, "-1.0000000000000001e+300"}, {0.1, "0.10000000000000001"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sctx_node node = {.size = sizeof node, .value = {.type = SCTX_F64, .v.f = cases[i].value}};
        struct emitted emitted = {0};
        struct tree tree;
        struct tree_builder builder;
        tree_init(&tree, (struct tree_limits){0, 0});
        tree_build_encode(&builder, &tree, &emitted, 0);
        cr_assert_eq(json->encode(NULL, &node, &builder.out), SCTX_PLUGIN_OK);
        cr_assert(emitted.len == strlen(cases[i].want) && memcmp(emitted.data, cases[i].want, emitted.len) == 0);
        free(emitted.data);
        tree_free(&tree);
    }
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

Test(json, sniffed) {
    static const char *const yes[] = {"{}", " [1, 2]\n", "{\"a\":[{\"b\":null}]}", "[\"\\u00e9\"]"};
    static const char *const no[] = {"",   " ",   "1",   "true", "\"a\"",   "{",          "{]",
                                     "[}", "{a}", "{1}", "[x]",  "[1] [2]", "{\"a\":1}}", "[2024-01-01] started [ok]"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) cr_assert_eq(json->sniff(yes[i], strlen(yes[i])), 80, "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) cr_assert_eq(json->sniff(no[i], strlen(no[i])), 0, "%s", no[i]);
}

/* Only the beginning is looked at: cut within a word, an escape, a character. */
Test(json, sniffed_by_its_beginning) {
    char text[1000];
    for (size_t pad = 240; pad < 260; pad++) {
        int len = snprintf(text, sizeof text, "[%*s\"\\u00e9\xF0\x9F\x98\x80\",false,%*s{}]", (int)pad, "", 300, "");
        cr_assert_eq(json->sniff(text, (size_t)len), 80, "%zu", pad);
    }
    int len = snprintf(text, sizeof text, "[%*s]", 300, "x");
    cr_assert_eq(json->sniff(text, (size_t)len), 80);
    len = snprintf(text, sizeof text, "[%*s]", 200, "x");
    cr_assert_eq(json->sniff(text, (size_t)len), 0);
}
