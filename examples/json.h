/* JSON messages, with cJSON. */
#ifndef EXAMPLES_JSON_H
#define EXAMPLES_JSON_H
#include <cjson/cJSON.h>
#include <sctx/sctx.h>
#include <stdbool.h>

/* Finds or makes a topic whose messages are JSON. */
int json_topic(sctx *ctx, const char *name, uint16_t *id);

/* Publishes the object and frees it. NULL stands for an object that could not be made: NO_MEMORY. Its seq goes to *seq unless NULL. */
int json_publish(sctx_writer *writer, uint16_t topic, cJSON *object, uint64_t *seq);

/* Adds a text that came from outside (a file's name, a command line). JSON must be UTF-8: each byte that is not part of it becomes
 * U+FFFD. cJSON escapes quotes and control characters. False if bytes had to be replaced. */
bool json_add_text(cJSON *object, const char *key, const char *bytes);

#endif
