/* --from and --to of what reads recordings: a seq, or a time since the first message ("1m30s" is written 90s). */
#ifndef SCTX_CLI_SPAN_H
#define SCTX_CLI_SPAN_H
#include "call.h"
#include "source.h"

enum { SPAN_FROM, SPAN_TO, SPAN_OPTIONS };
#define OPTIONS_SPAN                                                                                                         \
    {"from", 0, OPTION_TEXT, "WHERE", "begin at a SEQ, or at a time since the first message: 90s", NULL, NULL},              \
    {                                                                                                                        \
        "to", 0, OPTION_TEXT, "WHERE", "end with a SEQ, or at such a time", NULL, NULL                                       \
    }

struct span {
    bool has_from, has_to, from_is_seq, to_is_seq;
    uint64_t from_seq, to_seq;
    int64_t from_ns, to_ns; /* since the first message */
    bool has_begun;
    int64_t first_ns; /* of the first message */
};

/* EXIT_DONE or EXIT_USAGE. */
int span_parse(const struct call *call, const struct value values[static SPAN_OPTIONS], struct span *span);
/* Goes to where it begins, if the source can be sought in; else messages before are left out one by one. */
void span_seek(struct span *span, struct source *source);
enum span_place { SPAN_BEFORE, SPAN_WITHIN, SPAN_BEHIND };
enum span_place span_place(struct span *span, const struct source_message *message);

#endif
