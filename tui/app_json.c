/* The views as JSON, an object a line, with `view` in each: a row's columns by their titles in small letters, numbers not rounded, times in ns. */
#include "app_state.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print(FILE *to, cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL) (void)fprintf(to, "%s\n", text);
    free(text);
    cJSON_Delete(object);
}

static cJSON *begin(const struct app *app) {
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "view", view_names[app->view]);
    return object;
}

/* cJSON's numbers are doubles, and seqs and times may be larger than these can tell. */
static void add_whole(cJSON *object, const char *key, uint64_t number) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    (void)cJSON_AddRawToObject(object, key, text);
}

static void add_text(cJSON *object, const char *key, const char *text) {
    if (text != NULL)
        (void)cJSON_AddStringToObject(object, key, text);
    else
        (void)cJSON_AddNullToObject(object, key);
}

/* ---- tables ----------------------------------------------------------------------------------------------------------------- */

static void key_of(const char *title, char *key, size_t room) {
    size_t len = 0;
    for (; title[len] != '\0' && len + 1 < room; len++) {
        char c = title[len];
        key[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == ' ' || c == '/' ? '_' : c);
    }
    key[len] = '\0';
}

static void add_cell(cJSON *object, const struct app *app, const struct table_kind *kind, size_t row, int column) {
    const struct table_column *is = &kind->columns[column];
    char key[24];
    key_of(is->title, key, sizeof key);
    if (is->is_text || is->as_text) {
        add_text(object, key, kind->text(&app->picture, row, column));
        return;
    }
    double number = kind->number(&app->picture, row, column);
    if (kind->is_known != NULL && !kind->is_known(&app->picture, row, column))
        add_text(object, key, NULL);
    else if (number >= 0 && number < 18446744073709549568.0 && floor(number) == number)
        add_whole(object, key, (uint64_t)number);
    else
        (void)cJSON_AddNumberToObject(object, key, number);
}

static void print_table(struct app *app, struct table *table, FILE *to) {
    (void)table_update(table, &app->picture);
    for (size_t i = 0; i < table->count; i++) {
        cJSON *object = begin(app);
        for (int column = 0; column < table->kind->column_count; column++)
            if (strcmp(table->kind->columns[column].title, "MINUTE") != 0) add_cell(object, app, table->kind, table->order[i], column);
        print(to, object);
    }
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void print_message(const struct app *app, const struct kept *kept, FILE *to) {
    cJSON *object = begin(app);
    if (kept->kind == KEPT_MESSAGE) {
        add_whole(object, "seq", kept->seq);
        add_whole(object, "time", (uint64_t)kept->time_ns);
        add_text(object, "topic", kept->topic->name);
        add_text(object, "from", kept->from);
        add_whole(object, "pid", kept->pid);
        add_whole(object, "len", kept->len);
        if (kept->has_cause)
            add_whole(object, "cause", kept->cause);
        else
            add_text(object, "cause", NULL);
        add_text(object, "says", kept->words);
        (void)cJSON_AddBoolToObject(object, "malformed", kept->is_bad);
    } else {
        add_whole(object, kept->kind == KEPT_SKIPPED ? "skipped" : "lost", kept->lost);
        if (kept->kind == KEPT_LOSS) add_whole(object, "gone", kept->gone);
    }
    print(to, object);
}

static void print_messages(struct app *app, FILE *to) {
    messages_prepare(&app->window, &app->judge, (int)app->window.count);
    for (size_t i = 0; i < app->window.count; i++) print_message(app, &app->window.rows[i], to);
}

/* ---- the ring, or the file --------------------------------------------------------------------------------------------------- */

static void add_context(cJSON *object, const struct sctx_info *info) {
    add_text(object, "context", info->name);
    add_text(object, "path", info->path);
    add_whole(object, "cells", info->cells);
    add_whole(object, "oldest", info->oldest);
    add_whole(object, "end", info->tail);
    add_whole(object, "span", info->span_ns > 0 ? (uint64_t)info->span_ns : 0);
    add_whole(object, "memory", info->memory_ring + info->memory_arenas);
    add_whole(object, "memory_max", info->memory_max);
    add_whole(object, "participants", info->participants_alive);
    add_whole(object, "readers", info->readers);
}

static void add_recording(cJSON *object, const struct app *app) {
    const struct source_range *range = &app->moment.range;
    add_text(object, "file", app->options.path);
    add_whole(object, "oldest", range->first);
    add_whole(object, "end", range->end);
    add_whole(object, "span", range->last_ns > range->first_ns ? (uint64_t)(range->last_ns - range->first_ns) : 0);
    add_whole(object, "damaged", app->status.damaged);
}

static void print_ring(const struct app *app, FILE *to) {
    const struct picture *picture = &app->picture;
    const struct stats_row *total = stats_total(picture->stats);
    struct stats_loss loss = stats_loss(picture->stats);
    cJSON *object = begin(app);
    if (!picture->is_live) add_recording(object, app);
    if (picture->is_live && picture->has_info) add_context(object, &picture->info);
    (void)cJSON_AddNumberToObject(object, "rate", stats_rate(total, picture->now_ns));
    (void)cJSON_AddNumberToObject(object, "bytes_s", stats_byte_rate(total, picture->now_ns));
    add_whole(object, "messages", total->messages);
    add_whole(object, "bytes", total->bytes);
    add_whole(object, "topics", stats_topics(picture->stats));
    add_whole(object, "senders", stats_senders(picture->stats));
    add_whole(object, "lost", loss.lost);
    add_whole(object, "gone", loss.gone);
    print(to, object);
}

void app_print_json(struct app *app, FILE *to) {
    enum { MESSAGES = 40 };
    struct table *table = app_table(app);
    /* What is shown decides what is decoded, and what is decoded comes with the next picture. */
    if (app->window.shown < MESSAGES) app->window.shown = MESSAGES;
    app_lock(app);
    if (table != NULL) (void)table_update(table, &app->picture);
    app_unlock(app);
    app_update(app, app->wall_ns);
    if (app->view == VIEW_MESSAGES) {
        print_messages(app, to);
        return;
    }
    app_lock(app);
    if (table != NULL)
        print_table(app, table, to);
    else
        print_ring(app, to);
    app_unlock(app);
}
