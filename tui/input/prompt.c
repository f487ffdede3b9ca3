#include "prompt.h"
#include "utf8.h"

#include <string.h>

static void take_text(struct prompt *prompt, const char *text) {
    size_t len = strnlen(text, PROMPT_MAX);
    memmove(prompt->text, text, len);
    prompt->text[len] = '\0';
    prompt->len = prompt->at = len;
}

void prompt_begin(struct prompt *prompt, enum prompt_kind kind, const char *text) {
    prompt->kind = kind;
    prompt->back = 0;
    take_text(prompt, text);
}

void prompt_end(struct prompt *prompt) {
    prompt->kind = PROMPT_NONE;
}

static void remember(struct prompt *prompt) {
    char(*lines)[PROMPT_MAX + 1] = prompt->history[prompt->kind];
    unsigned *count = &prompt->remembered[prompt->kind];
    if (prompt->len == 0 || (*count > 0 && strcmp(lines[*count - 1], prompt->text) == 0)) return;
    if (*count == PROMPT_HISTORY) memmove(lines[0], lines[1], (size_t)(--*count) * sizeof lines[0]);
    memcpy(lines[(*count)++], prompt->text, prompt->len + 1);
}

static void go_back(struct prompt *prompt, int step) {
    unsigned count = prompt->remembered[prompt->kind];
    if ((step > 0 && prompt->back >= count) || (step < 0 && prompt->back == 0)) return;
    prompt->back = step > 0 ? prompt->back + 1 : prompt->back - 1;
    take_text(prompt, prompt->back == 0 ? "" : prompt->history[prompt->kind][count - prompt->back]);
}

static size_t before(const struct prompt *prompt, size_t at) {
    while (at > 0 && ((unsigned char)prompt->text[--at] & 0xC0) == 0x80) {}
    return at;
}

static size_t behind(const struct prompt *prompt, size_t at) {
    if (at < prompt->len) at++;
    while (at < prompt->len && ((unsigned char)prompt->text[at] & 0xC0) == 0x80) at++;
    return at;
}

static void cut(struct prompt *prompt, size_t from, size_t to) {
    memmove(prompt->text + from, prompt->text + to, prompt->len - to + 1);
    prompt->len -= to - from;
    prompt->at = from;
}

static void insert(struct prompt *prompt, uint32_t code) {
    char text[4];
    size_t len = utf8_put(text, code);
    if (code < ' ' || prompt->len + len > PROMPT_MAX) return;
    memmove(prompt->text + prompt->at + len, prompt->text + prompt->at, prompt->len - prompt->at + 1);
    memcpy(prompt->text + prompt->at, text, len);
    prompt->len += len;
    prompt->at += len;
}

enum prompt_result prompt_key(struct prompt *prompt, uint32_t key) {
    switch (key) {
    case KEY_OF_ENTER: remember(prompt); return PROMPT_DONE;
    case KEY_OF_ESCAPE:
    case 'C' - '@': return PROMPT_LEFT;
    case KEY_OF_BACKSPACE:
        if (prompt->len == 0) return PROMPT_LEFT;
        cut(prompt, before(prompt, prompt->at), prompt->at);
        break;
    case KEY_OF_DELETE: cut(prompt, prompt->at, behind(prompt, prompt->at)); break;
    case 'U' - '@': cut(prompt, 0, prompt->at); break;
    case KEY_OF_LEFT: prompt->at = before(prompt, prompt->at); break;
    case KEY_OF_RIGHT: prompt->at = behind(prompt, prompt->at); break;
    case KEY_OF_HOME:
    case 'A' - '@': prompt->at = 0; break;
    case KEY_OF_END:
    case 'E' - '@': prompt->at = prompt->len; break;
    case KEY_OF_UP: go_back(prompt, 1); break;
    case KEY_OF_DOWN: go_back(prompt, -1); break;
    default:
        if (key < KEY_OF_UP) insert(prompt, key);
        break;
    }
    return PROMPT_GOES_ON;
}
