/* Where an export goes. Whoever is behind it remembers what failed, and is asked at the end: no call here can be answered by a writer. */
#ifndef SCTX_EXPORT_OUTPUT_H
#define SCTX_EXPORT_OUTPUT_H
#include <stddef.h>
#include <stdint.h>

struct export_output {
    void (*put)(void *context, const void *data, size_t len);
    /* A JSON string with its quotes; any bytes may be in the text. */
    void (*name)(void *context, const char *text);
    void *context;
};

void output_put(const struct export_output *output, const void *data, size_t len);
void output_text(const struct export_output *output, const char *text);
void output_name(const struct export_output *output, const char *text);
void output_number(const struct export_output *output, uint64_t number);
void output_integer(const struct export_output *output, int64_t number);

#endif
