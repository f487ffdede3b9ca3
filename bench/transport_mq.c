/* POSIX message queues: one a channel, unlinked as soon as both ends are open, so that nothing is left behind. Ten messages deep, the kernel's
 * default limit: what one gets without being root. */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 10 };

struct queues {
    mqd_t in[CHANNELS_MAX], out[CHANNELS_MAX];
};

struct mq_writer {
    const struct queues *queues;
    unsigned first, end;
};

struct mq_reader {
    mqd_t queue;
    char data[MESSAGE_BYTES];
};

static const char *why(void) {
    return strerror(errno);
}

static void destroy(struct link *link) {
    struct queues *q = link->state;
    for (unsigned i = 0; i < link->channels; i++) {
        if (q->in[i] != (mqd_t)-1) mq_close(q->in[i]);
        if (q->out[i] != (mqd_t)-1) mq_close(q->out[i]);
    }
    free(q);
}

static int create(struct link *link) {
    struct mq_attr attr = {.mq_maxmsg = DEPTH, .mq_msgsize = MESSAGE_BYTES};
    struct queues *q = malloc(sizeof *q);
    if (q == NULL) return bench_wrong("out of memory");
    memset(q, -1, sizeof *q);
    link->state = q;
    for (unsigned i = 0; i < link->channels; i++) {
        char name[64];
        snprintf(name, sizeof name, "/sctx-bench-%d-%u", (int)getpid(), i);
        q->out[i] = mq_open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600, &attr);
        q->in[i] = q->out[i] != (mqd_t)-1 ? mq_open(name, O_RDONLY | O_CLOEXEC) : (mqd_t)-1;
        int error = errno;
        if (q->out[i] != (mqd_t)-1) mq_unlink(name);
        if (q->in[i] == (mqd_t)-1) {
            destroy(link);
            return bench_wrong("mq_open: %s", strerror(error));
        }
    }
    return 0;
}

static void *open_writer(struct link *link, unsigned first, unsigned count) {
    struct mq_writer *w = malloc(sizeof *w);
    if (w != NULL) *w = (struct mq_writer){link->state, first, first + count};
    return w;
}

static void *open_reader(struct link *link, unsigned first, unsigned index, enum receive_mode mode) {
    const struct queues *q = link->state;
    struct mq_reader *r = malloc(sizeof *r);
    struct mq_attr attr = {.mq_flags = mode == RECEIVE_POLL ? O_NONBLOCK : 0};
    if (r == NULL) return NULL;
    r->queue = q->in[first + index];
    if (mq_setattr(r->queue, &attr, NULL) != 0) {
        free(r);
        return NULL;
    }
    return r;
}

static int do_send(void *writer, const void *data, size_t len) {
    const struct mq_writer *w = writer;
    for (unsigned i = w->first; i < w->end; i++)
        while (mq_send(w->queues->out[i], data, len, 0) != 0)
            if (errno != EINTR) return -1;
    return 0;
}

static int receive(void *reader, const void **data) {
    struct mq_reader *r = reader;
    ssize_t n;
    while ((n = mq_receive(r->queue, r->data, sizeof r->data, NULL)) < 0)
        if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return -1;
    *data = r->data;
    return (int)n;
}

const struct transport transport_mq = {"posix mq", true, false, create, destroy, open_writer, open_reader, do_send, receive, NULL, why};
