#include "filter.h"
#include "filter_show.h"
#include "utf8.h"

#include <string.h>

/* Bytes of the expression that are shown before and behind the place. */
enum { INDENT = 4, BEFORE = 64, BEHIND = 48 };

/* Not within a character: goes forward to the next one's beginning. */
static size_t character_edge(const char *text, size_t at) {
    for (int i = 0; i < 3 && ((unsigned char)text[at] & 0xC0) == 0x80; i++) at++;
    return at;
}

size_t filter_error_show(const struct filter_error *error, const char *expression, char shown[static FILTER_SHOWN_MAX]) {
    size_t len = strlen(expression), off = error->offset < len ? error->offset : len;
    size_t begin = off > BEFORE ? character_edge(expression, off - BEFORE) : 0;
    size_t end = len - off > BEHIND ? character_edge(expression, off + BEHIND) : len;
    struct show show = show_begin(shown, FILTER_SHOWN_MAX - 1);
    for (int i = 0; i < INDENT; i++) show_plain(&show, " ");
    if (begin > 0) show_plain(&show, "...");
    if (begin < off) show_text(&show, expression + begin, off - begin);
    size_t column = show.columns;
    if (off < end) show_text(&show, expression + off, end - off);
    if (end < len) show_plain(&show, "...");
    show_plain(&show, "\n");
    while (column-- > 0) show_plain(&show, " ");
    show_plain(&show, "^ ");
    show_text(&show, error->text, strlen(error->text));
    shown[show.len++] = '\n';
    shown[show.len] = '\0';
    return show.len;
}
