#include "moment.h"

static void look_ahead(struct moment *moment) {
    struct source_message message;
    enum source_status status;
    do status = source_next(moment->source, &message);
    while (status == SOURCE_DAMAGED || (status == SOURCE_OK && message.is_sample));
    moment->has_ahead = status == SOURCE_OK;
    if (!moment->has_ahead) return;
    moment->ahead_seq = message.seq;
    moment->ahead_ns = message.time_ns;
}

static void advance(struct moment *moment) {
    moment->seq = moment->ahead_seq;
    moment->time_ns = moment->ahead_ns;
    look_ahead(moment);
}

/* Before the first. */
static void rewind_all(struct moment *moment) {
    moment->seq = moment->range.first > 0 ? moment->range.first - 1 : 0;
    moment->time_ns = moment->range.first_ns;
    moment->has_ahead = false;
    if (source_seek(moment->source, moment->range.first) == SOURCE_OK) look_ahead(moment);
}

/* The latest message before this seq, in chunks from there back. */
static bool before(struct moment *moment, uint64_t seq, uint64_t *found, int64_t *time_ns) {
    enum { CHUNK = 256 };
    for (uint64_t end = seq; end > moment->range.first;) {
        uint64_t first = end - moment->range.first > CHUNK ? end - CHUNK : moment->range.first;
        struct source_message message;
        bool has = false;
        enum source_status status = source_seek(moment->source, first);
        while (status == SOURCE_OK || status == SOURCE_DAMAGED) {
            status = source_next(moment->source, &message);
            if (status != SOURCE_OK) continue;
            if (message.seq >= end) break;
            if (message.is_sample) continue;
            has = true;
            *found = message.seq;
            *time_ns = message.time_ns;
        }
        if (has) return true;
        end = first;
    }
    return false;
}

static void go(struct moment *moment, uint64_t seq, int64_t time_ns) {
    moment->has_ahead = false;
    if (source_seek(moment->source, seq + 1) == SOURCE_OK) look_ahead(moment);
    moment->seq = seq;
    moment->time_ns = time_ns;
}

bool moment_open(struct moment *moment, struct source *source) {
    *moment = (struct moment){.source = source, .rate = 1};
    if (source_range(source, &moment->range) != SOURCE_OK) return false;
    rewind_all(moment);
    moment_seek(moment, moment->range.last_ns);
    return true;
}

void moment_close(struct moment *moment) {
    source_close(moment->source);
    moment->source = NULL;
}

void moment_seek(struct moment *moment, int64_t time_ns) {
    uint64_t seq;
    int64_t then;
    if (time_ns < moment->range.first_ns) time_ns = moment->range.first_ns - 1;
    if (time_ns > moment->range.last_ns) time_ns = moment->range.last_ns;
    moment->has_ahead = false;
    if (source_seek_time(moment->source, time_ns + 1) == SOURCE_OK) look_ahead(moment);
    uint64_t end = moment->has_ahead ? moment->ahead_seq : moment->range.end;
    if (before(moment, end, &seq, &then)) {
        go(moment, seq, then);
        if (time_ns > then) moment->time_ns = time_ns;
    } else {
        rewind_all(moment);
    }
}

bool moment_seek_seq(struct moment *moment, uint64_t seq) {
    struct source_message message;
    if (source_seek(moment->source, seq) != SOURCE_OK) return false;
    do
        if (source_next(moment->source, &message) != SOURCE_OK || message.seq > seq) return false;
    while (message.is_sample);
    go(moment, seq, message.time_ns);
    return true;
}

void moment_step(struct moment *moment, int messages) {
    uint64_t seq;
    int64_t then;
    moment->plays = false;
    if (messages > 0 && moment->has_ahead)
        advance(moment);
    else if (messages < 0 && before(moment, moment->seq, &seq, &then))
        go(moment, seq, then);
    else if (messages < 0)
        rewind_all(moment);
}

void moment_play(struct moment *moment, bool plays, int64_t wall_ns) {
    if (plays && !moment->has_ahead) rewind_all(moment);
    moment->plays = plays;
    moment->played_at_ns = wall_ns;
}

void moment_tick(struct moment *moment, int64_t wall_ns) {
    enum { AT_ONCE = 1000000 };
    if (!moment->plays) return;
    int64_t now = moment->time_ns + (int64_t)((double)(wall_ns - moment->played_at_ns) * moment->rate);
    moment->played_at_ns = wall_ns;
    for (unsigned i = 0; i < AT_ONCE && moment->has_ahead && moment->ahead_ns <= now; i++) advance(moment);
    moment->time_ns = now < moment->range.last_ns ? now : moment->range.last_ns;
    if (!moment->has_ahead) moment->plays = false;
}
