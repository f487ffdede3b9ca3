#include "window.h"
#include "senders.h"

#include <stdlib.h>
#include <string.h>

/* How much of the source is looked at in one go: as much as does not hold up the picture. */
enum { CHUNK = 512, CHUNKS_MAX = 24, KEEP_BEHIND = 2048 };

void window_open(struct window *window) {
    *window = (struct window){.follows = true, .shown = 1};
}

static void drop(struct window *window, size_t from, size_t count) {
    for (size_t i = from; i < from + count; i++) kept_drop(&window->rows[i]);
    memmove(window->rows + from, window->rows + from + count, (window->count - from - count) * sizeof *window->rows);
    window->count -= count;
}

void window_clear(struct window *window) {
    drop(window, 0, window->count);
    *window = (struct window){.rows = window->rows, .room = window->room, .shown = window->shown, .follows = true};
}

void window_close(struct window *window) {
    window_clear(window);
    free(window->rows);
    window->rows = NULL;
}

void window_place(struct window *window, uint64_t seq) {
    window_clear(window);
    window->from = window->to = seq;
    window->is_placed = true;
    window->follows = false;
}

const struct kept *window_chosen(const struct window *window) {
    return window->count > 0 ? &window->rows[window->at] : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------- */

/* Room for `count` more at `place`. */
static bool make_room(struct window *window, size_t place, size_t count) {
    if (window->count + count > window->room) {
        size_t room = 2 * (window->count + count);
        struct kept *rows = realloc(window->rows, room * sizeof *rows);
        if (rows == NULL) return false;
        window->rows = rows;
        window->room = room;
    }
    memmove(window->rows + place + count, window->rows + place, (window->count - place) * sizeof *window->rows);
    window->count += count;
    if (place <= window->at && window->count > count) window->at += count;
    if (place <= window->top && window->count > count) window->top += count;
    return true;
}

static bool append(struct window *window, const struct kept *kept) {
    size_t at = window->at, top = window->top;
    if (!make_room(window, window->count, 1)) return false;
    window->at = at;
    window->top = top;
    window->rows[window->count - 1] = *kept;
    return true;
}

static void append_gap(struct window *window, enum kept_kind kind, uint64_t lost, uint64_t gone, uint64_t seq) {
    struct kept *last = window->count > 0 ? &window->rows[window->count - 1] : NULL;
    if (last != NULL && last->kind == kind) {
        last->lost += lost;
        last->gone += gone;
        last->seq = seq;
        return;
    }
    (void)append(window, &(struct kept){.kind = kind, .lost = lost, .gone = gone, .seq = seq});
}

/* The oldest rows go when there are too many; they can be read again. */
static void forget_old(struct window *window) {
    if (window->count <= WINDOW_MAX) return;
    size_t extra = window->count - WINDOW_MAX + WINDOW_MAX / 8;
    if (extra > window->top) extra = window->top;
    if (extra == 0) return;
    window->from = window->rows[extra].seq;
    window->is_first = false;
    drop(window, 0, extra);
    window->at -= extra;
    window->top -= extra;
}

static void forget_new(struct window *window) {
    size_t end = window->top + window->shown + KEEP_BEHIND;
    if (window->count <= WINDOW_MAX || end >= window->count) return;
    window->to = window->rows[end].seq;
    drop(window, end, window->count - end);
}

/* ---- reading the source ----------------------------------------------------------------------------------------------------- */

struct stretch {
    struct kept *rows;
    size_t count, room;
};

static bool stretch_add(struct stretch *stretch, const struct kept *kept) {
    if (stretch->count == stretch->room) {
        size_t room = stretch->room == 0 ? 64 : 2 * stretch->room;
        struct kept *rows = realloc(stretch->rows, room * sizeof *rows);
        if (rows == NULL) return false;
        stretch->rows = rows;
        stretch->room = room;
    }
    stretch->rows[stretch->count++] = *kept;
    return true;
}

static bool stretch_take(struct stretch *stretch, struct judge *judge, const struct source_message *message) {
    struct kept kept;
    if (!judge_may_want(judge, message) || !kept_take(&kept, message)) return false;
    if (judge_wants(judge, &kept) && stretch_add(stretch, &kept)) return true;
    kept_drop(&kept);
    return false;
}

/* What is wanted of the seqs first to end - 1. *begun: the first seq that was there, end if none; *next: behind the last. */
static enum source_status read_stretch(struct judge *judge, struct source *source, uint64_t first, uint64_t end, struct stretch *stretch,
                                       uint64_t *begun, uint64_t *next) {
    struct source_message message;
    *begun = end;
    *next = first;
    enum source_status status = source_seek(source, first);
    while (status == SOURCE_OK && *next < end) {
        status = source_next(source, &message);
        if (status == SOURCE_DAMAGED) {
            status = SOURCE_OK;
            continue;
        }
        if (status != SOURCE_OK || message.seq >= end) break;
        bool is_begin = *begun == end;
        if (is_begin) *begun = message.seq;
        *next = message.seq + 1;
        if (message.is_sample) continue;
        if (!is_begin && message.lost + message.gone > 0)
            (void)stretch_add(stretch, &(struct kept){.kind = KEPT_LOSS, .lost = message.lost, .gone = message.gone, .seq = message.seq});
        (void)stretch_take(stretch, judge, &message);
    }
    return status;
}

/* Behind the last message that may be looked at; 0: not known. */
static uint64_t newest(struct source *source, uint64_t end) {
    struct source_range range;
    if (source_range(source, &range) != SOURCE_OK) return 0;
    return range.end < end ? range.end : end;
}

static bool place_at_end(struct window *window, struct source *source, uint64_t end) {
    if (window->is_placed) return true;
    window->from = window->to = newest(source, end);
    window->is_placed = window->to != 0;
    return window->is_placed;
}

/* One chunk before what is held. */
static bool read_older(struct window *window, struct judge *judge, struct source *source) {
    struct source_range range;
    struct stretch stretch = {.rows = NULL};
    uint64_t begun, next;
    if (source_range(source, &range) != SOURCE_OK) return false;
    if (window->from <= range.first) {
        window->is_first = true;
        return false;
    }
    uint64_t first = window->from - range.first > CHUNK ? window->from - CHUNK : range.first;
    (void)read_stretch(judge, source, first, window->from, &stretch, &begun, &next);
    bool was_empty = window->count == 0;
    if (stretch.count > 0 && make_room(window, 0, stretch.count)) {
        memcpy(window->rows, stretch.rows, stretch.count * sizeof *stretch.rows);
        if (was_empty) window->at = stretch.count - 1;
    }
    free(stretch.rows);
    window->from = first;
    /* What is behind `first` was overwritten meanwhile: so is everything before it. */
    if (begun > first && begun - first > CHUNK / 2) window->is_first = source_reader(source) != NULL;
    return true;
}

static void read_newer(struct window *window, struct judge *judge, struct source *source, uint64_t end) {
    struct stretch stretch = {.rows = NULL};
    uint64_t begun, next, last = end - window->to > CHUNK ? window->to + CHUNK : end;
    (void)read_stretch(judge, source, window->to, last, &stretch, &begun, &next);
    if (begun < last && begun > window->to && source_reader(source) != NULL) append_gap(window, KEPT_LOSS, begun - window->to, 0, begun);
    for (size_t i = 0; i < stretch.count; i++)
        if (!append(window, &stretch.rows[i])) kept_drop(&stretch.rows[i]);
    free(stretch.rows);
    /* Other programs' recordings have numbers of places, all of which are there. */
    window->to = next > window->to ? next : window->to;
}

/* ---- for every picture ------------------------------------------------------------------------------------------------------ */

static void scroll(struct window *window) {
    size_t shown = window->shown > 0 ? window->shown : 1;
    if (window->follows && window->count > 0) window->at = window->count - 1;
    if (window->at >= window->count) window->at = window->count > 0 ? window->count - 1 : 0;
    if (window->at < window->top) window->top = window->at;
    if (window->at >= window->top + shown) window->top = window->at - shown + 1;
    if (window->top + shown > window->count) window->top = window->count > shown ? window->count - shown : 0;
}

/* Rows that the screen has room for above the first. */
static bool wants_older(const struct window *window) {
    return !window->is_first && window->count < window->shown;
}

void window_update(struct window *window, struct judge *judge, struct source *source, uint64_t end) {
    if (source == NULL || !place_at_end(window, source, end)) return;
    bool is_live = source_reader(source) != NULL;
    uint64_t last = newest(source, end);
    /* A recording that went back: what is behind its moment goes. */
    while (window->count > 0 && window->rows[window->count - 1].seq >= end) drop(window, window->count - 1, 1);
    if (window->to > end) window->to = end;
    if (!is_live && window->follows && last > window->to + (uint64_t)CHUNK * CHUNKS_MAX) window_clear(window);
    if (!place_at_end(window, source, end)) return;
    int chunks = 0;
    if (!is_live && window->follows)
        for (; chunks < CHUNKS_MAX && window->to < last; chunks++) read_newer(window, judge, source, last);
    if (!window->follows)
        for (; chunks < CHUNKS_MAX && window->to < last && window->count < window->top + window->shown; chunks++)
            read_newer(window, judge, source, last);
    for (; chunks < CHUNKS_MAX && wants_older(window); chunks++)
        if (!read_older(window, judge, source)) break;
    window->is_searching = wants_older(window);
    window->newer = !window->follows && last > window->to ? last - window->to : 0;
    forget_old(window);
    scroll(window);
}

/* A message that others may still write over was copied; its texts are the other thread's, and are asked for anew. */
static bool take_taped(struct window *window, struct judge *judge, struct source *source, sctx *ctx, const struct taped *taped) {
    struct source_message message = taped->message;
    struct kept kept;
    message.topic = source_topic(source, taped->topic_id);
    if (message.topic == NULL) return true;
    message.from = sctx_participant_name(ctx, message.join);
    uint32_t len = message.len;
    message.len = taped->held;
    if (!kept_take(&kept, &message)) return false;
    kept.len = len;
    if (judge_wants(judge, &kept) && append(window, &kept)) return true;
    kept_drop(&kept);
    return true;
}

void window_fetch(struct window *window, struct judge *judge, struct source *source, sctx *ctx, struct tape *tape) {
    if (source == NULL || !window->follows || !place_at_end(window, source, UINT64_MAX)) return;
    uint64_t skipped = tape->skipped;
    const struct taped *taped;
    while ((taped = tape_next(tape)) != NULL) {
        if (taped->message.seq < window->to) continue;
        if (skipped > 0) append_gap(window, KEPT_SKIPPED, skipped, 0, taped->message.seq);
        skipped = 0;
        if (taped->message.lost + taped->message.gone > 0)
            append_gap(window, KEPT_LOSS, taped->message.lost, taped->message.gone, taped->message.seq);
        if (!take_taped(window, judge, source, ctx, taped)) break;
        window->to = taped->message.seq + 1;
    }
    tape_clear(tape);
    forget_old(window);
    scroll(window);
}

/* ---- moving ----------------------------------------------------------------------------------------------------------------- */

void window_move(struct window *window, struct judge *judge, struct source *source, uint64_t end, long rows) {
    if (source == NULL) return;
    for (int i = 0; i < CHUNKS_MAX && rows < 0 && window->at < (size_t)-rows && !window->is_first; i++)
        if (!read_older(window, judge, source)) break;
    uint64_t last = newest(source, end);
    for (int i = 0; i < CHUNKS_MAX && rows > 0 && window->at + (size_t)rows >= window->count && window->to < last && !window->follows; i++)
        read_newer(window, judge, source, last);
    if (window->count == 0) return;
    long at = (long)window->at + rows;
    bool beyond = at >= (long)window->count;
    window->at = at < 0 ? 0 : beyond ? window->count - 1 : (size_t)at;
    if (rows < 0) window->follows = false;
    if (rows > 0 && beyond && window->to >= last) window->follows = true;
    forget_new(window);
    scroll(window);
}

void window_go_first(struct window *window, struct judge *judge, struct source *source, uint64_t end) {
    struct source_range range;
    if (source == NULL || source_range(source, &range) != SOURCE_OK) return;
    window_place(window, range.first);
    window->is_first = true;
    window_update(window, judge, source, end);
    window->at = 0;
    scroll(window);
}

void window_go_last(struct window *window) {
    if (!window->follows || window->count == 0) window_clear(window);
}

static bool find(struct window *window, uint64_t seq) {
    for (size_t i = 0; i < window->count; i++)
        if (window->rows[i].seq == seq && window->rows[i].kind == KEPT_MESSAGE) {
            window->at = i;
            window->follows = false;
            return true;
        }
    return false;
}

bool window_go(struct window *window, struct judge *judge, struct source *source, uint64_t end, uint64_t seq) {
    if (source == NULL || seq >= end) return false;
    if (!find(window, seq)) {
        struct stretch stretch = {.rows = NULL};
        uint64_t begun, next;
        (void)read_stretch(judge, source, seq, seq + 1, &stretch, &begun, &next);
        bool there = stretch.count > 0;
        for (size_t i = 0; i < stretch.count; i++) kept_drop(&stretch.rows[i]);
        free(stretch.rows);
        if (!there) return false;
        window_place(window, seq);
        window_update(window, judge, source, end);
        if (!find(window, seq)) return false;
    }
    /* Some of what was before it, above it. */
    for (int i = 0; i < CHUNKS_MAX && window->at < window->shown / 3 && !window->is_first; i++)
        if (!read_older(window, judge, source)) break;
    window->top = window->at > window->shown / 3 ? window->at - window->shown / 3 : 0;
    scroll(window);
    return true;
}
