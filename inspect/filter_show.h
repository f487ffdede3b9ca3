/* Text put together in a bounded buffer, for people: what others wrote is made harmless on the way. */
#ifndef SCTX_INSPECT_FILTER_SHOW_H
#define SCTX_INSPECT_FILTER_SHOW_H
#include <stdbool.h>
#include <stddef.h>

struct show {
    char *to; /* always NUL-terminated */
    size_t room, len;
    size_t columns; /* that the text takes on a terminal */
    bool full;      /* something did not fit; what follows is left out, too */
};

struct show show_begin(char *to, size_t room);
/* Our own text, ASCII. */
void show_plain(struct show *show, const char *text);
/* Tabs and line ends become a blank; other control characters, what is invisible or changes the direction, and what is not UTF-8, become
 * \xNN or \u{XXXX}. */
void show_text(struct show *show, const char *text, size_t len);
/* The same, of a text longer than `most` bytes only its beginning, and "...". */
void show_cut(struct show *show, const char *text, size_t len, size_t most);

#endif
