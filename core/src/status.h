/* Statuses and error texts. */
#ifndef SCTX_STATUS_H
#define SCTX_STATUS_H
#include <sctx/sctx.h>

/* Puts a line into *error (which may be NULL) and returns `status`. */
int fail(struct sctx_error *error, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The status that an errno stands for. */
int status_of_errno(int err);
#endif
