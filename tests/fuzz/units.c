/* cli/units.c: a text is taken whole or not at all, and what comes of it is in range; what is shown of any number fits. */
#include "../../cli/units.h"
#include "must.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts(uint64_t number, double real) {
    char text[UNIT_TEXT];
    double back = 0;
    must(strlen(size_text(number, text)) < sizeof text);
    must(strlen(duration_text((int64_t)number, text)) < sizeof text);
    must(strlen(clock_text((int64_t)number, text)) < sizeof text);
    must(strlen(date_text((int64_t)number, text)) < sizeof text);
    if (isfinite(real)) must(real_parse(real_text(real, text), &back) && !(back < real) && !(back > real));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t number = 77, bytes = 77, raw = 0;
    int64_t integer = 77, ns = 77;
    double real = 0.5;
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    must(number_parse(text, &number) || number == 77);
    must(integer_parse(text, &integer) || integer == 77);
    if (!real_parse(text, &real)) must(real > 0.4 && real < 0.6);
    must(size_parse(text, &bytes) || bytes == 77);
    must(duration_parse(text, &ns) || ns == 77);
    must(ns >= 0);
    if (size) memcpy(&raw, data, size < sizeof raw ? size : sizeof raw);
    check_texts(raw, real);
    free(text);
    return 0;
}
