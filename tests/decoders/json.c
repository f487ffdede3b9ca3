#include "rig.h"

#include <criterion/criterion.h>

extern const sctx_plugin sctx_decoder_json;

Test(json, values) {
    const struct decoded *d =
        decode_text(&sctx_decoder_json, NULL,
                    " {\"a\\u0062\":[1,-0,1.50e3,18446744073709551616,\"\\ud83d\\ude00\\ud800\"],\"a\":null,\"a\":true} ");
    cr_assert_str_eq(d->json, "{\"ab\":[1,-0,1.50e3,18446744073709551616,\"\xf0\x9f\x98\x80\\ud800\"],\"a\":null,\"a\":true}");
    cr_assert_eq(d->status, SCTX_PLUGIN_OK);
    cr_assert_eq(at_path(d, "ab.0")->span.off, 13);
}

Test(json, fault) {
    expect_fault(&sctx_decoder_json, NULL, "5b 31 2c 5d", SCTX_PLUGIN_MALFORMED, 3);
}
