#include "reader.h"

#include <string.h>

int sctx_read_batch(sctx_reader *r, struct sctx_message *messages, size_t n, void *buffer, size_t room, size_t *count) {
    size_t done = 0, used = 0;
    int rc = SCTX_OK;
    if (!count) return SCTX_ERR_INVALID;
    *count = 0;
    if (!r || !messages || n == 0 || (!buffer && room > 0)) return SCTX_ERR_INVALID;
    while (done < n && (rc = sctx_read(r, &messages[done])) == SCTX_OK) {
        struct sctx_message *m = &messages[done++];
        if (m->len > room - used || !buffer) break; /* it stays in the reader's memory, until the next call */
        if (m->len > 0) memcpy((char *)buffer + used, m->data, m->len);
        m->data = (char *)buffer + used;
        size_t next = (used + m->len + 7) & ~(size_t)7;
        used = next < room ? next : room;
    }
    *count = done;
    return done > 0 ? SCTX_OK : rc;
}
