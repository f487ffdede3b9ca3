#include "cmd.h"
#include "mcap_index.h"
#include "source.h"
#include "stop.h"
#include "table.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option options[] = {
    {"quick", 'q', OPTION_FLAG, NULL, "only what the file says of itself, without reading all of it", NULL, NULL},
};

struct tally {
    const struct source_topic *topic;
    uint64_t messages, bytes, least, most;
    int64_t first_ns, last_ns;
};

/* All that had this name: who starts a program again and again wants one line. */
struct sender {
    char *name;
    uint32_t pid;      /* the last one */
    uint64_t programs; /* changes of the pid */
    uint64_t messages;
};

struct stat_of {
    const struct call *call;
    const char *path;
    struct source *source;
    struct tally *tallies;
    uint32_t tally_count;
    struct sender *senders;
    size_t sender_count, sender_room, last_sender;
    uint32_t *sender_slots; /* hash table of twice as many as there is room for: number + 1; 0: free */
    uint64_t messages, samples, bytes, first_seq, last_seq, damaged, file_bytes;
    int64_t first_ns, last_ns;
    struct source_loss loss;
    /* from the file's summary, or a scan */
    bool has_chunks;
    uint64_t chunks, compressed, uncompressed;
    char compression[24];
    char damage[400]; /* the first one */
};

/* ---- counting --------------------------------------------------------------------------------------------------------------- */

static struct tally *tally_of(struct stat_of *of, const struct source_topic *topic) {
    if (topic->id >= of->tally_count) {
        uint32_t count = ((uint32_t)topic->id | 63) + 1;
        struct tally *larger = realloc(of->tallies, count * sizeof *larger);
        if (larger == NULL) return NULL;
        memset(larger + of->tally_count, 0, (count - of->tally_count) * sizeof *larger);
        of->tallies = larger;
        of->tally_count = count;
    }
    return &of->tallies[topic->id];
}

static uint32_t *slot_of(const struct stat_of *of, const char *name) {
    uint32_t hash = 2166136261u;
    for (const char *at = name; *at != '\0'; at++) hash = (hash ^ (uint8_t)*at) * 16777619u;
    for (size_t i = hash;; i++) {
        uint32_t *slot = &of->sender_slots[i & (2 * of->sender_room - 1)];
        if (*slot == 0 || strcmp(of->senders[*slot - 1].name, name) == 0) return slot;
    }
}

static bool make_room_for_sender(struct stat_of *of) {
    size_t room = of->sender_room > 0 ? of->sender_room * 2 : 32;
    struct sender *larger = realloc(of->senders, room * sizeof *larger);
    if (larger == NULL) return false;
    of->senders = larger;
    uint32_t *slots = calloc(2 * room, sizeof *slots);
    if (slots == NULL) return false;
    free(of->sender_slots);
    of->sender_slots = slots;
    of->sender_room = room;
    for (size_t i = 0; i < of->sender_count; i++) *slot_of(of, of->senders[i].name) = (uint32_t)i + 1;
    return true;
}

static bool find_sender(struct stat_of *of, const char *name, size_t *found) {
    *found = of->last_sender;
    if (*found < of->sender_count && strcmp(of->senders[*found].name, name) == 0) return true;
    if (of->sender_count == of->sender_room && !make_room_for_sender(of)) return false;
    uint32_t *slot = slot_of(of, name);
    if (*slot == 0) {
        of->senders[of->sender_count] = (struct sender){.name = strdup(name), .programs = 0};
        if (of->senders[of->sender_count].name == NULL) return false;
        *slot = (uint32_t)++of->sender_count;
    }
    *found = of->last_sender = *slot - 1;
    return true;
}

static bool count_sender(struct stat_of *of, const struct source_message *message) {
    size_t i;
    if (!find_sender(of, message->from, &i)) return false;
    of->senders[i].programs += of->senders[i].messages == 0 || of->senders[i].pid != message->pid;
    of->senders[i].pid = message->pid;
    of->senders[i].messages++;
    return true;
}

