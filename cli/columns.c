#include "columns.h"
#include "csv.h"
#include "utf8.h"
#include "value.h"

#include <string.h>
#include <unistd.h>

static const char *const all[] = {"seq", "time", "topic", "from", "pid", "len", "encoding", "cause", "data"};

static int add(struct columns *columns, const struct call *call, const char *text) {
    struct filter_error error;
    char shown[FILTER_SHOWN_MAX];
    columns->heads[columns->count] = text;
    columns->fields[columns->count] = field_compile(text, &error);
    if (columns->fields[columns->count++] != NULL) return EXIT_DONE;
    struct out err = {.fd = STDERR_FILENO};
    (void)say_usage(call, "--field is no field, see sctx-filter(7)");
    out_put(&err, shown, filter_error_show(&error, text, shown));
    out_flush(&err);
    out_free(&err);
    return EXIT_USAGE;
}

int columns_choose(struct columns *columns, const struct call *call, const struct value *asked) {
    int code = EXIT_DONE;
    columns->cell.fd = -1;
    size_t count = asked->count > 0 ? asked->count : sizeof all / sizeof *all;
    for (size_t i = 0; code == EXIT_DONE && i < count; i++) code = add(columns, call, asked->count > 0 ? asked->all[i] : all[i]);
    return code;
}

void columns_free(struct columns *columns) {
    for (size_t i = 0; i < columns->count; i++) field_free(columns->fields[i]);
    if (columns->count > 0) out_free(&columns->cell);
}

bool columns_need_data(const struct columns *columns) {
    for (size_t i = 0; i < columns->count; i++)
        if (field_which(columns->fields[i]) == FIELD_DATA) return true;
    return false;
}

void columns_heads(struct columns *columns, const struct export_output *output) {
    for (size_t i = 0; i < columns->count; i++) csv_cell(output, columns->heads[i], strlen(columns->heads[i]), i == 0);
    output_text(output, "\n");
}

/* ---- cells ------------------------------------------------------------------------------------------------------------------ */

static bool is_utf8(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        size_t bytes = utf8_next((const unsigned char *)text + at, len - at, &code);
        if (bytes == 0) return false;
        at += bytes;
    }
    return true;
}

/* As it is, since a cell may hold any text; but nothing that is no text, and nothing that does something to a terminal. */
static void put_text(struct columns *columns, const char *text, size_t len) {
    if (columns->is_inert || !is_utf8(text, len))
        inert_put(&columns->cell, text, len);
    else
        out_put(&columns->cell, text, len);
}

static void put_node(struct columns *columns, const struct tree *tree, uint32_t node) {
    if (tree->nodes[node].type == SCTX_TEXT) {
        sctx_str text = tree_str(tree, tree->nodes[node].v.s);
        put_text(columns, text.p, text.n);
    } else {
        value_json(&columns->cell, tree, node);
    }
}

/* Several are an array. What is not there is an empty cell. */
static void put_nodes(struct columns *columns, const struct field_ref *field, const struct tree *tree) {
    struct walk walk;
    bool is_many = field_is_many(field);
    uint32_t node;
    size_t found = 0;
    field_walk(field, tree, &walk);
    while ((node = walk_next(&walk)) != NO_NODE && (is_many || found == 0)) {
        if (is_many) {
            out_char(&columns->cell, found == 0 ? '[' : ',');
            value_json(&columns->cell, tree, node);
        } else {
            put_node(columns, tree, node);
        }
        found++;
    }
    if (is_many && found > 0) out_char(&columns->cell, ']');
}

static void put_payload(struct columns *columns, const struct source_message *message) {
    if (is_utf8(message->data, message->len))
        put_text(columns, message->data, message->len);
    else
        out_base64(&columns->cell, message->data, message->len);
}

static void put_data(struct columns *columns, const struct field_ref *field, const struct batched *item) {
    bool has_value = item->is_decoded && item->outcome == HOST_DECODED && !item->choice.is_view && item->tree.status == SCTX_PLUGIN_OK &&
                     item->tree.count > 0;
    if (has_value)
        put_nodes(columns, field, &item->tree);
    else if (field_is_whole(field))
        put_payload(columns, &item->message);
}

static void put_field(struct columns *columns, const struct field_ref *field, const struct batched *item) {
    const struct source_message *message = &item->message;
    struct out *cell = &columns->cell;
    switch (field_which(field)) {
    case FIELD_SEQ: out_number(cell, message->seq); break;
    case FIELD_TIME: out_integer(cell, message->time_ns); break;
    case FIELD_TOPIC: put_text(columns, message->topic->name, strlen(message->topic->name)); break;
    case FIELD_FROM: put_text(columns, message->from, strlen(message->from)); break;
    case FIELD_PID:
        if (message->pid != 0) out_number(cell, message->pid);
        break;
    case FIELD_LEN: out_number(cell, message->len); break;
    case FIELD_ENCODING: put_text(columns, message->topic->encoding, strlen(message->topic->encoding)); break;
    case FIELD_CAUSE:
        if (message->has_cause) out_number(cell, message->cause);
        break;
    case FIELD_DATA: put_data(columns, field, item); break;
    case FIELD_NONE: break;
    }
}

bool columns_row(struct columns *columns, const struct export_output *output, const struct batched *item) {
    for (size_t i = 0; i < columns->count; i++) {
        columns->cell.len = 0;
        put_field(columns, columns->fields[i], item);
        csv_cell(output, columns->cell.data, columns->cell.len, i == 0);
    }
    output_text(output, "\n");
    return !out_is_over(&columns->cell);
}
