/* cli/json.c: what it takes for JSON it hands on inert, and its own output it hands on as it is; what it refuses leaves nothing behind and says
 * where it goes wrong. */
#include "../../cli/json.h"
#include "glyph.h"
#include "must.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inert(const struct out *out) {
    for (size_t at = 0, bytes; at < out->len; at += bytes) {
        uint32_t code = 0;
        bytes = utf8_next((const unsigned char *)out->data + at, out->len - at, &code);
        must(bytes > 0 && glyph_is_inert(code));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct out once = {.fd = -1}, twice = {.fd = -1}; /* kept: to make them anew takes longest */
    struct json_fault fault = {0};
    once.len = twice.len = 0;
    out_text(&once, "before");
    bool good = json_copy(&once, data, size, &fault);
    must(good == json_copy(NULL, data, size, NULL));
    if (!good) {
        must(fault.reason && fault.offset <= size && once.len == 6);
        return 0;
    }
    must(once.len > 6 && json_copy(&twice, once.data + 6, once.len - 6, &fault));
    must(twice.len == once.len - 6 && memcmp(twice.data, once.data + 6, twice.len) == 0);
    check_inert(&twice);
    return 0;
}