static bool count_message(struct stat_of *of, const struct source_message *message) {
    if (of->first_ns == 0 || message->time_ns < of->first_ns) of->first_ns = message->time_ns;
    if (message->time_ns > of->last_ns) of->last_ns = message->time_ns;
    if (message->is_sample) {
        of->samples++;
        return true;
    }
    struct tally *tally = tally_of(of, message->topic);
    if (tally == NULL || !count_sender(of, message)) return false;
    if (tally->messages == 0) *tally = (struct tally){.topic = message->topic, .least = message->len, .first_ns = message->time_ns};
    if (message->len < tally->least) tally->least = message->len;
    if (message->len > tally->most) tally->most = message->len;
    tally->last_ns = message->time_ns;
    tally->messages++;
    tally->bytes += message->len;
    if (of->messages == 0) of->first_seq = message->seq;
    of->last_seq = message->seq;
    of->messages++;
    of->bytes += message->len;
    return true;
}

static void progress(const struct stat_of *of, int64_t *shown_ns) {
    int64_t now = monotonic_ns();
    if (!isatty(STDERR_FILENO) || now - *shown_ns < 200 * NS_PER_MS) return;
    struct out err = {.fd = STDERR_FILENO};
    if (*shown_ns != 0) out_format(&err, "\r\033[K%" PRIu64 " messages read", of->messages);
    out_flush(&err);
    out_free(&err);
    *shown_ns = now;
}

static enum source_status count_all(struct stat_of *of) {
    struct source_message message;
    enum source_status status = SOURCE_OK;
    int64_t shown_ns = 0;
    for (unsigned turn = 1; status >= 0 && status != SOURCE_END && stop_signal() == 0; turn++) {
        status = source_next(of->source, &message);
        if (status == SOURCE_OK && !count_message(of, &message)) return SOURCE_FAILED;
        if (status == SOURCE_DAMAGED && of->damaged++ == 0)
            (void)snprintf(of->damage, sizeof of->damage, "%s", source_fault(of->source, NULL));
        if (turn % 4096 == 0) progress(of, &shown_ns);
    }
    of->loss = source_loss(of->source);
    if (shown_ns != 0) (void)!write(STDERR_FILENO, "\r\033[K", 4);
    return status;
}

/* ---- what the file says of itself ------------------------------------------------------------------------------------------- */

static void look_at_chunks(struct stat_of *of, struct mcap_file *file) {
    size_t count = 0;
    const struct mcap_chunk_place *places = mcap_file_chunks(file, &count);
    struct mcap_record record;
    struct mcap_error error;
    for (size_t i = 0; i < count; i++) {
        of->chunks += places[i].is_chunk;
        of->compressed += places[i].length;
        of->uncompressed += places[i].size;
    }
    for (size_t i = 0; i < count && of->compression[0] == '\0'; i++) {
        if (!places[i].is_chunk || mcap_file_record(file, places[i].offset, &record, &error) != MCAP_OK || record.opcode != MCAP_CHUNK)
            continue;
        struct mcap_str how = record.content.chunk.compression;
        (void)snprintf(of->compression, sizeof of->compression, "%.*s", how.len > 0 ? (int)how.len : 4, how.len > 0 ? how.data : "none");
    }
    of->has_chunks = true;
}

static void look_at_file(struct stat_of *of) {
    const struct mcap_file_options how = {.scan = MCAP_SCAN_IF_NEEDED};
    struct mcap_error error;
    struct stat st;
    int fd = open(of->path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0) of->file_bytes = (uint64_t)st.st_size;
    struct mcap_file *file = fd >= 0 ? mcap_file_open(fd, &how, &error) : NULL;
    if (file != NULL) look_at_chunks(of, file);
    mcap_file_close(file);
    if (fd >= 0) (void)close(fd);
}

/* ---- showing ---------------------------------------------------------------------------------------------------------------- */

static double rate_of(uint64_t messages, int64_t first_ns, int64_t last_ns) {
    return last_ns > first_ns ? (double)messages * 1e9 / (double)(last_ns - first_ns) : 0;
}

static int by_messages(const void *a, const void *b) {
    const struct tally *x = a, *y = b;
    return (x->messages < y->messages) - (x->messages > y->messages);
}

static void put_real(struct out *out, double real) {
    char text[UNIT_TEXT];
    out_text(out, real_text(real, text));
}

