#include "output.h"

#include <string.h>

void output_put(const struct export_output *output, const void *data, size_t len) {
    if (len > 0) output->put(output->context, data, len);
}

void output_text(const struct export_output *output, const char *text) {
    output_put(output, text, strlen(text));
}

void output_name(const struct export_output *output, const char *text) {
    output->name(output->context, text);
}

void output_number(const struct export_output *output, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    output_put(output, digits + at, sizeof digits - at);
}

void output_integer(const struct export_output *output, int64_t number) {
    if (number < 0) output_text(output, "-");
    output_number(output, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}
