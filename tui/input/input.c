#include "input.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t key;
    const char *name;
} names[] = {
    {KEY_OF_TAB, "Tab"},
    {KEY_OF_ENTER, "Enter"},
    {KEY_OF_ESCAPE, "Esc"},
    {KEY_OF_SPACE, "Space"},
    {KEY_OF_UP, "Up"},
    {KEY_OF_DOWN, "Down"},
    {KEY_OF_LEFT, "Left"},
    {KEY_OF_RIGHT, "Right"},
    {KEY_OF_PAGE_UP, "PgUp"},
    {KEY_OF_PAGE_DOWN, "PgDn"},
    {KEY_OF_HOME, "Home"},
    {KEY_OF_END, "End"},
    {KEY_OF_BACKSPACE, "Back"},
    {KEY_OF_DELETE, "Del"},
    {KEY_OF_BACKTAB, "Shift-Tab"},
    {KEY_OF_CLICK, "Click"},
    {KEY_OF_DOUBLE, "Double"},
    {KEY_OF_WHEEL_UP, "WheelUp"},
    {KEY_OF_WHEEL_DOWN, "WheelDown"},
};

const char *key_label(uint32_t key, char text[static KEY_NAME]) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].key == key) return memcpy(text, names[i].name, strlen(names[i].name) + 1);
    if (key >= KEY_OF_F1 && key <= KEY_OF_F12)
        (void)snprintf(text, KEY_NAME, "F%u", (unsigned)(key - KEY_OF_F1 + 1));
    else if (key < ' ')
        (void)snprintf(text, KEY_NAME, "Ctrl-%c", (char)(key + '@'));
    else
        text[utf8_put(text, key)] = '\0';
    return text;
}

static uint32_t named(const char *word, size_t len) {
    char text[KEY_NAME];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, word, len) == 0) return names[i].key;
    for (uint32_t key = KEY_OF_F1; key <= KEY_OF_F12; key++)
        if (strlen(key_label(key, text)) == len && memcmp(text, word, len) == 0) return key;
    if (len == 6 && memcmp(word, "Ctrl-", 5) == 0 && word[5] >= 'A' && word[5] <= 'Z') return (uint32_t)(word[5] - '@');
    return KEY_OF_NOTHING;
}

size_t keys_of_script(const char *script, uint32_t *keys, size_t most) {
    size_t count = 0;
    for (const char *at = script; *at != '\0' && count < most;) {
        size_t len = strcspn(at, " ");
        uint32_t key = named(at, len);
        if (key != KEY_OF_NOTHING) keys[count++] = key;
        for (size_t i = 0; key == KEY_OF_NOTHING && i < len && count < most; count++) {
            size_t bytes = utf8_next((const unsigned char *)at + i, len - i, &keys[count]);
            if (bytes == 0) return count;
            i += bytes;
        }
        at += len;
        at += strspn(at, " ");
    }
    return count;
}
