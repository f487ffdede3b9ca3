/* Pipe and unix seqpacket: one pair of descriptors a channel, made before the fork. */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pairs {
    int fd[CHANNELS_MAX][2]; /* 0: to read from, 1: to write to */
};

struct fd_writer {
    const struct pairs *pairs;
    unsigned first, end;
};

struct fd_reader {
    int fd;
    unsigned char data[MESSAGE_BYTES];
};

static const char *why(void) {
    return strerror(errno);
}

static void destroy(struct link *link) {
    struct pairs *p = link->state;
    for (unsigned i = 0; i < link->channels; i++)
        for (unsigned k = 0; k < 2; k++)
            if (p->fd[i][k] >= 0) close(p->fd[i][k]);
    free(p);
}

static int create(struct link *link, bool sockets) {
    struct pairs *p = malloc(sizeof *p);
    if (p == NULL) return bench_wrong("out of memory");
    memset(p, -1, sizeof *p);
    link->state = p;
    for (unsigned i = 0; i < link->channels; i++)
        if ((sockets ? socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->fd[i]) : pipe2(p->fd[i], O_CLOEXEC)) != 0) {
            int error = errno;
            destroy(link);
            return bench_wrong("%s: %s", sockets ? "socketpair" : "pipe", strerror(error));
        }
    return 0;
}

static int create_pipes(struct link *link) {
    return create(link, false);
}

static int create_sockets(struct link *link) {
    return create(link, true);
}

static void *open_writer(struct link *link, unsigned first, unsigned count) {
    struct fd_writer *w = malloc(sizeof *w);
    if (w != NULL) *w = (struct fd_writer){link->state, first, first + count};
    return w;
}

static void *open_reader(struct link *link, unsigned first, unsigned index, enum receive_mode mode) {
    const struct pairs *p = link->state;
    struct fd_reader *r = malloc(sizeof *r);
    if (r == NULL) return NULL;
    r->fd = p->fd[first + index][0];
    if (mode == RECEIVE_POLL && fcntl(r->fd, F_SETFL, O_NONBLOCK) != 0) {
        free(r);
        return NULL;
    }
    return r;
}

static int do_send(void *writer, const void *data, size_t len) {
    const struct fd_writer *w = writer;
    for (unsigned i = w->first; i < w->end; i++)
        while (write(w->pairs->fd[i][1], data, len) != (ssize_t)len)
            if (errno != EINTR) return -1;
    return 0;
}

static int receive(void *reader, const void **data) {
    struct fd_reader *r = reader;
    ssize_t n;
    while ((n = read(r->fd, r->data, sizeof r->data)) < 0)
        if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return -1;
    *data = r->data;
    return (int)n;
}

const struct transport transport_pipe = {"pipe", true, false, create_pipes, destroy, open_writer, open_reader, do_send, receive, NULL, why};
const struct transport transport_seqpacket = {"seqpacket", true,    false,   create_sockets, destroy, open_writer,
                                              open_reader, do_send, receive, NULL,           why};
