/* Single keys from the terminal, while something runs: read without echo and without Enter, from the terminal itself, so that standard input may be
 * a file. What the terminal was set to comes back at the end, also after a signal that ends us. */
#ifndef SCTX_CLI_KEYS_H
#define SCTX_CLI_KEYS_H
#include <stdbool.h>

enum key { KEY_NONE = 0, KEY_LEFT = 256, KEY_RIGHT };

struct keys {
    int fd; /* -1: there is no terminal */
};

/* Only if a person can see what the keys do: standard error is a terminal, and we are in the foreground. */
void keys_open(struct keys *keys);
/* A character, or one of enum key; KEY_NONE: none was pressed. Does not wait. */
int keys_next(struct keys *keys);
void keys_close(struct keys *keys);

#endif
