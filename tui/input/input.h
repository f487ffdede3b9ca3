/* What a person does: keys and the mouse, whatever terminal it is. */
#ifndef SCTX_TUI_INPUT_H
#define SCTX_TUI_INPUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters stand for themselves, by code point; the rest is above them. */
enum key {
    KEY_OF_NOTHING = 0,
    KEY_OF_TAB = 9,
    KEY_OF_ENTER = 10,
    KEY_OF_ESCAPE = 27,
    KEY_OF_SPACE = 32,
    KEY_OF_UP = 0x110000,
    KEY_OF_DOWN,
    KEY_OF_LEFT,
    KEY_OF_RIGHT,
    KEY_OF_PAGE_UP,
    KEY_OF_PAGE_DOWN,
    KEY_OF_HOME,
    KEY_OF_END,
    KEY_OF_BACKSPACE,
    KEY_OF_DELETE,
    KEY_OF_BACKTAB,
    KEY_OF_F1,
    KEY_OF_F12 = KEY_OF_F1 + 11,
    KEY_OF_RESIZE,
    KEY_OF_CLICK,  /* at column, row */
    KEY_OF_DOUBLE, /* likewise */
    KEY_OF_WHEEL_UP,
    KEY_OF_WHEEL_DOWN,
};

struct input {
    uint32_t key; /* enum key, or a character */
    int column, row;
};

/* "Enter", "F4", "x", "Ctrl-L"; in `text`, which is returned. */
enum { KEY_NAME = 16 };
const char *key_label(uint32_t key, char text[static KEY_NAME]);
/* The keys of a script: words with blanks between them, as key_label() writes them ("j j Enter F4 topic~\"a\" Enter"); a word that names no key stands
 * for its characters, one after the other. Returns how many; at most `most`. */
size_t keys_of_script(const char *script, uint32_t *keys, size_t most);

#endif
