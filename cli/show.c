#include "show.h"
#include "json.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { HUMAN_MAX = 64 << 10 };

void show_measure(struct show *show) {
    struct winsize size;
    show->columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col > 0 ? size.ws_col : 80 : 0;
}

/* The last key: what the payload is decides its name. */
static void show_data(struct show *show, const struct sctx_message *message, const char *encoding) {
    struct out *out = show->call->out;
    size_t mark = out_mark(out);
    if (!show->no_decode && strcmp(encoding, "json") == 0) {
        out_text(out, ",\"data\":");
        if (json_copy(out, message->data, message->len, NULL)) return;
        out_take_back(out, mark);
    }
    out_text(out, ",\"text\":");
    if (inert_json(out, message->data, message->len)) return;
    out_take_back(out, mark);
    out_text(out, ",\"base64\":\"");
    out_base64(out, message->data, message->len);
    out_char(out, '"');
}

static void show_json(struct show *show, const struct sctx_message *message, const struct sctx_topic *topic) {
    struct out *out = show->call->out;
    const struct sender *sender = senders_find(&show->senders, message->from);
    out_text(out, "{\"seq\":");
    out_number(out, message->seq);
    out_text(out, ",\"time\":");
    out_integer(out, message->time_ns);
    out_text(out, ",\"topic\":");
    inert_json_name(out, topic->name);
    out_text(out, ",\"from\":");
    inert_json_name(out, sender->name);
    out_text(out, ",\"pid\":");
    if (sender->pid != 0)
        out_number(out, sender->pid);
    else
        out_text(out, "null");
    out_text(out, ",\"len\":");
    out_number(out, message->len);
    out_text(out, ",\"encoding\":");
    inert_json_name(out, topic->encoding);
    out_text(out, ",\"cause\":");
    if ((message->flags & SCTX_MSG_CAUSE) != 0)
        out_number(out, message->cause);
    else
        out_text(out, "null");
    show_data(show, message, topic->encoding);
    out_text(out, "}\n");
}

static void show_clock(struct show *show, int64_t time_ns) {
    int64_t second = time_ns / NS_PER_S;
    char text[UNIT_TEXT];
    if (second != show->clock_second || time_ns < 0) {
        clock_text(time_ns, text);
        memcpy(show->clock_prefix, text, 8);
        show->clock_second = second;
    }
    uint32_t micro = (uint32_t)(time_ns % NS_PER_S / 1000);
    char digits[8] = {'.'};
    for (int i = 6; i >= 1; i--, micro /= 10) digits[i] = (char)('0' + micro % 10);
    out_put(show->call->out, show->clock_prefix, 8);
    out_put(show->call->out, digits, 7);
}

static void put_note(struct show *show, const char *note) {
    out_text(show->call->out, paint(show->call, PAINT_DIM));
    out_text(show->call->out, note);
    out_text(show->call->out, paint(show->call, PAINT_OFF));
}

/* Where nobody measures lines: as it is, but for an end. */
static void put_long(struct show *show, const struct sctx_message *message, const char *note) {
    size_t len = message->len < HUMAN_MAX ? message->len : HUMAN_MAX;
    /* A cut in the middle of a character would show half of it as \xNN. */
    while (len < message->len && len > HUMAN_MAX - 4 && (((const unsigned char *)message->data)[len] & 0xC0) == 0x80) len--;
    inert_put(show->call->out, message->data, len);
    if (len < message->len) put_note(show, note);
}

/* At most `columns`, with the note at their end where the payload is longer. Returns the bytes shown; 0 and nothing put if it does not fit
 * and must not be cut. */
static size_t put_row(struct show *show, const char *data, size_t len, size_t columns, const char *note, bool may_cut) {
    struct out *out = show->call->out;
    size_t mark = out_mark(out), shown = inert_put_columns(out, data, len, columns);
    if (shown == len) return len;
    out_take_back(out, mark);
    if (!may_cut) return 0;
    size_t note_columns = inert_columns(note, strlen(note));
    shown = inert_put_columns(out, data, len, columns > note_columns ? columns - note_columns : 1);
    put_note(show, note);
    return shown;
}

/* Lines of the payload's own, below the topic and the sender, for which one line is too short. */
static void put_rows(struct show *show, const char *data, size_t len, const char *note) {
    enum { INDENT = 2, WIDTH_MIN = 24, SHOWN_AT_LEAST = 120, ROWS_MIN = 3 };
    struct out *out = show->call->out;
    size_t width = show->columns > INDENT + WIDTH_MIN ? show->columns - INDENT : show->columns;
    /* The longest escape takes ten. */
    if (width < 10) width = 10;
    size_t rows = SHOWN_AT_LEAST / width > ROWS_MIN ? SHOWN_AT_LEAST / width : ROWS_MIN;
    for (size_t at = 0; at < len && rows > 0; rows--) {
        out_char(out, '\n');
        for (size_t i = width; i < show->columns; i++) out_char(out, ' ');
        at += rows == 1 ? put_row(show, data + at, len - at, width, note, true) : inert_put_columns(out, data + at, len - at, width);
    }
}

static void show_payload(struct show *show, const struct sctx_message *message, size_t used) {
    enum { CUT_FROM = 40 };
    size_t len = message->len < HUMAN_MAX ? message->len : HUMAN_MAX, room = show->columns > used ? show->columns - used : 0;
    char note[UNIT_TEXT];
    snprintf(note, sizeof note, "… (%u bytes)", message->len);
    if (show->columns == 0)
        put_long(show, message, note);
    else if (len > 0 && put_row(show, message->data, len, room, note, room >= CUT_FROM) == 0)
        put_rows(show, message->data, len, note);
}

static void put_painted(const struct call *call, enum paint color, const char *text) {
    out_text(call->out, paint(call, color));
    inert_text(call->out, text);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
}

static void show_human(struct show *show, const struct sctx_message *message, const struct sctx_topic *topic) {
    enum { CLOCK_AND_GAPS = 15 + 3 * 2 };
    const struct call *call = show->call;
    const struct sender *sender = senders_find(&show->senders, message->from);
    out_text(call->out, paint(call, PAINT_DIM));
    show_clock(show, message->time_ns);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
    put_painted(call, PAINT_TOPIC, topic->name);
    put_painted(call, PAINT_SENDER, sender->name);
    show_payload(show, message,
                 CLOCK_AND_GAPS + inert_columns(topic->name, strlen(topic->name)) + inert_columns(sender->name, strlen(sender->name)));
    out_char(call->out, '\n');
}

void show_message(struct show *show, const struct sctx_message *message, const struct sctx_topic *topic) {
    if (show->raw) {
        out_put(show->call->out, message->data, message->len);
        out_char(show->call->out, '\n');
    } else if (show->call->json) {
        show_json(show, message, topic);
    } else {
        show_human(show, message, topic);
    }
    out_line_done(show->call->out);
}

void show_loss(struct show *show, uint64_t lost, uint64_t gone) {
    struct out *out = show->call->out;
    if (show->raw) {
        /* Only payloads go to standard output. */
        say(show->call, "%" PRIu64 " messages lost and %" PRIu64 " gone (of any topic)", lost, gone);
    } else if (show->call->json) {
        out_format(out, "{\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 "}\n", lost, gone);
    } else {
        out_text(out, paint(show->call, PAINT_DIM));
        out_format(out, "-- %" PRIu64 " lost, %" PRIu64 " gone: messages of any topic that were overwritten before they could be read --",
                   lost, gone);
        out_text(out, paint(show->call, PAINT_OFF));
        out_char(out, '\n');
    }
    out_line_done(out);
}
