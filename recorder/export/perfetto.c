#include "perfetto.h"
#include "numbering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OWN_PROCESS = 1, /* what is no sender's: loss */
    OWN_THREAD = 2,
    FIRST_NUMBER = 3, /* of senders and tracks, which share one row of numbers */
    SLICE_NS = 1,
    MOVED_NS_MAX = 1000000 /* a slice is moved behind another one at most so far; what is further back is out of order, and stays */
};

struct track {
    uint32_t pid, tid;
    int64_t end_ns; /* of its last slice */
};

/* Where a message is shown. */
struct place {
    uint64_t seq; /* 0: none; place 0 has no other meaning, as seqs begin with 1 */
    int64_t at_ns;
    uint32_t track;
};

struct perfetto {
    struct export_output output;
    char *context;
    struct numbering senders, tracks;
    uint32_t *pids; /* by sender */
    struct track *list;
    uint32_t pid_room, track_room, next_number;
    struct place *places; /* by seq */
    bool has_base, has_event;
    int64_t base_ns, last_ns;
    uint64_t lost, gone, unknown;
};

struct perfetto *perfetto_open(const struct export_output *output, const char *context) {
    struct perfetto *perfetto = calloc(1, sizeof *perfetto);
    if (perfetto == NULL) return NULL;
    *perfetto = (struct perfetto){.output = *output, .context = strdup(context), .next_number = FIRST_NUMBER};
    perfetto->places = calloc(PERFETTO_REMEMBERED, sizeof *perfetto->places);
    if (perfetto->context != NULL && perfetto->places != NULL) return perfetto;
    free(perfetto->context);
    free(perfetto->places);
    free(perfetto);
    return NULL;
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

static void begin_file(struct perfetto *perfetto, int64_t base_ns) {
    const struct export_output *output = &perfetto->output;
    if (perfetto->has_base) return;
    perfetto->has_base = true;
    perfetto->base_ns = perfetto->last_ns = base_ns;
    output_text(output, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"source\":\"sctx\",\"context\":");
    output_name(output, perfetto->context);
    output_text(output, ",\"base_time_ns\":\"");
    output_integer(output, base_ns);
    output_text(output, "\"},\"traceEvents\":[\n");
}

static void begin_event(struct perfetto *perfetto, const char *phase) {
    output_text(&perfetto->output, perfetto->has_event ? ",\n{\"ph\":\"" : "{\"ph\":\"");
    output_text(&perfetto->output, phase);
    output_text(&perfetto->output, "\"");
    perfetto->has_event = true;
}

static void put_member(const struct perfetto *perfetto, const char *key, uint64_t number) {
    output_text(&perfetto->output, key);
    output_number(&perfetto->output, number);
}

/* Exactly, in microseconds. */
static void put_time(const struct perfetto *perfetto, int64_t at_ns) {
    char text[40];
    bool is_before = at_ns < perfetto->base_ns;
    uint64_t ns = is_before ? (uint64_t)perfetto->base_ns - (uint64_t)at_ns : (uint64_t)at_ns - (uint64_t)perfetto->base_ns;
    (void)snprintf(text, sizeof text, ",\"ts\":%s%" PRIu64 ".%03u", is_before ? "-" : "", ns / 1000, (unsigned)(ns % 1000));
    output_text(&perfetto->output, text);
}

static void put_place(const struct perfetto *perfetto, int64_t at_ns, const struct track *track) {
    put_time(perfetto, at_ns);
    put_member(perfetto, ",\"pid\":", track->pid);
    put_member(perfetto, ",\"tid\":", track->tid);
}

static void put_title(struct perfetto *perfetto, const char *what, const struct track *track, const char *name, uint32_t pid) {
    char suffix[32] = "";
    begin_event(perfetto, "M");
    output_text(&perfetto->output, ",\"name\":\"");
    output_text(&perfetto->output, what);
    output_text(&perfetto->output, "\"");
    put_member(perfetto, ",\"pid\":", track->pid);
    put_member(perfetto, ",\"tid\":", track->tid);
    output_text(&perfetto->output, ",\"args\":{\"name\":");
    char text[400];
    if (pid != 0) (void)snprintf(suffix, sizeof suffix, " (pid %" PRIu32 ")", pid);
    (void)snprintf(text, sizeof text, "%.300s%s", name[0] != '\0' ? name : "?", suffix);
    output_name(&perfetto->output, text);
    output_text(&perfetto->output, "}}");
}

/* ---- tracks ----------------------------------------------------------------------------------------------------------------- */

/* With room for that index; NULL: no memory, and it stays. */
static void *grown(void *array, uint32_t *room, uint32_t index, size_t size) {
    if (index < *room) return array;
    uint32_t larger = (index | 63) + 1 + *room / 2;
    void *moved = realloc(array, larger * size);
    if (moved != NULL) *room = larger;
    return moved;
}

static uint32_t pid_of(struct perfetto *perfetto, const struct source_message *message) {
    bool is_new = false;
    uint32_t sender = numbering_sender(&perfetto->senders, message, &is_new);
    if (sender == NUMBERING_NONE) return NUMBERING_NONE;
    uint32_t *pids = grown(perfetto->pids, &perfetto->pid_room, sender, sizeof *pids);
    if (pids == NULL) return NUMBERING_NONE;
    perfetto->pids = pids;
    if (!is_new) return pids[sender];
    pids[sender] = perfetto->next_number++;
    put_title(perfetto, "process_name", &(struct track){pids[sender], pids[sender], 0}, message->from, message->pid);
    return pids[sender];
}

/* NONE: no memory, or too many. */
static uint32_t track_of(struct perfetto *perfetto, const struct source_message *message) {
    bool is_new = false;
    const uint32_t key[] = {pid_of(perfetto, message), message->topic->id};
    if (key[0] == NUMBERING_NONE) return NUMBERING_NONE;
    uint32_t number = numbering_of(&perfetto->tracks, key, sizeof key, &is_new);
    if (number == NUMBERING_NONE) return NUMBERING_NONE;
    struct track *list = grown(perfetto->list, &perfetto->track_room, number, sizeof *list);
    if (list == NULL) return NUMBERING_NONE;
    perfetto->list = list;
    if (!is_new) return number;
    list[number] = (struct track){key[0], perfetto->next_number++, INT64_MIN};
    put_title(perfetto, "thread_name", &list[number], message->topic->name, 0);
    return number;
}

static int64_t place_on(struct track *track, int64_t time_ns) {
    int64_t at_ns = time_ns;
    if (track->end_ns > time_ns && track->end_ns - time_ns < MOVED_NS_MAX) at_ns = track->end_ns;
    track->end_ns = at_ns <= INT64_MAX - SLICE_NS ? at_ns + SLICE_NS : at_ns;
    return at_ns;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void put_slice(struct perfetto *perfetto, const struct source_message *message, const struct track *track, int64_t at_ns) {
    const struct export_output *output = &perfetto->output;
    begin_event(perfetto, "X");
    output_text(output, ",\"cat\":\"message\",\"name\":");
    output_name(output, message->topic->name);
    put_place(perfetto, at_ns, track);
    output_text(output, ",\"dur\":0.001,\"args\":{\"seq\":");
    output_number(output, message->seq);
    output_text(output, ",\"time\":");
    output_integer(output, message->time_ns);
    put_member(perfetto, ",\"len\":", message->len);
    output_text(output, ",\"encoding\":");
    output_name(output, message->topic->encoding);
    output_text(output, ",\"cause\":");
    if (message->has_cause)
        output_number(output, message->cause);
    else
        output_text(output, "null");
}

static void put_arrow_end(struct perfetto *perfetto, const char *phase, uint64_t id, int64_t at_ns, const struct track *track) {
    char text[64];
    begin_event(perfetto, phase);
    (void)snprintf(text, sizeof text, ",\"cat\":\"cause\",\"name\":\"cause\",\"id\":\"0x%" PRIx64 "\"", id);
    output_text(&perfetto->output, text);
    if (phase[0] == 'f') output_text(&perfetto->output, ",\"bp\":\"e\"");
    put_place(perfetto, at_ns, track);
    output_text(&perfetto->output, "}");
}

/* The arrow's id is the seq of the answer: a message has one cause, but may have many answers. */
static void put_arrow(struct perfetto *perfetto, const struct source_message *message, const struct place *to) {
    const struct place *from = &perfetto->places[message->cause % PERFETTO_REMEMBERED];
    if (!message->has_cause) return;
    if (message->cause == 0 || from->seq != message->cause || from->seq == message->seq || from->at_ns > to->at_ns) {
        perfetto->unknown++;
        return;
    }
    put_arrow_end(perfetto, "s", message->seq, from->at_ns, &perfetto->list[from->track]);
    put_arrow_end(perfetto, "f", message->seq, to->at_ns, &perfetto->list[to->track]);
}

static void put_loss(struct perfetto *perfetto, int64_t at_ns) {
    const struct track own = {OWN_PROCESS, OWN_THREAD, 0};
    char text[160];
    if (perfetto->lost + perfetto->gone == 0) return;
    put_title(perfetto, "process_name", &own, "sctx", 0);
    put_title(perfetto, "thread_name", &own, "missed messages", 0);
    begin_event(perfetto, "i");
    (void)snprintf(text, sizeof text, ",\"s\":\"g\",\"cat\":\"loss\",\"name\":\"missed: %" PRIu64 " lost, %" PRIu64 " gone\"",
                   perfetto->lost, perfetto->gone);
    output_text(&perfetto->output, text);
    put_place(perfetto, at_ns, &own);
    put_member(perfetto, ",\"args\":{\"lost\":", perfetto->lost);
    put_member(perfetto, ",\"gone\":", perfetto->gone);
    output_text(&perfetto->output, "}}");
    perfetto->lost = perfetto->gone = 0;
}

bool perfetto_message(struct perfetto *perfetto, const struct source_message *message, const char *payload, size_t payload_len) {
    begin_file(perfetto, message->time_ns);
    put_loss(perfetto, message->time_ns);
    uint32_t number = track_of(perfetto, message);
    if (number == NUMBERING_NONE) return false;
    const struct place place = {message->seq, place_on(&perfetto->list[number], message->time_ns), number};
    put_slice(perfetto, message, &perfetto->list[number], place.at_ns);
    output_put(&perfetto->output, payload, payload_len);
    output_text(&perfetto->output, "}}");
    put_arrow(perfetto, message, &place);
    perfetto->places[message->seq % PERFETTO_REMEMBERED] = place;
    perfetto->last_ns = place.at_ns;
    return true;
}

void perfetto_loss(struct perfetto *perfetto, uint64_t lost, uint64_t gone) {
    perfetto->lost += lost;
    perfetto->gone += gone;
}

uint64_t perfetto_unknown(const struct perfetto *perfetto) {
    return perfetto->unknown;
}

void perfetto_close(struct perfetto *perfetto) {
    begin_file(perfetto, 0);
    put_loss(perfetto, perfetto->last_ns);
    output_text(&perfetto->output, "\n]}\n");
    numbering_free(&perfetto->senders);
    numbering_free(&perfetto->tracks);
    free(perfetto->context);
    free(perfetto->pids);
    free(perfetto->list);
    free(perfetto->places);
    free(perfetto);
}
