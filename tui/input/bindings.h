/* Which key does what, and where: the one table from which keys are looked up, and the help and the bottom line are made. */
#ifndef SCTX_TUI_BINDINGS_H
#define SCTX_TUI_BINDINGS_H
#include "input.h"

enum action {
    ACT_NOTHING,
    ACT_TOPICS, /* the views, in the order of their numbers */
    ACT_PARTICIPANTS,
    ACT_MESSAGES,
    ACT_FLOW,
    ACT_MARKERS,
    ACT_RING,
    ACT_NEXT_VIEW,
    ACT_PREVIOUS_VIEW,
    ACT_UP,
    ACT_DOWN,
    ACT_PAGE_UP,
    ACT_PAGE_DOWN,
    ACT_FIRST,
    ACT_LAST,
    ACT_OPEN,
    ACT_BACK,
    ACT_SORT_LEFT,
    ACT_SORT_RIGHT,
    ACT_SORT_TURN,
    ACT_SEARCH,
    ACT_SEARCH_NEXT,
    ACT_SEARCH_PREVIOUS,
    ACT_TROUBLE,
    ACT_FILTER,
    ACT_PAUSE,
    ACT_CAUSE,
    ACT_EFFECTS,
    ACT_LEFT, /* in the detail: the message before */
    ACT_RIGHT,
    ACT_RETRY,
    ACT_SNAPSHOT,
    ACT_RECORD,
    ACT_STEP_BACK, /* on a recording */
    ACT_STEP,
    ACT_SEEK_BACK,
    ACT_SEEK,
    ACT_SLOWER,
    ACT_FASTER,
    ACT_HELP,
    ACT_REDRAW,
    ACT_QUIT,
    ACTIONS
};

/* Where one is: a mask of them. */
enum place { PLACE_TABLE = 1, PLACE_MESSAGES = 2, PLACE_DETAIL = 4, PLACE_LIVE = 8, PLACE_FILE = 16, PLACE_ALL = 31 };

struct binding {
    enum action action;
    uint32_t keys[3];    /* 0: no more */
    unsigned views;      /* of PLACE_TABLE, _MESSAGES, _DETAIL; 0: all */
    unsigned sources;    /* of PLACE_LIVE, _FILE; 0: both */
    const char *label;   /* for the bottom line; NULL: it is not shown there */
    const char *tells;   /* for the help */
};

extern const struct binding bindings[];
extern const size_t binding_count;

bool binding_is_for(const struct binding *binding, unsigned place);
enum action binding_find(uint32_t key, unsigned place);
/* "Up, k"; in `text`, which is returned. */
enum { BINDING_KEYS = 64 };
const char *binding_keys(const struct binding *binding, char text[static BINDING_KEYS]);

#endif
