#include "filter_show.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* Format characters (Cf), separators of lines and paragraphs, tags: invisible, or they reorder what is beside them. */
static const struct range hidden[] = {
    {0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},     {0x70F, 0x70F},
    {0x890, 0x891},     {0x8E2, 0x8E2},     {0x180E, 0x180E},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE007F},
};
/* Two columns wide, and none (combining marks); near enough to put a caret in its place. */
static const struct range wide[] = {
    {0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};
static const struct range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x1AB0, 0x1AFF},
                                         {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

static bool is_among(uint32_t code, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count && ranges[i].first <= code; i++)
        if (code <= ranges[i].last) return true;
    return false;
}
#define IS_AMONG(code, ranges) is_among(code, ranges, sizeof(ranges) / sizeof *(ranges))

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

static bool is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/* One character, or one byte that belongs to none; returns its bytes. */
static size_t show_next(struct show *show, const unsigned char *text, size_t len) {
    uint32_t code = 0;
    char escape[16];
    size_t bytes = utf8_next(text, len, &code);
    if (bytes > 0 && (code == '\t' || code == '\n' || code == '\r')) {
        put(show, " ", 1, 1);
    } else if (bytes == 0 || (is_control(code) && bytes == 1)) {
        (void)snprintf(escape, sizeof escape, "\\x%02X", text[0]);
        show_plain(show, escape);
    } else if (is_control(code) || IS_AMONG(code, hidden)) {
        (void)snprintf(escape, sizeof escape, "\\u{%04X}", code);
        show_plain(show, escape);
    } else {
        put(show, (const char *)text, bytes, IS_AMONG(code, wide) ? 2 : IS_AMONG(code, combining) ? 0 : 1);
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