static void show_json(const struct stat_of *of) {
    struct out *out = of->call->out;
    out_text(out, "{\"file\":");
    inert_json_name(out, of->path);
    out_format(out, ",\"bytes\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"samples\":%" PRIu64 ",\"message_bytes\":%" PRIu64, of->file_bytes,
               of->messages, of->samples, of->bytes);
    out_format(out,
               ",\"first_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64 ",\"start\":%" PRId64 ",\"end\":%" PRId64 ",\"duration_ns\":%" PRId64,
               of->first_seq, of->last_seq, of->first_ns, of->last_ns, of->last_ns - of->first_ns);
    out_format(out, ",\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"damaged\":%" PRIu64 ",\"damage\":", of->loss.lost, of->loss.gone,
               of->damaged);
    if (of->damaged > 0)
        inert_json_name(out, of->damage);
    else
        out_text(out, "null");
    if (of->has_chunks)
        out_format(out, ",\"compression\":\"%s\",\"chunks\":%" PRIu64 ",\"compressed\":%" PRIu64 ",\"uncompressed\":%" PRIu64,
                   of->compression[0] != '\0' ? of->compression : "none", of->chunks, of->compressed, of->uncompressed);
    else
        out_text(out, ",\"compression\":null,\"chunks\":null,\"compressed\":null,\"uncompressed\":null");
    out_text(out, ",\"topics\":[");
    for (uint32_t i = 0; i < of->tally_count && of->tallies[i].messages > 0; i++) {
        const struct tally *tally = &of->tallies[i];
        out_text(out, i > 0 ? ",{\"topic\":" : "{\"topic\":");
        inert_json_name(out, tally->topic->name);
        out_text(out, ",\"encoding\":");
        inert_json_name(out, tally->topic->encoding);
        out_format(out,
                   ",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"min\":%" PRIu64 ",\"max\":%" PRIu64 ",\"rate\":", tally->messages,
                   tally->bytes, tally->least, tally->most);
        put_real(out, rate_of(tally->messages, of->first_ns, of->last_ns));
        out_char(out, '}');
    }
    out_text(out, "],\"senders\":[");
    for (size_t i = 0; i < of->sender_count; i++) {
        out_text(out, i > 0 ? ",{\"from\":" : "{\"from\":");
        inert_json_name(out, of->senders[i].name);
        if (of->senders[i].pid != 0 && of->senders[i].programs == 1)
            out_format(out, ",\"pid\":%" PRIu32, of->senders[i].pid);
        else
            out_text(out, ",\"pid\":null");
        out_format(out, ",\"messages\":%" PRIu64 "}", of->senders[i].messages);
    }
    out_text(out, "]}\n");
}

static void show_head(const struct stat_of *of) {
    struct out *out = of->call->out;
    char bytes[UNIT_TEXT], payloads[UNIT_TEXT], start[UNIT_TEXT], took[UNIT_TEXT];
    inert_text(out, of->path);
    if (of->file_bytes > 0) out_format(out, "  %s", size_text(of->file_bytes, bytes));
    if (of->has_chunks && of->chunks > 0)
        out_format(out, ", %" PRIu64 " chunks, %s, %.1f:1", of->chunks, of->compression,
                   of->compressed > 0 ? (double)of->uncompressed / (double)of->compressed : 1.0);
    bool is_quick = of->call->values[0].given;
    out_format(out, "\n%" PRIu64 " messages", of->messages);
    if (!is_quick) out_format(out, ", %s of payloads", size_text(of->bytes, payloads));
    out_format(out, ", seqs %" PRIu64 " to %" PRIu64, of->first_seq, of->last_seq);
    if (!is_quick) out_format(out, ", %" PRIu64 " samples of markers", of->samples);
    out_char(out, '\n');
    if (of->messages + of->samples > 0)
        out_format(out, "from %s, %s, %.1f messages/s\n", date_text(of->first_ns, start), duration_text(of->last_ns - of->first_ns, took),
                   rate_of(of->messages, of->first_ns, of->last_ns));
    if (is_quick) return;
    out_format(out, "%" PRIu64 " lost and %" PRIu64 " gone when it was recorded\n", of->loss.lost, of->loss.gone);
    if (of->damaged > 0) {
        out_format(out, "%sdamaged in %" PRIu64 " places: ", paint(of->call, PAINT_BAD), of->damaged);
        inert_text(out, of->damage);
        out_format(out, "%s\n", paint(of->call, PAINT_OFF));
    }
    out_char(out, '\n');
}

