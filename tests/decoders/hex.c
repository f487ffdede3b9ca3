/* The view of a payload as bytes. Base64: RFC 4648, section 10. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

extern const sctx_plugin sctx_decoder_hex;

static const sctx_plugin *const hex = &sctx_decoder_hex;

Test(hex, whatever_it_is) {
    expect_json(hex, NULL, "", "{\"$base64\":\"\"}");
    expect_json(hex, NULL, "66", "{\"$base64\":\"Zg==\"}");
    expect_json(hex, NULL, "66 6f 6f 62 61 72", "{\"$base64\":\"Zm9vYmFy\"}");
    expect_json(hex, NULL, "00 ff c0 80", "{\"$base64\":\"AP/AgA==\"}");
    const struct tree_node *node = at_path(decode_hex(hex, NULL, "00 ff"), "");
    cr_assert(node->type == SCTX_BYTES && node->as == SCTX_HEX && node->span.off == 0 && node->span.len == 2);
}

Test(hex, summary) {
    cr_assert_str_eq(decode_hex(hex, NULL, "")->summary, "(0 bytes)");
    cr_assert_str_eq(decode_hex(hex, NULL, "0a")->summary, "0a (1 byte)");
    cr_assert_str_eq(decode_hex(hex, NULL, "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff")->summary,
                     "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff (16 bytes)");
    cr_assert_str_eq(decode_hex(hex, NULL, "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 42")->summary,
                     "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff ... (17 bytes)");
}

Test(hex, written) {
    expect_encoded(hex, NULL, "{\"$base64\":\"\"}", "");
    expect_encoded(hex, NULL, "{\"$base64\":\"Zm9vYg==\"}", "666f6f62");
    expect_encoded(hex, NULL, "\"\"", "");
    expect_encoded(hex, NULL, "\"00fFAb\"", "00ffab");
    expect_encoded(hex, NULL, "\" 83 01\\t0 2\\r\\n\"", "830102");
}

Test(hex, written_in_pieces) {
    enum { BYTES = 1000 };
    char json[2 * BYTES + 3] = "\"", want[2 * BYTES + 1];
    for (size_t i = 0; i < BYTES; i++) memcpy(want + 2 * i, i % 3 == 0 ? "0f" : "e1", 2);
    want[2 * BYTES] = '\0';
    memcpy(json + 1, want, 2 * BYTES);
    json[2 * BYTES + 1] = '"';
    expect_encoded(hex, NULL, json, want);
}

Test(hex, what_is_no_bytes) {
    static const struct {
        const char *json;
        uint32_t off;
    } cases[] = {{"\"0\"", 0},    {" \"0 1 2\"", 1}, {"\"0g\"", 0}, {"\"\\u0000\"", 0},
                 {"\"0x01\"", 0}, {"12", 0},         {"  [1]", 2},  {"{\"$base64\":\"!\"}", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_refused(hex, NULL, cases[i].json, cases[i].off);
}

Test(hex, sniffed) {
    cr_assert_eq(hex->sniff("", 0), 1);
    cr_assert_eq(hex->sniff("\0\xFF", 2), 1);
}
