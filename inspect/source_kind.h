/* What each kind of source does for source.h. Private to source*.c. */
#ifndef SCTX_INSPECT_SOURCE_KIND_H
#define SCTX_INSPECT_SOURCE_KIND_H
#include "source.h"

struct source_kind {
    enum source_status (*next)(struct source *source, struct source_message *message);
    enum source_status (*wait)(struct source *source, int64_t timeout_ns);
    enum source_status (*seek)(struct source *source, uint64_t seq);
    enum source_status (*seek_time)(struct source *source, int64_t time_ns);
    enum source_status (*range)(struct source *source, struct source_range *range);
    const struct source_topic *(*topic)(struct source *source, uint16_t id);
    struct source_loss (*loss)(const struct source *source);
    sctx_reader *(*reader)(struct source *source);
    void (*close)(struct source *source);
};

/* Each kind begins with it. */
struct source {
    const struct source_kind *kind;
    int code;
    struct source_fault fault;
};

#endif