static void show_tables(const struct stat_of *of) {
    static const char *const heads[] = {"TOPIC", "ENCODING", ">MESSAGES", ">RATE/S", ">BYTES", ">MEAN", ">MIN", ">MAX"};
    static const char *const sender_heads[] = {"SENDER", ">PID", ">MESSAGES"};
    struct table topics = {.heads = heads, .columns = sizeof heads / sizeof *heads}, senders = {.heads = sender_heads, .columns = 3};
    for (uint32_t i = 0; i < of->tally_count && of->tallies[i].messages > 0; i++) {
        const struct tally *tally = &of->tallies[i];
        char text[UNIT_TEXT];
        table_row(&topics, PAINT_OFF);
        table_cell(&topics, 0, tally->topic->name);
        table_cell(&topics, 1, tally->topic->encoding);
        table_format(&topics, 2, "%" PRIu64, tally->messages);
        table_format(&topics, 3, "%.1f", rate_of(tally->messages, of->first_ns, of->last_ns));
        table_cell(&topics, 4, size_text(tally->bytes, text));
        table_format(&topics, 5, "%" PRIu64, tally->bytes / tally->messages);
        table_format(&topics, 6, "%" PRIu64, tally->least);
        table_format(&topics, 7, "%" PRIu64, tally->most);
    }
    table_print(&topics, of->call);
    out_char(of->call->out, '\n');
    for (size_t i = 0; i < of->sender_count; i++) {
        table_row(&senders, PAINT_OFF);
        table_cell(&senders, 0, of->senders[i].name);
        if (of->senders[i].programs == 1)
            table_format(&senders, 1, "%" PRIu32, of->senders[i].pid);
        else
            table_cell(&senders, 1, "several");
        table_format(&senders, 2, "%" PRIu64, of->senders[i].messages);
    }
    table_print(&senders, of->call);
}

/* From the summary alone. */
static int quick(struct stat_of *of) {
    struct source_range range;
    if (source_range(of->source, &range) != SOURCE_OK) {
        say(of->call, "%s: %s", of->path, source_fault(of->source, NULL));
        return EXIT_FAILED;
    }
    of->first_ns = range.first_ns;
    of->last_ns = range.last_ns;
    of->first_seq = range.first;
    of->last_seq = range.end > 0 ? range.end - 1 : 0;
    of->messages = range.end - range.first;
    return EXIT_DONE;
}

static int stat_file(struct stat_of *of) {
    int code = EXIT_DONE;
    if (of->call->values[0].given) {
        code = quick(of);
    } else if (count_all(of) < 0) {
        say(of->call, "%s: %s", of->path, source_fault(of->source, NULL));
        code = EXIT_FAILED;
    }
    if (code != EXIT_DONE) return code;
    if (strcmp(of->path, "-") != 0) look_at_file(of);
    if (of->tallies != NULL) qsort(of->tallies, of->tally_count, sizeof *of->tallies, by_messages);
    if (of->call->json) {
        show_json(of);
    } else {
        show_head(of);
        if (!of->call->values[0].given) show_tables(of);
    }
    return of->damaged > 0 || of->loss.lost > 0 || of->loss.gone > 0 ? EXIT_LOSS : EXIT_DONE;
}

static int stat_run(const struct call *call) {
    struct stat_of of = {.call = call, .path = call->operands[0]};
    struct source_fault fault;
    int code = EXIT_FAILED;
    of.source = source_open_file(of.path, &fault);
    if (of.source == NULL)
        say(call, "%s: %s", of.path, fault.text);
    else
        code = stat_file(&of);
    source_close(of.source);
    for (size_t i = 0; i < of.sender_count; i++) free(of.senders[i].name);
    free(of.senders);
    free(of.sender_slots);
    free(of.tallies);
    return code;
}

const struct command cmd_stat = {
    .name = "stat",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "say what is in a recording: topics, rates, sizes, senders, losses, damage",
    .notes =
        "FILE: any MCAP file; '-': standard input. JSON: one object: file bytes messages samples message_bytes first_seq last_seq start end\n"
        "duration_ns lost gone damaged damage compression chunks compressed uncompressed, and arrays: topics (topic encoding messages bytes min\n"
        "max rate) and senders (from pid messages; pid null: several). Exit: 3 if something was missed when it was recorded, or the file is cut or damaged.\n",
    OPTIONS_OF(options),
    .run = stat_run,
};
