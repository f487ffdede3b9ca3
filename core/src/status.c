#include "status.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const texts[] = {
    [-SCTX_OK] = "done",
    [-SCTX_AGAIN] = "nothing to read now",
    [-SCTX_TIMEOUT] = "timed out",
    [-SCTX_INTERRUPTED] = "interrupted by a signal",
    [-SCTX_ERR_INVALID] = "an argument is out of its range",
    [-SCTX_ERR_NAME] = "not a valid name",
    [-SCTX_ERR_NOT_FOUND] = "not found",
    [-SCTX_ERR_EXISTS] = "exists already",
    [-SCTX_ERR_ACCESS] = "permission denied",
    [-SCTX_ERR_UNSAFE] = "refused: wrong owner, type or mode",
    [-SCTX_ERR_VERSION] = "made by an incompatible version of sctx",
    [-SCTX_ERR_DAMAGED] = "the context is damaged",
    [-SCTX_ERR_LOST] = "context lost: its files were truncated, unlinked or replaced",
    [-SCTX_ERR_REMOVED] = "the context was removed",
    [-SCTX_ERR_NO_SPACE] = "no space left",
    [-SCTX_ERR_FULL] = "a table of the context is full",
    [-SCTX_ERR_TOO_BIG] = "the message is too big",
    [-SCTX_ERR_NO_MEMORY] = "out of memory",
    [-SCTX_ERR_READ_ONLY] = "a tap only looks",
    [-SCTX_ERR_GATING] = "this context does not allow gated readers",
    [-SCTX_ERR_FORKED] = "a handle of the parent process cannot be used after fork()",
    [-SCTX_ERR_STATE] = "calls in the wrong order",
    [-SCTX_ERR_KIND] = "the marker is of another kind",
    [-SCTX_ERR_SYSTEM] = "a system call failed",
};

const char *sctx_strerror(int status) {
    size_t i = status <= 0 && status > -(int)(sizeof texts / sizeof *texts) ? (size_t)-status : sizeof texts;
    return i < sizeof texts / sizeof *texts && texts[i] ? texts[i] : "unknown status";
}

int fail(struct sctx_error *error, int status, const char *format, ...) {
    if (error) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
    }
    return status;
}

int status_of_errno(int err) {
    switch (err) {
    case ENOENT: return SCTX_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS: return SCTX_ERR_ACCESS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return SCTX_ERR_NO_SPACE;
    case ENOMEM: return SCTX_ERR_NO_MEMORY;
    case EISDIR:
    case ELOOP:
    case ENOTDIR: return SCTX_ERR_UNSAFE;
    default: return SCTX_ERR_SYSTEM;
    }
}
