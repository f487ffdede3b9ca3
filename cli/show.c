#include "show.h"
#include "units.h"
#include "utf8.h"
#include "value.h"

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

uint32_t show_wants(const struct show *show) {
    if (show->raw || show->no_decode) return 0;
    return show->call->json ? SCTX_WANT_TREE : SCTX_WANT_TREE | SCTX_WANT_SUMMARY;
}

static void show_bytes(struct show *show, const struct source_message *message) {
    struct out *out = show->call->out;
    size_t mark = out_mark(out);
    out_text(out, ",\"text\":");
    if (inert_json(out, message->data, message->len)) return;
    out_take_back(out, mark);
    out_text(out, ",\"base64\":\"");
    out_base64(out, message->data, message->len);
    out_char(out, '"');
}

static void show_error(struct show *show, const struct batched *item) {
    struct out *out = show->call->out;
    struct value_fault fault = value_fault(&item->tree);
    out_text(out, ",\"error\":{\"decoder\":");
    inert_json_name(out, item->choice.decoder != NULL ? item->choice.decoder->manifest.name : "");
    out_text(out, ",\"offset\":");
    if (item->tree.failed)
        out_number(out, item->tree.fault_off);
    else
        out_text(out, "null");
    out_text(out, ",\"reason\":");
    inert_json_name(out, item->tree.failed ? item->tree.reason : fault.text);
    out_char(out, '}');
}

/* What was decoded of it is a value, not only bytes to be looked at. */
static bool has_value(const struct batched *item) {
    return item->is_decoded && item->outcome == HOST_DECODED && !item->choice.is_view;
}

static bool has_fault(const struct batched *item) {
    if (!item->is_decoded || item->choice.is_view) return false;
    return item->outcome == HOST_FAILED || (item->outcome == HOST_DECODED && !tree_is_good(&item->tree));
}

void show_members(struct show *show, const struct batched *item) {
    bool is_shown = show_wants(show) != 0;
    if (is_shown && has_value(item) && item->tree.status == SCTX_PLUGIN_OK && item->tree.count > 0) {
        out_text(show->call->out, ",\"data\":");
        value_json(show->call->out, &item->tree, 0);
    } else {
        show_bytes(show, &item->message);
    }
    if (is_shown && has_fault(item)) show_error(show, item);
}

static void show_json(struct show *show, const struct batched *item) {
    struct out *out = show->call->out;
    const struct source_message *message = &item->message;
    const struct source_topic *topic = message->topic;
    out_text(out, "{\"seq\":");
    out_number(out, message->seq);
    out_text(out, ",\"time\":");
    out_integer(out, message->time_ns);
    out_text(out, ",\"topic\":");
    inert_json_name(out, topic->name);
    out_text(out, ",\"from\":");
    inert_json_name(out, message->from);
    out_text(out, ",\"pid\":");
    if (message->pid != 0)
        out_number(out, message->pid);
    else
        out_text(out, "null");
    out_text(out, ",\"len\":");
    out_number(out, message->len);
    out_text(out, ",\"encoding\":");
    inert_json_name(out, topic->encoding);
    out_text(out, ",\"cause\":");
    if (message->has_cause)
        out_number(out, message->cause);
    else
        out_text(out, "null");
    show_members(show, item);
    if (message->is_sample) out_text(out, ",\"sample\":true");
    if (show->more != NULL) out_text(out, show->more);
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
static void put_long(struct show *show, sctx_str text, const char *note) {
    size_t len = text.n < HUMAN_MAX ? text.n : HUMAN_MAX;
    /* A cut in the middle of a character would show half of it as \xNN. */
    while (len < text.n && len > HUMAN_MAX - 4 && ((unsigned char)text.p[len] & 0xC0) == 0x80) len--;
    inert_put(show->call->out, text.p, len);
    if (len < text.n) put_note(show, note);
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

static bool is_readable(sctx_str text) {
    for (size_t at = 0; at < text.n;) {
        uint32_t code = 0;
        size_t bytes = utf8_next((const unsigned char *)text.p + at, text.n - at, &code);
        if (bytes == 0 || (code < 0x20 && code != '\n' && code != '\t' && code != '\r')) return false;
        at += bytes;
    }
    return true;
}

/* The line that stands for a payload: what its decoder says of it; else itself, where it can be read; else its value as JSON. */
static sctx_str text_of(struct show *show, const struct batched *item) {
    const sctx_str payload = {item->message.data, item->message.len};
    const struct tree *tree = &item->tree;
    bool is_pinned = item->choice.how == HOST_PINNED;
    if (show_wants(show) == 0 || !item->is_decoded || item->outcome != HOST_DECODED || tree->status != SCTX_PLUGIN_OK || tree->count == 0)
        return payload;
    if (item->choice.is_view && !is_pinned) return payload;
    if (tree->summary.len > 0) return tree_str(tree, tree->summary);
    if (is_readable(payload)) return payload;
    show->line.len = 0;
    value_json(&show->line, tree, 0);
    return (sctx_str){show->line.data, show->line.len};
}

static void show_payload(struct show *show, const struct batched *item, size_t used) {
    enum { CUT_FROM = 40 };
    sctx_str text = text_of(show, item);
    size_t len = text.n < HUMAN_MAX ? text.n : HUMAN_MAX, room = show->columns > used ? show->columns - used : 0;
    char note[UNIT_TEXT];
    snprintf(note, sizeof note, "… (%u bytes)", item->message.len);
    if (show->columns == 0)
        put_long(show, text, note);
    else if (len > 0 && put_row(show, text.p, len, room, note, room >= CUT_FROM) == 0)
        put_rows(show, text.p, len, note);
    if (show_wants(show) == 0 || !has_fault(item)) return;
    struct value_fault fault = value_fault(&item->tree);
    out_text(show->call->out, paint(show->call, PAINT_BAD));
    out_text(show->call->out, "  (");
    inert_text(show->call->out, item->choice.decoder != NULL ? item->choice.decoder->manifest.name : "");
    out_text(show->call->out, ": ");
    inert_text(show->call->out, fault.text);
    out_text(show->call->out, ")");
    out_text(show->call->out, paint(show->call, PAINT_OFF));
}

static void put_painted(const struct call *call, enum paint color, const char *text) {
    out_text(call->out, paint(call, color));
    inert_text(call->out, text);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
}

static void show_human(struct show *show, const struct batched *item) {
    enum { CLOCK_AND_GAPS = 15 + 3 * 2 };
    const struct call *call = show->call;
    const struct source_message *message = &item->message;
    const struct source_topic *topic = message->topic;
    out_text(call->out, paint(call, PAINT_DIM));
    show_clock(show, message->time_ns);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
    put_painted(call, PAINT_TOPIC, topic->name);
    put_painted(call, PAINT_SENDER, message->from);
    show_payload(show, item,
                 CLOCK_AND_GAPS + inert_columns(topic->name, strlen(topic->name)) + inert_columns(message->from, strlen(message->from)));
    out_char(call->out, '\n');
}

void show_message(struct show *show, const struct batched *item) {
    if (show->raw) {
        out_put(show->call->out, item->message.data, item->message.len);
        out_char(show->call->out, '\n');
    } else if (show->call->json) {
        show_json(show, item);
    } else {
        show_human(show, item);
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
