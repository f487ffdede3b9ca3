/* The filter language of sctx: one expression that says which messages are wanted. docs/man/sctx-filter.7 describes the language.
 *
 *   topic ~ "order/new" && from == "till" && data.price > 100 && !(len < 8)
 *
 * An expression is compiled once. Each message is then asked about in two steps: filter_ask() looks at the message's own fields only, and
 * says whether the payload has to be decoded at all; if so, filter_decide() is handed the tree. What it answers does not depend on the
 * order in which conditions are written.
 *
 * A filter remembers what belongs to a topic by the topic's id: verdicts on topic and encoding, and the values that changed() compares with.
 * So one filter is for one context or one recording, or filter_forget() comes in between.
 *
 * A filter belongs to one thread at a time; filters are independent of each other. */
#ifndef SCTX_INSPECT_FILTER_H
#define SCTX_INSPECT_FILTER_H
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_TEXT_MAX 65536u  /* bytes of an expression */
#define FILTER_DEPTH_MAX 100u   /* parentheses and '!' within each other */
#define FILTER_STEPS_MAX 60u    /* steps of one path */
#define FILTER_PATTERN_MAX 255u /* bytes of a pattern, after ~ or =~ */
#define FILTER_CHANGED_MAX 16u  /* changed() in one expression; each takes 8 bytes a topic */

struct filter_error {
    uint32_t offset; /* of what is wrong, in the expression; at most its length */
    char text[256];  /* what was expected and what is there instead: UTF-8 without control characters */
};

struct filter;

/* NULL: *error says why. The text is copied. Beside what is wrong with the expression: too long, too deep, out of memory. */
struct filter *filter_compile(const char *expression, struct filter_error *error);
void filter_free(struct filter *filter); /* NULL is allowed */

/* Writes two lines, each ended by '\n', to be shown in a font of fixed width: the expression, made harmless, and below it a caret and the
 * error's text. Of a long expression the part around the place is shown. At most FILTER_SHOWN_MAX bytes with the NUL. Returns the length. */
enum { FILTER_SHOWN_MAX = 1536 };
size_t filter_error_show(const struct filter_error *error, const char *expression, char shown[static FILTER_SHOWN_MAX]);

/* What a message says of itself; texts as long as the call lasts, never NULL. */
struct filter_message {
    uint64_t seq;
    int64_t time_ns; /* since 1970 */
    uint64_t cause;  /* with has_cause */
    const char *topic, *from, *encoding;
    uint32_t pid, len; /* len: bytes of the payload */
    uint16_t topic_id; /* always the same for the same topic and encoding */
    bool has_cause;
};

enum filter_answer { FILTER_NO, FILTER_YES, FILTER_NEEDS_DATA };

/* From the message's fields alone. NEEDS_DATA: decode it, and filter_decide(). */
enum filter_answer filter_ask(struct filter *filter, const struct filter_message *message);

/* Once for each message, in the order of their seqs: changed() takes it for the next one. Whether or not filter_ask() was called.
 * tree: NULL, or one without nodes, if the payload cannot be decoded; then nothing in it is there. */
bool filter_decide(struct filter *filter, const struct filter_message *message, const struct tree *tree);

/* Does the expression look into the payload at all? */
bool filter_needs_data(const struct filter *filter);

/* Messages that were left out because a comparison made no sense for them ("a text compared with a number"), and the first such comparison
 * in words, UTF-8 without control characters; "" while there was none. first: or NULL. */
uint64_t filter_errors(const struct filter *filter, const char **first);

/* Forgets what was remembered of topics. The count of errors stays. */
void filter_forget(struct filter *filter);

#endif
