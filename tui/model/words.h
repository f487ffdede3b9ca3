/* What payloads say, in a line. */
#ifndef SCTX_TUI_WORDS_H
#define SCTX_TUI_WORDS_H
#include "judge.h"

/* A value of a tree as a line of JSON, at most `room` - 1 bytes of it; what is cut ends in "...". */
void words_of_node(const struct tree *tree, uint32_t node, char *text, size_t room);

/* The decoder's summary, else the value; of what nothing decodes the text or the bytes. `held` of `len` bytes are there. false: it says what is
 * wrong. */
bool words_of_payload(struct judge *judge, const struct source_topic *topic, const void *data, size_t held, size_t len, char *text,
                      size_t room);

#endif
