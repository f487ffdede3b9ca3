/* What the tests of filters are written with: an expression and a message as JSON in, an answer in words out. */
#ifndef SCTX_INSPECT_RIG_H
#define SCTX_INSPECT_RIG_H
#include "filter.h"

/* {"topic":"order/new","from":"till","pid":7,"seq":1,"time":0,"len":12,"encoding":"json","cause":5,"data":...}, each of them optional: empty
 * texts, 0 and no cause. Without "data" the payload cannot be decoded. "topic_id" unless given: another for each topic and encoding. */
struct filter_message message_of(const char *json);
/* Of "data", NULL if it is not there. Valid, as the message, until the next of these calls. */
const struct tree *data_of(const char *json);

/* "yes", "no" or "error: TEXT". The answer of filter_ask() must be the same wherever it is not NEEDS_DATA. */
const char *ask(struct filter *filter, const char *json);
/* The same of a new filter; "wrong OFFSET: TEXT" if the expression is wrong. */
const char *answer(const char *expression, const char *json);

struct question {
    const char *expression, *json, *want;
};
/* Asks all, tells of each that is answered otherwise, and returns how many. `want` with a '*' at its end: begins like that. */
unsigned ask_all(const struct question *questions, size_t count);
#define expect_all(questions) cr_assert_eq(ask_all(questions, sizeof(questions) / sizeof *(questions)), 0)

#endif
