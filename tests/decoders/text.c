/* The view of a payload as text. Ill-formed sequences: The Unicode Standard, section 3.9, tables 3-7 to 3-11. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

extern const sctx_plugin sctx_decoder_text;

static const sctx_plugin *const text = &sctx_decoder_text;

Test(text, whatever_is_utf8) {
    expect_json(text, NULL, "", "\"\"");
    expect_json(text, NULL, "68 65 6c 6c 6f 0a", "\"hello\\u000a\"");
    expect_json(text, NULL, "61 00 1b 7f", "\"a\\u0000\\u001b\x7f\"");
    expect_json(text, NULL, "ef bb bf 61", "\"\xEF\xBB\xBF\x61\"");
    /* RFC 3629, section 7: its four examples. */
    expect_json(text, NULL, "41 e2 89 a2 ce 91 2e", "\"A\xE2\x89\xA2\xCE\x91.\"");
    expect_json(text, NULL, "ed 95 9c ea b5 ad ec 96 b4", "\"\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4\"");
    expect_json(text, NULL, "e6 97 a5 e6 9c ac e8 aa 9e", "\"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\"");
    expect_json(text, NULL, "ef bb bf f0 a3 8e b4", "\"\xEF\xBB\xBF\xF0\xA3\x8E\xB4\"");
    /* The first and last of each length, and around the surrogates. */
    expect_json(text, NULL, "c2 80 df bf e0 a0 80 ed 9f bf ee 80 80 ef bf bf f0 90 80 80 f4 8f bf bf",
                "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"");
}

Test(text, all_of_it_is_the_root) {
    const struct tree_node *node = at_path(decode_text(text, NULL, "{\"a\":1}"), "");
    cr_assert(node->type == SCTX_TEXT && node->span.off == 0 && node->span.len == 7);
}

Test(text, faults) {
    expect_fault(text, NULL, "80", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "61 c0 af 62", SCTX_PLUGIN_MALFORMED, 1);
    expect_fault(text, NULL, "c1 bf", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "e0 80 bf", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "f0 81 82 41", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "61 ed a0 80", SCTX_PLUGIN_MALFORMED, 1);
    expect_fault(text, NULL, "ed bf bf", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "f4 91 92 93", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "61 62 ff 41", SCTX_PLUGIN_MALFORMED, 2);
    expect_fault(text, NULL, "f5 80 80 80", SCTX_PLUGIN_MALFORMED, 0);
    expect_fault(text, NULL, "c3 a9 e1 80 e2", SCTX_PLUGIN_MALFORMED, 2);
    expect_fault(text, NULL, "61 c3", SCTX_PLUGIN_TRUNCATED, 2);
    expect_fault(text, NULL, "e2 82", SCTX_PLUGIN_TRUNCATED, 2);
    expect_fault(text, NULL, "f0 9f 98", SCTX_PLUGIN_TRUNCATED, 3);
    expect_fault(text, NULL, "61 f0 80", SCTX_PLUGIN_MALFORMED, 1);
}

Test(text, summary_is_the_first_line) {
    cr_assert_str_eq(decode_text(text, NULL, "one\ntwo\n")->summary, "one");
    cr_assert_str_eq(decode_text(text, NULL, "one\r\ntwo")->summary, "one");
    cr_assert_str_eq(decode_text(text, NULL, "one")->summary, "one");
    cr_assert_str_eq(decode_text(text, NULL, "\none")->summary, "");
}

Test(text, written) {
    expect_encoded(text, NULL, "\"\"", "");
    expect_encoded(text, NULL, "\"a\\n\\u0000\\u00e9\\ud83d\\ude00\"", "610a00c3a9f09f9880");
    static const struct {
        const char *json;
        uint32_t off;
    } cases[] = {{" \"\\ud800\"", 1}, {"\"a\\udfffb\"", 0}, {"1", 0}, {"  null", 2}, {"[\"a\"]", 0}, {"{\"$base64\":\"YQ==\"}", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_refused(text, NULL, cases[i].json, cases[i].off);
}

Test(text, sniffed) {
    static const struct {
        const char *data;
        size_t len;
        int sure;
    } cases[] = {
        {BYTES("hello\tworld\r\n"), 10},
        {BYTES("\xC3\xA9\xF0\x9F\x98\x80"), 10},
        {BYTES("\xC2\xA0"), 10},
        {BYTES(""), 0},
        {BYTES("a\0b"), 0},
        {BYTES("\x1B[0m"), 0},
        {BYTES("\x7F"), 0},
        {BYTES("\xC2\x85"), 0},
        {BYTES("a\xFF"), 0},
        {BYTES("a\xC3"), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(text->sniff(cases[i].data, cases[i].len), cases[i].sure, "%zu: %s", i, cases[i].data);
}

Test(text, long_inputs, .timeout = 20) {
    size_t len = 16u << 20;
    char *data = malloc(len);
    cr_assert_not_null(data);
    for (size_t i = 0; i < len; i += 2) memcpy(data + i, "\xC3\xA9", 2);
    cr_assert_eq(decode(text, NULL, data, len)->status, SCTX_PLUGIN_OK);
    free(data);
}
