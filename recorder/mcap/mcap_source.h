/* Where a reader's bytes come from, one after the other. */
#ifndef MCAP_SOURCE_H
#define MCAP_SOURCE_H
#include "mcap.h"

#include <sys/types.h>

struct mcap_source {
    /* As read(2): how many bytes there were, at most `len`; 0: the end; else a negative errno. May block. */
    ssize_t (*read)(void *context, void *to, size_t len);
    void *context;
};

/* A descriptor from where it stands: a file, a pipe, a socket. It stays the caller's, as does the number. EINTR is repeated. */
struct mcap_source mcap_source_fd(int *fd);

/* A file from `at` on, which moves; where the descriptor stands does not matter and does not change. */
struct mcap_span_source {
    int fd;
    uint64_t at, end;
};
struct mcap_source mcap_source_span(struct mcap_span_source *span);

/* All of the bytes, or a negative errno; -ENODATA: the file ends before. */
int mcap_read_at(int fd, uint64_t at, void *to, size_t len);

#endif
