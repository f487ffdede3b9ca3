/* Ours, as a user would write it: read until SCTX_AGAIN, then sctx_wait(). */
#include "transport.h"

#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char context[] = "link";
static int last_status;
static struct sctx_error last_error;

struct sctx_end {
    sctx *ctx;
    sctx_writer *writer;
    sctx_reader *reader;
    enum receive_mode mode;
    uint16_t topic;
};

static const char *why(void) {
    return last_error.text[0] != '\0' ? last_error.text : sctx_strerror(last_status);
}

static int create_lossy(struct link *link) {
    return bench_context_create(link->bench, context, false);
}

static int create_gated(struct link *link) {
    return bench_context_create(link->bench, context, true);
}

static void destroy(struct link *link) {
    bench_context_remove(link->bench, context);
}

static struct sctx_end *open_end(struct link *link, char *topic, size_t topic_bytes, unsigned first) {
    struct sctx_end *e = calloc(1, sizeof *e);
    struct sctx_options o = SCTX_INIT(o);
    o.context = context;
    o.dir = link->bench->dir;
    o.name = "bench";
    o.error = &last_error;
    snprintf(topic, topic_bytes, "bench/%u", first);
    struct sctx_topic_options t = SCTX_INIT(t);
    t.name = topic;
    if (e == NULL || (last_status = sctx_open(&o, &e->ctx)) != 0 || (last_status = sctx_topic_register(e->ctx, &t, &e->topic)) != 0)
        return NULL;
    return e;
}

static void *open_writer(struct link *link, unsigned first, unsigned count) {
    char topic[32];
    (void)count;
    struct sctx_end *e = open_end(link, topic, sizeof topic, first);
    if (e == NULL || (last_status = sctx_writer_open(e->ctx, NULL, &e->writer)) != 0) return NULL;
    return e;
}

static void *open_any_reader(struct link *link, unsigned first, enum receive_mode mode, uint32_t flags) {
    char topic[32];
    struct sctx_end *e = open_end(link, topic, sizeof topic, first);
    const char *pattern = topic;
    struct sctx_reader_options o = SCTX_INIT(o);
    o.flags = flags;
    o.patterns = &pattern;
    o.pattern_count = 1;
    if (e == NULL || (last_status = sctx_reader_open(e->ctx, &o, &e->reader)) != 0) return NULL;
    e->mode = mode;
    return e;
}

static void *open_reader(struct link *link, unsigned first, unsigned index, enum receive_mode mode) {
    (void)index;
    return open_any_reader(link, first, mode, 0);
}

static void *open_gated_reader(struct link *link, unsigned first, unsigned index, enum receive_mode mode) {
    (void)index;
    return open_any_reader(link, first, mode, SCTX_READER_GATED);
}

static int do_send(void *writer, const void *data, size_t len) {
    struct sctx_end *e = writer;
    return last_status = sctx_publish(e->writer, e->topic, data, len, NULL);
}

static int receive(void *reader, const void **data) {
    struct sctx_end *e = reader;
    struct sctx_message m;
    for (;;) {
        int rc = sctx_read(e->reader, &m);
        if (rc == SCTX_OK) {
            *data = m.data;
            return (int)m.len;
        }
        if (rc == SCTX_AGAIN && e->mode == RECEIVE_POLL) return 0;
        if (rc == SCTX_AGAIN) rc = sctx_wait(e->reader, e->mode == RECEIVE_BLOCK ? SCTX_FOREVER : INT64_C(100000000));
        if (rc == SCTX_TIMEOUT) return 0;
        if (rc != SCTX_OK && rc != SCTX_INTERRUPTED) {
            last_status = rc;
            return -1;
        }
    }
}

static int get_accounts(void *reader, struct accounts *a) {
    struct sctx_end *e = reader;
    struct sctx_reader_stats s = SCTX_INIT(s);
    if ((last_status = sctx_reader_stats(e->reader, &s)) != 0) return -1;
    *a = (struct accounts){s.cursor - s.start_seq, s.delivered, s.filtered, s.lost, s.gone};
    return 0;
}

const struct transport transport_sctx = {"sctx",      true,    true,    create_lossy, destroy, open_writer,
                                         open_reader, do_send, receive, get_accounts, why};
const struct transport transport_sctx_gated = {"sctx gated",      true,    false,   create_gated, destroy, open_writer,
                                               open_gated_reader, do_send, receive, get_accounts, why};
