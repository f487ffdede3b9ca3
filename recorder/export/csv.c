#include "csv.h"

#include <string.h>

static bool needs_quotes(const char *text, size_t len) {
    if (len == 0) return false;
    if (text[0] == ' ' || text[len - 1] == ' ') return true;
    for (size_t i = 0; i < len; i++)
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r') return true;
    return false;
}

void csv_cell(const struct export_output *output, const char *text, size_t len, bool is_first) {
    if (!is_first) output_text(output, ",");
    if (!needs_quotes(text, len)) {
        output_put(output, text, len);
        return;
    }
    output_text(output, "\"");
    while (len > 0) {
        const char *quote = memchr(text, '"', len);
        size_t run = quote != NULL ? (size_t)(quote - text) + 1 : len;
        output_put(output, text, run);
        if (quote != NULL) output_text(output, "\"");
        text += run;
        len -= run;
    }
    output_text(output, "\"");
}
