#include "mcap_source.h"

#include <errno.h>
#include <unistd.h>

static ssize_t read_fd(void *context, void *to, size_t len) {
    const int *fd = context;
    for (;;) {
        ssize_t got = read(*fd, to, len);
        if (got >= 0) return got;
        if (errno != EINTR) return -errno;
    }
}

struct mcap_source mcap_source_fd(int *fd) {
    return (struct mcap_source){read_fd, fd};
}

static ssize_t read_span(void *context, void *to, size_t len) {
    struct mcap_span_source *span = context;
    if (len > span->end - span->at) len = (size_t)(span->end - span->at);
    while (len > 0) {
        ssize_t got = pread(span->fd, to, len, (off_t)span->at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        span->at += (uint64_t)got;
        return got;
    }
    return 0;
}

struct mcap_source mcap_source_span(struct mcap_span_source *span) {
    return (struct mcap_source){read_span, span};
}

int mcap_read_at(int fd, uint64_t at, void *to, size_t len) {
    char *next = to;
    while (len > 0) {
        ssize_t got = pread(fd, next, len, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) return -ENODATA;
        next += got;
        at += (uint64_t)got;
        len -= (size_t)got;
    }
    return 0;
}
