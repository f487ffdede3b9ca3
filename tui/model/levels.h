/* The levels of markers, and how they were in the last minute. Of a context they are looked up; in a recording they are samples, which come between
 * the messages. [owner: one thread] */
#ifndef SCTX_TUI_LEVELS_H
#define SCTX_TUI_LEVELS_H
#include "source.h"

enum { LEVELS_SECONDS = 60, LEVELS_MAX = 4096 };

struct level {
    char name[SCTX_TOPIC_MAX + 1];
    char kind[12], unit[20];
    char text[40], low[40], high[40]; /* "": no such threshold, or it is not known */
    double value;
    bool is_low, is_high; /* beyond its threshold */
    int64_t time_ns;      /* when it was last set; 0: never */
    int64_t second;       /* the latest of the seconds below */
    double by_second[LEVELS_SECONDS]; /* as it was at the end of each, modulo LEVELS_SECONDS */
    int64_t since;        /* the first second that is known */
};

struct levels {
    struct level *list;
    uint32_t count, room;
    uint64_t unheld; /* beyond LEVELS_MAX */
};

void levels_reset(struct levels *levels);
/* As they are in a context now. */
void levels_look(struct levels *levels, sctx *ctx, int64_t now_ns);
/* A sample out of a recording. */
void levels_add(struct levels *levels, const struct source_message *sample);
bool levels_copy(struct levels *to, const struct levels *from); /* false: no memory */
/* The last `count` seconds before now_ns, the latest last. Returns how many are known. */
size_t level_history(const struct level *level, int64_t now_ns, double *values, size_t count);

#endif
