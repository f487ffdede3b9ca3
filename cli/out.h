/* Buffered output to one descriptor. The first failure is remembered and everything after it is dropped, so that callers check once, at the
 * end of a line or of the whole command, and never in between. */
#ifndef SCTX_CLI_OUT_H
#define SCTX_CLI_OUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out {
    int fd; /* -1: nowhere, it only gathers */
    int error; /* errno of the first failure, 0: none; EINTR: given up after a signal, for nobody read on */
    int64_t give_up_ns; /* after a signal: until when a reader that stalls is waited for; 0: no signal yet */
    char *data;
    size_t len, cap;
};

void out_put(struct out *out, const void *data, size_t len);
void out_text(struct out *out, const char *text);
void out_char(struct out *out, char c);
void out_number(struct out *out, uint64_t number);
void out_integer(struct out *out, int64_t number);
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_base64(struct out *out, const void *data, size_t len);

/* A line is complete: writes when enough has gathered. */
void out_line_done(struct out *out);
/* Blocks until all is written, or a signal asks for the end and the reader takes no more. */
void out_flush(struct out *out);
void out_free(struct out *out);

/* Nobody reads any more, or writing failed: there is no use in going on. */
bool out_is_over(const struct out *out);
/* As out_is_over(), and looks whether the reader of a pipe has gone although nothing was written. */
bool out_has_hung_up(struct out *out);

/* Takes back what was put since out_mark(), with no out_line_done() or out_flush() in between. */
size_t out_mark(const struct out *out);
void out_take_back(struct out *out, size_t mark);

#endif
