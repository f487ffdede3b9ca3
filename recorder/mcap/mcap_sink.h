/* Where a writer's bytes go. */
#ifndef MCAP_SINK_H
#define MCAP_SINK_H
#include "mcap.h"

#include <sys/uio.h>

struct mcap_sink {
    /* Writes all of it, one after the other, behind what was written before. 0, or an errno: how much was written then does not matter, it is not called
     * again. The parts may be changed. */
    int (*write)(void *context, struct iovec *parts, int count);
    void *context;
};

/* A file, a pipe, a socket: *fd stays the caller's, as does the number it holds. One system call a chunk; short writes are completed, EINTR is repeated,
 * a descriptor that does not block is waited for. */
struct mcap_sink mcap_sink_fd(int *fd);

#endif
