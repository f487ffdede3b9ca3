#include "mcap_sink.h"

#include <errno.h>
#include <poll.h>

static int wait_for_room(int fd) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    return poll(&room, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

static int write_to_fd(void *context, struct iovec *parts, int count) {
    const int *fd = context;
    while (count > 0) {
        ssize_t written = writev(*fd, parts, count);
        if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            int status = wait_for_room(*fd);
            if (status != 0) return status;
        } else if (written < 0 && errno != EINTR) {
            return errno;
        }
        size_t rest = written > 0 ? (size_t)written : 0;
        while (count > 0 && rest >= parts->iov_len) {
            rest -= parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0 && rest > 0) {
            parts->iov_base = (char *)parts->iov_base + rest;
            parts->iov_len -= rest;
        }
    }
    return 0;
}

struct mcap_sink mcap_sink_fd(int *fd) {
    return (struct mcap_sink){write_to_fd, fd};
}
