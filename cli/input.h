/* Standard input, cut into lines or taken whole. */
#ifndef SCTX_CLI_INPUT_H
#define SCTX_CLI_INPUT_H
#include <stdbool.h>
#include <stddef.h>

struct input {
    int fd;
    size_t item_max; /* longest line, or longest whole */
    char *data;
    size_t start, len, cap;
    size_t searched; /* bytes after start known to have no newline */
    bool skipping; /* the rest of a line that was too long */
    bool ended;
};

enum input_status { INPUT_LINE, INPUT_END, INPUT_STOPPED, INPUT_TOO_LONG, INPUT_FAILED /* errno */ };

/* The next line, without its newline; the last one may lack it. Valid until the next call. After INPUT_TOO_LONG it is the one behind that. */
enum input_status input_line(struct input *input, const char **line, size_t *len);
/* Everything up to the end. */
enum input_status input_whole(struct input *input, const char **data, size_t *len);
void input_free(struct input *input);

#endif
