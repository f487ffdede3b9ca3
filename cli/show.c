#include "show.h"
#include "json.h"
#include "units.h"

#include <inttypes.h>
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

/* Columns left for the payload, room for "… (N bytes)" not taken off. */
static size_t room_after(const struct show *show, const char *topic, const char *sender) {
    enum { CLOCK_COLUMNS = 15, GAPS = 6, LEAST = 24 };
    size_t used = CLOCK_COLUMNS + GAPS + inert_columns(topic, strlen(topic)) + inert_columns(sender, strlen(sender));
    return show->columns > used + LEAST ? show->columns - used : LEAST;
}

static void show_payload(struct show *show, const struct sctx_message *message, size_t room) {
    enum { CUT_NOTE = 22 };
    struct out *out = show->call->out;
    size_t len = message->len < HUMAN_MAX ? message->len : HUMAN_MAX, shown;
    size_t mark = out_mark(out);
    if (room == 0) {
        /* A cut in the middle of a character would show half of it as \xNN. */
        while (len < message->len && len > HUMAN_MAX - 4 && (((const unsigned char *)message->data)[len] & 0xC0) == 0x80) len--;
        inert_put(out, message->data, len);
        shown = len;
    } else {
        shown = inert_put_columns(out, message->data, len, room);
        if (shown < message->len) {
            out_take_back(out, mark);
            shown = inert_put_columns(out, message->data, len, room > CUT_NOTE ? room - CUT_NOTE : 1);
        }
    }
    if (shown < message->len) {
        out_text(out, paint(show->call, PAINT_DIM));
        out_format(out, "… (%u bytes)", message->len);
        out_text(out, paint(show->call, PAINT_OFF));
    }
}

static void put_painted(const struct call *call, enum paint color, const char *text) {
    out_text(call->out, paint(call, color));
    inert_text(call->out, text);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
}

static void show_human(struct show *show, const struct sctx_message *message, const struct sctx_topic *topic) {
    const struct call *call = show->call;
    const struct sender *sender = senders_find(&show->senders, message->from);
    out_text(call->out, paint(call, PAINT_DIM));
    show_clock(show, message->time_ns);
    out_text(call->out, paint(call, PAINT_OFF));
    out_put(call->out, "  ", 2);
    put_painted(call, PAINT_TOPIC, topic->name);
    put_painted(call, PAINT_SENDER, sender->name);
    show_payload(show, message, show->columns == 0 ? 0 : room_after(show, topic->name, sender->name));
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
