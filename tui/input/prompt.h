/* A line that is being typed at the bottom of the screen. */
#ifndef SCTX_TUI_PROMPT_H
#define SCTX_TUI_PROMPT_H
#include "input.h"

enum { PROMPT_MAX = 1000, PROMPT_HISTORY = 32 };
enum prompt_kind { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_KINDS };

struct prompt {
    enum prompt_kind kind;
    char text[PROMPT_MAX + 1]; /* UTF-8 */
    size_t len, at;            /* at: the cursor, in bytes */
    char history[PROMPT_KINDS][PROMPT_HISTORY][PROMPT_MAX + 1];
    unsigned remembered[PROMPT_KINDS], back; /* back: how far one has gone */
};

enum prompt_result { PROMPT_GOES_ON, PROMPT_DONE, PROMPT_LEFT };

/* `text`: what stands there at first. */
void prompt_begin(struct prompt *prompt, enum prompt_kind kind, const char *text);
/* DONE: `text` is what was typed; kind says what for, and prompt_end() has to be called. LEFT: with Escape, or Backspace on nothing. */
enum prompt_result prompt_key(struct prompt *prompt, uint32_t key);
void prompt_end(struct prompt *prompt);

#endif
