#include "input.h"
#include "stop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_AT_LEAST = 64 << 10 };

/* Reads more behind what is there. INPUT_LINE: something came, or the end was noted. */
static enum input_status read_more(struct input *input) {
    if (input->start > 0 && (input->start == input->len || input->cap - input->len < READ_AT_LEAST)) {
        memmove(input->data, input->data + input->start, input->len - input->start);
        input->len -= input->start;
        input->start = 0;
    }
    if (input->cap - input->len < READ_AT_LEAST) {
        size_t cap = input->cap == 0 ? 2 * (size_t)READ_AT_LEAST : 2 * input->cap;
        char *data = realloc(input->data, cap);
        if (data == NULL) return INPUT_FAILED;
        input->data = data;
        input->cap = cap;
    }
    for (;;) {
        if (stop_signal() != 0) return INPUT_STOPPED;
        ssize_t n = read(input->fd, input->data + input->len, input->cap - input->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return INPUT_FAILED;
        input->len += (size_t)n;
        input->ended = n == 0;
        return INPUT_LINE;
    }
}

/* The rest of a line that was too long. */
static enum input_status skip_line(struct input *input) {
    while (input->skipping) {
        size_t held = input->len - input->start;
        const char *start = input->data + input->start;
        const char *newline = held > 0 ? memchr(start, '\n', held) : NULL;
        input->start += newline != NULL ? (size_t)(newline - start) + 1 : held;
        input->skipping = newline == NULL && !input->ended;
        enum input_status status = input->skipping ? read_more(input) : INPUT_LINE;
        if (status != INPUT_LINE) return status;
    }
    return INPUT_LINE;
}

enum input_status input_line(struct input *input, const char **line, size_t *len) {
    enum input_status skipped = skip_line(input);
    if (skipped != INPUT_LINE) return skipped;
    for (;;) {
        size_t held = input->len - input->start;
        char *start = input->data != NULL ? input->data + input->start : NULL;
        char *newline = held > input->searched ? memchr(start + input->searched, '\n', held - input->searched) : NULL;
        if (newline != NULL || (input->ended && held > 0)) {
            *line = start;
            *len = newline != NULL ? (size_t)(newline - start) : held;
            input->start += *len + (newline != NULL);
            input->searched = 0;
            return *len > input->item_max ? INPUT_TOO_LONG : INPUT_LINE;
        }
        input->searched = held;
        if (input->ended) return INPUT_END;
        if (held > input->item_max) {
            input->searched = 0;
            input->start = input->len;
            input->skipping = true;
            return INPUT_TOO_LONG;
        }
        enum input_status status = read_more(input);
        if (status != INPUT_LINE) return status;
    }
}

enum input_status input_whole(struct input *input, const char **data, size_t *len) {
    while (!input->ended) {
        enum input_status status = input->len > input->item_max ? INPUT_TOO_LONG : read_more(input);
        if (status != INPUT_LINE) return status;
    }
    *data = input->data;
    *len = input->len;
    return input->len > input->item_max ? INPUT_TOO_LONG : INPUT_LINE;
}

void input_free(struct input *input) {
    free(input->data);
}
