/* logfmt, which nobody standardized: the vectors of those who described it. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

extern const sctx_plugin sctx_decoder_logfmt;

static const sctx_plugin *const logfmt = &sctx_decoder_logfmt;

/* ---- published vectors ------------------------------------------------------------------------------------------------------ */

/* The example of https://brandur.org/logfmt, and the error of Heroku's router from its documentation ("HTTP routing"), with a value left empty. */
Test(logfmt, heroku) {
    expect_text(
        logfmt, NULL,
        "at=info method=GET path=/ host=mutelight.org fwd=\"124.133.52.161\" dyno=web.2 connect=4ms service=8ms status=200 bytes=1653",
        "{\"at\":\"info\",\"method\":\"GET\",\"path\":\"/\",\"host\":\"mutelight.org\",\"fwd\":\"124.133.52.161\",\"dyno\":\"web.2\","
        "\"connect\":\"4ms\",\"service\":\"8ms\",\"status\":200,\"bytes\":1653}");
    expect_text(
        logfmt, NULL, "at=error code=H12 desc=\"Request timeout\" method=GET path=/ connect= service=30000ms status=503 bytes=0\n",
        "{\"at\":\"error\",\"code\":\"H12\",\"desc\":\"Request timeout\",\"method\":\"GET\",\"path\":\"/\",\"connect\":\"\",\"service\":"
        "\"30000ms\",\"status\":503,\"bytes\":0}");
}

/* The example in the documentation of the Go package kr/logfmt, with the JSON that it gives for it. */
Test(logfmt, kr) {
    expect_text(logfmt, NULL, "foo=bar a=14 baz=\"hello kitty\" cool%story=bro f %^asdf",
                "{\"foo\":\"bar\",\"a\":14,\"baz\":\"hello kitty\",\"cool%story\":\"bro\",\"f\":true,\"%^asdf\":true}");
}

/* go-logfmt/logfmt, decode_test.go, TestDecoder_scan; a key without a value is true here, as in kr/logfmt. */
Test(logfmt, go_logfmt_decoder) {
    expect_text(logfmt, NULL, "", "{}");
    expect_text(logfmt, NULL, "x= ", "{\"x\":\"\"}");
    expect_text(logfmt, NULL, "y=", "{\"y\":\"\"}");
    expect_text(logfmt, NULL, "y", "{\"y\":true}");
    expect_text(logfmt, NULL, "y=f", "{\"y\":\"f\"}");
    expect_text(logfmt, NULL, "y=\"\\tf\"", "{\"y\":\"\\u0009f\"}");
    expect_text(logfmt, NULL, "a=1\n", "{\"a\":1}");
    expect_text(logfmt, NULL, "a=1 b=\"bar\" \xC6\x92=2h3s r=\"esc\\t\" d x=sf   ",
                "{\"a\":1,\"b\":\"bar\",\"\xC6\x92\":\"2h3s\",\"r\":\"esc\\u0009\",\"d\":true,\"x\":\"sf\"}");
    expect_text(logfmt, NULL, "y= d y=g", "{\"y\":\"\",\"d\":true,\"y\":\"g\"}");
    expect_text(logfmt, NULL, "y=\"f\\n\"y=g", "{\"y\":\"f\\u000a\",\"y\":\"g\"}");
}

