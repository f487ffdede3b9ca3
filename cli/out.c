#include "out.h"
#include "stop.h"
#include "units.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_WHEN = 64 << 10, KEEP_AT_MOST = 1 << 20 };

static bool reserve(struct out *out, size_t more) {
    if (out->error != 0) return false;
    if (more <= out->cap - out->len) return true;
    size_t cap = out->cap == 0 ? (size_t)WRITE_WHEN * 2 : out->cap;
    while (cap - out->len < more) cap *= 2;
    char *data = realloc(out->data, cap);
    if (data == NULL) {
        out->error = ENOMEM;
        return false;
    }
    out->data = data;
    out->cap = cap;
    return true;
}

void out_put(struct out *out, const void *data, size_t len) {
    if (len == 0 || !reserve(out, len)) return;
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

void out_text(struct out *out, const char *text) {
    out_put(out, text, strlen(text));
}

void out_char(struct out *out, char c) {
    if (reserve(out, 1)) out->data[out->len++] = c;
}

void out_number(struct out *out, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    out_put(out, digits + at, sizeof digits - at);
}

void out_integer(struct out *out, int64_t number) {
    if (number < 0) out_char(out, '-');
    out_number(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void out_format(struct out *out, const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (len > 0) out_put(out, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void out_base64(struct out *out, const void *data, size_t len) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = data;
    if (!reserve(out, (len + 2) / 3 * 4)) return;
    char *to = out->data + out->len;
    for (; len >= 3; len -= 3, in += 3) {
        *to++ = alphabet[in[0] >> 2];
        *to++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        *to++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        *to++ = alphabet[in[2] & 63];
    }
    if (len > 0) {
        unsigned second = len == 2 ? in[1] : 0;
        *to++ = alphabet[in[0] >> 2];
        *to++ = alphabet[(in[0] & 3u) << 4 | second >> 4];
        *to++ = len == 2 ? alphabet[(second & 15) << 2] : '=';
        *to++ = '=';
    }
    out->len = (size_t)(to - out->data);
}

void out_line_done(struct out *out) {
    if (out->fd < 0) return;
    if (out->len >= WRITE_WHEN) out_flush(out);
}

/* After a signal: will a write of PIPE_BUF go through? A reader that stalls is waited for a little, in all. */
static bool takes_more(struct out *out) {
    enum { STALL_MS = 200 };
    if (out->give_up_ns == 0) out->give_up_ns = monotonic_ns() + STALL_MS * NS_PER_MS;
    for (;;) {
        int64_t left = out->give_up_ns - monotonic_ns();
        struct pollfd one = {.fd = out->fd, .events = POLLOUT};
        int ready = left > 0 ? poll(&one, 1, (int)(left / NS_PER_MS + 1)) : 0;
        if (ready >= 0 || errno != EINTR) return ready != 0;
    }
}

void out_flush(struct out *out) {
    for (size_t done = 0; out->error == 0 && done < out->len;) {
        bool stopped = stop_signal() != 0;
        if (stopped && !takes_more(out)) {
            out->error = EINTR;
            break;
        }
        size_t most = stopped ? PIPE_BUF : SIZE_MAX;
        ssize_t n = write(out->fd, out->data + done, out->len - done < most ? out->len - done : most);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = out->fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            out->error = errno;
    }
    out->len = 0;
    if (out->cap > KEEP_AT_MOST) out_free(out);
}

void out_free(struct out *out) {
    free(out->data);
    out->data = NULL;
    out->len = out->cap = 0;
}

bool out_is_over(const struct out *out) {
    return out->error != 0;
}

bool out_has_hung_up(struct out *out) {
    struct pollfd one = {.fd = out->fd};
    if (out->error == 0 && poll(&one, 1, 0) == 1 && (one.revents & POLLERR) != 0) out->error = EPIPE;
    return out->error != 0;
}

size_t out_mark(const struct out *out) {
    return out->len;
}

void out_take_back(struct out *out, size_t mark) {
    if (mark <= out->len) out->len = mark;
}
