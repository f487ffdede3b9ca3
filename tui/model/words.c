#include "words.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

struct line {
    char *text;
    size_t len, room;
    bool is_cut;
};

static void put(void *context, const char *text, size_t len) {
    struct line *line = context;
    size_t room = line->room - 1 - line->len;
    if (len > room) line->is_cut = true;
    if (len > room) len = room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
    line->text[line->len] = '\0';
}

/* Escapes only what ends the string; whatever cannot be shown is made visible by who draws it. */
static void put_string(void *context, const char *text, size_t len) {
    put(context, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\') put(context, "\\", 1);
        if (text[i] == '\n')
            put(context, "\\n", 2);
        else if (text[i] == '\t')
            put(context, "\\t", 2);
        else
            put(context, text + i, 1);
    }
    put(context, "\"", 1);
}

static void finish(struct line *line) {
    static const char more[] = "...";
    if (!line->is_cut || line->room < sizeof more) return;
    size_t at = line->room - sizeof more;
    while (at > 0 && ((unsigned char)line->text[at] & 0xC0) == 0x80) at--;
    memcpy(line->text + at, more, sizeof more);
}

void words_of_node(const struct tree *tree, uint32_t node, char *text, size_t room) {
    struct line line = {text, 0, room, false};
    const struct tree_sink sink = {put, put_string, &line};
    text[0] = '\0';
    tree_json(tree, node, &sink);
    finish(&line);
}

/* Mostly characters that can be seen: the rest is made visible by who draws it. */
static bool is_text(const unsigned char *data, size_t len) {
    size_t seen = 0;
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t bytes = utf8_next(data + at, len - at, &code);
        if (bytes > 0 && (code >= ' ' || code == '\n' || code == '\t')) seen += bytes;
        at += bytes > 0 ? bytes : 1;
    }
    return seen * 5 >= len * 4;
}

static void words_of_bytes(const unsigned char *data, size_t held, char *text, size_t room) {
    struct line line = {text, 0, room, false};
    text[0] = '\0';
    if (is_text(data, held)) {
        put(&line, (const char *)data, held);
    } else {
        for (size_t i = 0; i < held && !line.is_cut; i++) {
            char byte[4];
            put(&line, byte, (size_t)snprintf(byte, sizeof byte, i > 0 ? " %02x" : "%02x", data[i]));
        }
    }
    finish(&line);
}

bool words_of_payload(struct judge *judge, const struct source_topic *topic, const void *data, size_t held, size_t len, char *text,
                      size_t room) {
    struct tree *tree = &judge->tree;
    enum host_outcome outcome;
    (void)judge_decode(judge, topic, data, held, SCTX_WANT_TREE | SCTX_WANT_SUMMARY, tree, &outcome);
    if (outcome == HOST_FAILED) {
        (void)snprintf(text, room, "%s", tree->reason);
        return false;
    }
    if (outcome != HOST_DECODED) {
        words_of_bytes(data, held, text, room);
        return true;
    }
    if (!tree_is_good(tree) && held == len) {
        (void)snprintf(text, room, "malformed at byte %u%s%s", tree->fault_off, tree->reason[0] != '\0' ? ": " : "", tree->reason);
        return false;
    }
    sctx_str summary = tree_str(tree, tree->summary);
    if (summary.n > 0)
        (void)snprintf(text, room, "%.*s", (int)summary.n, summary.p);
    else if (tree->count > 0)
        words_of_node(tree, 0, text, room);
    else
        words_of_bytes(data, held, text, room);
    return true;
}
