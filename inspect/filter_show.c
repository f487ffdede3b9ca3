#include "filter_show.h"
#include "glyph.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

struct show show_begin(char *to, size_t room) {
    to[0] = '\0';
    return (struct show){.to = to, .room = room};
}

static void put(struct show *show, const char *text, size_t len, size_t columns) {
    if (show->full || len >= show->room - show->len) {
        show->full = true;
        return;
    }
    memcpy(show->to + show->len, text, len);
    show->len += len;
    show->to[show->len] = '\0';
    show->columns += columns;
}

void show_plain(struct show *show, const char *text) {
    for (; *text != '\0'; text++) put(show, text, 1, 1);
}

/* One character, or one byte that belongs to none; returns its bytes. */
static size_t show_next(struct show *show, const unsigned char *text, size_t len) {
    uint32_t code = 0;
    char escape[16];
    size_t bytes = utf8_next(text, len, &code);
    if (bytes > 0 && (code == '\t' || code == '\n' || code == '\r')) {
        put(show, " ", 1, 1);
    } else if (bytes == 0 || (glyph_is_control(code) && bytes == 1)) {
        (void)snprintf(escape, sizeof escape, "\\x%02X", text[0]);
        show_plain(show, escape);
    } else if (!glyph_is_inert(code)) {
        (void)snprintf(escape, sizeof escape, "\\u{%04X}", code);
        show_plain(show, escape);
    } else {
        put(show, (const char *)text, bytes, glyph_columns(code));
    }
    return bytes > 0 ? bytes : 1;
}

void show_text(struct show *show, const char *text, size_t len) {
    for (size_t at = 0; at < len && !show->full;) at += show_next(show, (const unsigned char *)text + at, len - at);
}

void show_cut(struct show *show, const char *text, size_t len, size_t most) {
    size_t at = 0;
    while (at < len && at < most && !show->full) at += show_next(show, (const unsigned char *)text + at, len - at);
    if (at < len) show_plain(show, "...");
}