/* The same file, TestDecoder_errors: Pos - 1 on the line, but for a bad escape, which has its own offset here. */
Test(logfmt, go_logfmt_errors) {
    enum { CUT = SCTX_PLUGIN_TRUNCATED, BAD = SCTX_PLUGIN_MALFORMED };
    static const struct {
        const char *text;
        int status;
        uint32_t off;
    } cases[] = {
        {"=bar", BAD, 0},       {"\"k\"=bar", BAD, 0}, {"k\"ey=bar", BAD, 1}, {"k=b\"ar", BAD, 3}, {"k=b =ar", BAD, 4},
        {"a==", BAD, 2},        {"k=b=ar", BAD, 3},    {"a=\"1", CUT, 4},     {"a=\"1\\", CUT, 5}, {"a=\"\\t1", CUT, 6},
        {"a=\"\\u1\"", BAD, 6}, {"\x80=bar", BAD, 0},  {"\x80", BAD, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct decoded *d = decode_text(logfmt, NULL, cases[i].text);
        cr_expect(d->status == cases[i].status && d->off == cases[i].off && d->why[0] != '\0' && d->findings == 0,
                  "%s: status %d at %u (%s), not %d at %u", cases[i].text, d->status, d->off, d->why, cases[i].status, cases[i].off);
    }
}

/* go-logfmt/logfmt, encode_test.go, TestEncodeKeyval. */
Test(logfmt, go_logfmt_encoder) {
    expect_written(logfmt, NULL, "{\"k\":\"v\"}", "k=v");
    expect_written(logfmt, NULL, "{\"\\\\\":\"v\"}", "\\=v");
    expect_written(logfmt, NULL, "{\"k\":\"\"}", "k=");
    expect_written(logfmt, NULL, "{\"k\":\"null\"}", "k=\"null\"");
    expect_written(logfmt, NULL, "{\"k\":\"<nil>\"}", "k=<nil>");
    expect_written(logfmt, NULL, "{\"k\":true}", "k=true");
    expect_written(logfmt, NULL, "{\"k\":1}", "k=1");
    expect_written(logfmt, NULL, "{\"k\":1.025}", "k=1.025");
    expect_written(logfmt, NULL, "{\"k\":\"v v\"}", "k=\"v v\"");
    expect_written(logfmt, NULL, "{\"k\":\" \"}", "k=\" \"");
    expect_written(logfmt, NULL, "{\"k\":\"\\\"\"}", "k=\"\\\"\"");
    expect_written(logfmt, NULL, "{\"k\":\"=\"}", "k=\"=\"");
    expect_written(logfmt, NULL, "{\"k\":\"\\\\\"}", "k=\\");
    expect_written(logfmt, NULL, "{\"k\":\"=\\\\\"}", "k=\"=\\\\\"");
    expect_written(logfmt, NULL, "{\"k\":\"\\\\\\\"\"}", "k=\"\\\\\\\"\"");
    expect_written(logfmt, NULL, "{\"k1\":\"v1\",\"k2\":\"v2\"}", "k1=v1 k2=v2");
    expect_written(logfmt, NULL, "{}", "");
}

/* ---- what README.md says ---------------------------------------------------------------------------------------------------- */

Test(logfmt, what_words_look_like) {
    static const struct {
        const char *word;
        int type;
        bool guessed;
    } cases[] = {
        {"0", SCTX_I64, true},
        {"-12", SCTX_I64, true},
        {"9223372036854775807", SCTX_I64, true},
        {"9223372036854775808", SCTX_U64, true},
        {"-9223372036854775808", SCTX_I64, true},
        {"-9223372036854775809", SCTX_NUMBER, true},
        {"18446744073709551616", SCTX_NUMBER, true},
        {"-0", SCTX_NUMBER, true},
        {"1.50", SCTX_NUMBER, true},
        {"6E+23", SCTX_NUMBER, true},
        {"true", SCTX_BOOL, true},
        {"false", SCTX_BOOL, true},
        {"True", SCTX_TEXT, false},
        {"null", SCTX_TEXT, false},
        {"007", SCTX_TEXT, false},
        {"+1", SCTX_TEXT, false},
        {"1.", SCTX_TEXT, false},
        {".5", SCTX_TEXT, false},
        {"1e", SCTX_TEXT, false},
        {"1e+", SCTX_TEXT, false},
        {"-", SCTX_TEXT, false},
        {"0x1F", SCTX_TEXT, false},
        {"4ms", SCTX_TEXT, false},
        {"1.2.3.4", SCTX_TEXT, false},
        {"NaN", SCTX_TEXT, false},
        {"it's", SCTX_TEXT, false},
        {"C:\\new", SCTX_TEXT, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "a.b=%s", cases[i].word);
        const struct decoded *d = decode_text(logfmt, NULL, text);
        cr_assert_eq(d->status, SCTX_PLUGIN_OK, "%s", text);
        const struct tree_node *node = &d->tree.nodes[1];
        cr_assert(node->type == cases[i].type && node->flags == (cases[i].guessed ? SCTX_GUESSED : 0), "%s: %s, flags %x", text,
                  tree_type_name(node->type), node->flags);
        cr_assert_eq(tree_str(&d->tree, node->name).n, 3, "a.b is one name");
        if (node->type != SCTX_TEXT) cr_assert_eq(strncmp(d->json + 7, cases[i].word, strlen(cases[i].word)), 0, "%s", d->json);
    }
}

Test(logfmt, in_quotes_it_is_text) {
    expect_text(logfmt, NULL, "a=\"1\" b=\"true\" c=\"\" d=\"x=y z\"", "{\"a\":\"1\",\"b\":\"true\",\"c\":\"\",\"d\":\"x=y z\"}");
    cr_assert_eq(at_path(decode_text(logfmt, NULL, "a=\"1\""), "a")->flags, 0);
    cr_assert_eq(at_path(decode_text(logfmt, NULL, "a"), "a")->flags, 0);
    expect_text(logfmt, NULL, "a=\"\\\"\\\\\\/\\'\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud800\"",
                "{\"a\":\"\\\"\\\\/'\\u0008\\u000c\\u000a\\u000d\\u0009\xC3\xA9\xF0\x9F\x98\x80\\ud800\"}");
}

Test(logfmt, lines) {
    expect_text(logfmt, NULL, "\n", "{}");
    expect_text(logfmt, NULL, " \t ", "{}");
    expect_text(logfmt, NULL, "\ta=b\t\tc=d \r\n", "{\"a\":\"b\",\"c\":\"d\"}");
    expect_text(logfmt, NULL, "a\n", "{\"a\":true}");
    expect_text(logfmt, NULL, "a=\n", "{\"a\":\"\"}");
}

Test(logfmt, faults) {
    enum { CUT = SCTX_PLUGIN_TRUNCATED, BAD = SCTX_PLUGIN_MALFORMED };
    static const struct {
        const char *text;
        size_t len;
        int status;
        uint32_t off;
    } cases[] = {
        {BYTES("a=1\nb=2"), BAD, 4},        {BYTES("a=1\n\n"), BAD, 4},
        {BYTES("a=1\r\n "), BAD, 5},        {BYTES("a=1\rb"), BAD, 3},
        {BYTES("a=1\r"), BAD, 3},           {BYTES("a\0=1"), BAD, 1},
        {BYTES("a=1\x1B[0m"), BAD, 3},      {BYTES("\x01"), BAD, 0},
        {BYTES("a=\"b\tc\""), BAD, 4},      {BYTES("a=\"b\n"), BAD, 4},
        {BYTES("a=\"b\0\""), BAD, 4},       {BYTES("a=\"b\" =c"), BAD, 6},
        {BYTES("a=\"b\"=c"), BAD, 5},       {BYTES("a=\"b\"\"c\""), BAD, 5},
        {BYTES("a=\"\\x\""), BAD, 4},       {BYTES("a=\"\\\0\""), BAD, 4},
        {BYTES("a=\"\\u12"), CUT, 7},       {BYTES("a=\"\\ud800\\u1\""), BAD, 12},
        {BYTES("a=\"\xC3\""), BAD, 3},      {BYTES("a=\"\xC3"), CUT, 4},
        {BYTES("a=b\xE2\x82"), CUT, 5},     {BYTES("a=b\xE2\x82 c"), BAD, 3},
        {BYTES("a\xED\xA0\x80=1"), BAD, 1}, {BYTES("a\xF0\x9F"), CUT, 3},
        {BYTES("a=\xFF"), BAD, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct decoded *d = decode(logfmt, NULL, cases[i].text, cases[i].len);
        cr_expect(d->status == cases[i].status && d->off == cases[i].off && d->why[0] != '\0' && d->findings == 0,
                  "%zu, %s: status %d at %u (%s), not %d at %u", i, cases[i].text, d->status, d->off, d->why, cases[i].status,
                  cases[i].off);
    }
}

Test(logfmt, spans) {
    const struct decoded *d = decode_text(logfmt, NULL, " a=14 bc d=\"x\\n\" e= \n");
    expect_span(d, "", 0, 21);
    expect_span(d, "a", 3, 2);
    expect_span(d, "bc", 6, 2);
    expect_span(d, "d", 11, 5);
    expect_span(d, "e", 19, 0);
}

Test(logfmt, summary) {
    cr_assert_str_eq(decode_text(logfmt, NULL, "level=info msg=\"two\\nlines\" msg=more")->summary, "two");
    cr_assert_str_eq(decode_text(logfmt, NULL, "msg=404")->summary, "404");
    cr_assert_str_eq(decode_text(logfmt, NULL, "msg a=1 message=b")->summary, "");
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

Test(logfmt, what_looks_like_something_else_is_quoted) {
    expect_written(logfmt, NULL, "{\"a\":\"1\",\"b\":\"-1.5e3\",\"c\":\"true\",\"d\":\"false\",\"e\":\"007\"}",
                   "a=\"1\" b=\"-1.5e3\" c=\"true\" d=\"false\" e=007");
    expect_written(logfmt, NULL,
                   "{\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":1.50,\"d\":123456789012345678901,\"e\":-0,\"f\":false}",
                   "a=18446744073709551615 b=-9223372036854775808 c=1.50 d=123456789012345678901 e=-0 f=false");
    expect_written(logfmt, NULL, "{\"a\":\"\\n\\t\\u0001\\ud800\\u00e9 '\"}", "a=\"\\n\\t\\u0001\\ud800\xC3\xA9 '\"");
    expect_written(logfmt, NULL, "{\"a\":\"\\u00e9\",\"a\":\"\\udfff\"}", "a=\xC3\xA9 a=\"\\udfff\"");
}

Test(logfmt, what_it_has_no_form_for) {
    static const struct {
        const char *json;
        uint32_t off;
    } cases[] = {
        {"[1]", 0},
        {" 1", 1},
        {"{\"a\":1,\"b\":{}}", 11},
        {"{\"a\":1,\"b\":[1]}", 11},
        {"{\"a\":null}", 5},
        {"{\"a\":{\"$base64\":\"AA==\"}}", 5},
        {"{\"a\":{\"$float\":\"nan\"}}", 5},
        {"{\"\":1}", 4},
        {"{\"a b\":1}", 7},
        {"{\"a=b\":1}", 7},
        {"{\"a\\\"b\":1}", 8},
        {"{\"a\\n\":1}", 7},
        {"{\"\\ud800\":1}", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_refused(logfmt, NULL, cases[i].json, cases[i].off);
}

/* ---- sniffing, time --------------------------------------------------------------------------------------------------------- */

Test(logfmt, sniffed) {
    static const char *const yes[] = {"a=1 b=2", "level=info msg=\"x y\" done\n", "a= b="};
    static const char *const no[] = {"", "a=1", "a b c", "a=1 b=2\nc=3", "a=1 b=\"", "if (a == b && c == d)", "a=1 b=2 \x01"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) cr_assert_eq(logfmt->sniff(yes[i], strlen(yes[i])), 60, "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) cr_assert_eq(logfmt->sniff(no[i], strlen(no[i])), 0, "%s", no[i]);
}

Test(logfmt, long_inputs, .timeout = 20) {
    static const char *const units[] = {"\\ud800", "\\\\", "\xC3\xA9", " =\\\""};
    size_t len = 8u << 20;
    char *text = malloc(len);
    cr_assert_not_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]), at = 3;
        memcpy(text, "a=\"", 3);
        for (; at + unit < len; at += unit) memcpy(text + at, units[i], unit);
        text[at] = '"';
        const struct decoded *d = decode(logfmt, NULL, text, at + 1);
        cr_assert_eq(d->status, SCTX_PLUGIN_OK, "%s: %d at %u (%s)", units[i], d->status, d->off, d->why);
        cr_assert_eq(logfmt->sniff(text, at + 1), 0);
    }
    free(text);
}
