/* A live context as a source. */
#include "senders.h"
#include "source_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct live {
    struct source base;
    sctx *ctx;
    sctx_reader *reader;
    struct senders senders;
    struct source_topic *topics[65536 / 256]; /* pages of 256, made when they are met */
};

static enum source_status failed(struct live *live, int code) {
    live->base.code = code;
    (void)snprintf(live->base.fault.text, sizeof live->base.fault.text, "%s", sctx_strerror(code));
    return code == SCTX_ERR_REMOVED || code == SCTX_ERR_LOST ? SOURCE_GONE : SOURCE_FAILED;
}

static const struct source_topic *topic_of(struct live *live, uint16_t id, int *code) {
    struct source_topic **page = &live->topics[id / 256];
    const struct sctx_topic *topic = NULL;
    if (*page != NULL && (*page)[id % 256].name != NULL) return &(*page)[id % 256];
    *code = sctx_topic_get(live->ctx, id, &topic);
    if (*code < 0) return NULL;
    if (*page == NULL) *page = calloc(256, sizeof **page);
    if (*page == NULL) {
        *code = SCTX_ERR_NO_MEMORY;
        return NULL;
    }
    (*page)[id % 256] = (struct source_topic){topic->name, topic->encoding, NULL, topic->schema, topic->schema_bytes, topic->id};
    return &(*page)[id % 256];
}

static const struct source_topic *live_topic(struct source *source, uint16_t id) {
    int code = 0;
    return topic_of((struct live *)source, id, &code);
}

static enum source_status live_next(struct source *source, struct source_message *to) {
    struct live *live = (struct live *)source;
    struct sctx_message message;
    int code = sctx_read(live->reader, &message);
    if (code == SCTX_AGAIN) return SOURCE_AGAIN;
    if (code < 0) return failed(live, code);
    const struct source_topic *topic = topic_of(live, message.topic, &code);
    if (topic == NULL) return failed(live, code);
    const struct sender *sender = senders_find(&live->senders, message.from);
    *to = (struct source_message){.seq = message.seq,
                                  .time_ns = message.time_ns,
                                  .cause = message.cause,
                                  .topic = topic,
                                  .from = sender->name,
                                  .pid = sender->pid,
                                  .join = message.from,
                                  .data = message.data,
                                  .lost = message.lost,
                                  .gone = message.gone,
                                  .len = message.len,
                                  .has_cause = (message.flags & SCTX_MSG_CAUSE) != 0,
                                  .cause_is_explicit = (message.flags & SCTX_MSG_CAUSE_EXPLICIT) != 0,
                                  .has_seq = true};
    return SOURCE_OK;
}

static enum source_status live_wait(struct source *source, int64_t timeout_ns) {
    struct live *live = (struct live *)source;
    int code = sctx_wait(live->reader, timeout_ns);
    if (code == SCTX_TIMEOUT || code == SCTX_INTERRUPTED) return SOURCE_AGAIN;
    return code < 0 ? failed(live, code) : SOURCE_OK;
}

static enum source_status live_seek(struct source *source, uint64_t seq) {
    struct live *live = (struct live *)source;
    int code = sctx_reader_seek(live->reader, seq);
    return code < 0 ? failed(live, code) : SOURCE_OK;
}

/* When the first message from this seq on was published; AGAIN: there is none. */
static enum source_status time_from(struct live *live, uint64_t seq, int64_t *time_ns) {
    struct sctx_message message;
    int code = sctx_reader_seek(live->reader, seq);
    if (code == SCTX_OK) code = sctx_read(live->reader, &message);
    if (code == SCTX_AGAIN) return SOURCE_AGAIN;
    if (code < 0) return failed(live, code);
    *time_ns = message.time_ns;
    return SOURCE_OK;
}

/* Times do not decrease along seqs: halves what the ring holds. */
static enum source_status live_seek_time(struct source *source, int64_t time_ns) {
    struct live *live = (struct live *)source;
    struct source_range range;
    enum source_status status = source_range(source, &range);
    if (status != SOURCE_OK) return status;
    while (range.first < range.end) {
        uint64_t middle = range.first + (range.end - range.first) / 2;
        int64_t then = 0;
        status = time_from(live, middle, &then);
        if (status < 0) return status;
        if (status == SOURCE_OK && then < time_ns)
            range.first = middle + 1;
        else
            range.end = middle;
    }
    return live_seek(source, range.first);
}

static enum source_status live_range(struct source *source, struct source_range *range) {
    struct live *live = (struct live *)source;
    struct sctx_extent span = SCTX_INIT(span);
    int code = sctx_extent_get(live->ctx, &span);
    if (code < 0) return failed(live, code);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *range = (struct source_range){.first = span.oldest, .end = span.tail};
    range->last_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    range->first_ns = range->last_ns - span.span_ns;
    return SOURCE_OK;
}

static struct source_loss live_loss(const struct source *source) {
    struct sctx_reader_stats stats = SCTX_INIT(stats);
    if (sctx_reader_stats(((const struct live *)source)->reader, &stats) < 0) return (struct source_loss){0, 0};
    return (struct source_loss){stats.lost, stats.gone};
}

static sctx_reader *live_reader(struct source *source) {
    return ((struct live *)source)->reader;
}

static void live_close(struct source *source) {
    struct live *live = (struct live *)source;
    sctx_reader_close(live->reader);
    for (size_t i = 0; i < sizeof live->topics / sizeof *live->topics; i++) free(live->topics[i]);
    free(live);
}

static const struct source_kind live_kind = {
    .next = live_next,
    .wait = live_wait,
    .seek = live_seek,
    .seek_time = live_seek_time,
    .range = live_range,
    .topic = live_topic,
    .loss = live_loss,
    .reader = live_reader,
    .close = live_close,
};

struct source *source_open_live(sctx *ctx, const struct sctx_reader_options *options, int *status) {
    struct live *live = calloc(1, sizeof *live);
    *status = SCTX_ERR_NO_MEMORY;
    if (live == NULL) return NULL;
    live->base.kind = &live_kind;
    live->ctx = ctx;
    senders_reset(&live->senders, ctx);
    *status = sctx_reader_open(ctx, options, &live->reader);
    if (*status == SCTX_OK) return &live->base;
    free(live);
    return NULL;
}
