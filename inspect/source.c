#include "source_kind.h"

void source_close(struct source *source) {
    if (source != NULL) source->kind->close(source);
}

enum source_status source_next(struct source *source, struct source_message *message) {
    return source->kind->next(source, message);
}

enum source_status source_wait(struct source *source, int64_t timeout_ns) {
    return source->kind->wait != NULL ? source->kind->wait(source, timeout_ns) : SOURCE_OK;
}

enum source_status source_seek(struct source *source, uint64_t seq) {
    return source->kind->seek(source, seq);
}

enum source_status source_seek_time(struct source *source, int64_t time_ns) {
    return source->kind->seek_time(source, time_ns);
}

enum source_status source_range(struct source *source, struct source_range *range) {
    return source->kind->range(source, range);
}

const struct source_topic *source_topic(struct source *source, uint16_t id) {
    return source->kind->topic(source, id);
}

struct source_loss source_loss(const struct source *source) {
    return source->kind->loss(source);
}

sctx_reader *source_reader(struct source *source) {
    return source->kind->reader != NULL ? source->kind->reader(source) : NULL;
}

const char *source_fault(const struct source *source, int *code) {
    if (code != NULL) *code = source->code;
    return source->fault.text;
}
