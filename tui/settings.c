/* What is kept from one time to the next: the view, and what each table is sorted by. */
#include "app_state.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTINGS_MAX = 16384 };

static cJSON *read_settings(const char *path) {
    char text[SETTINGS_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL) return NULL;
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    return cJSON_ParseWithLength(text, len);
}

static void load_table(struct table *table, const cJSON *sorted) {
    const cJSON *column = cJSON_GetObjectItemCaseSensitive(sorted, "column"),
                *reversed = cJSON_GetObjectItemCaseSensitive(sorted, "reversed");
    if (!cJSON_IsString(column) || !cJSON_IsBool(reversed)) return;
    for (int i = 0; i < table->kind->column_count; i++) {
        if (strcmp(table->kind->columns[i].title, column->valuestring) != 0) continue;
        table->sorted_by = i;
        table->is_reversed = cJSON_IsTrue(reversed);
    }
}

void settings_load(struct app *app) {
    cJSON *root = app->options.settings != NULL ? read_settings(app->options.settings) : NULL;
    const cJSON *view = cJSON_GetObjectItemCaseSensitive(root, "view"), *sorted = cJSON_GetObjectItemCaseSensitive(root, "sorted");
    for (int i = 0; i < VIEWS; i++) {
        if (cJSON_IsString(view) && strcmp(view->valuestring, view_names[i]) == 0) app->view = (enum view)i;
        if (app->tables[i].kind != NULL) load_table(&app->tables[i], cJSON_GetObjectItemCaseSensitive(sorted, view_names[i]));
    }
    if (app->options.settings != NULL && root == NULL) {
        app->note_until_ns = INT64_MAX;
        (void)snprintf(app->note, sizeof app->note, "1 to 6: views   Enter: open   Esc: back   /: search   ?: all keys   q: quit");
    }
    cJSON_Delete(root);
}

static char *print_settings(const struct app *app) {
    cJSON *root = cJSON_CreateObject(), *sorted = cJSON_AddObjectToObject(root, "sorted");
    (void)cJSON_AddStringToObject(root, "view", view_names[app->view]);
    for (int i = 0; i < VIEWS; i++) {
        const struct table *table = &app->tables[i];
        if (table->kind == NULL) continue;
        cJSON *one = cJSON_AddObjectToObject(sorted, view_names[i]);
        (void)cJSON_AddStringToObject(one, "column", table->kind->columns[table->sorted_by].title);
        (void)cJSON_AddBoolToObject(one, "reversed", table->is_reversed);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static void make_folders(const char *path) {
    char folder[PROMPT_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0700);
        *slash = '/';
    }
}

/* Whole or not at all: under another name first. That it cannot be written is no reason to complain at the end. */
void settings_save(const struct app *app) {
    char next[PROMPT_MAX];
    char *text = app->options.settings != NULL ? print_settings(app) : NULL;
    if (text == NULL) return;
    make_folders(app->options.settings);
    int len = snprintf(next, sizeof next, "%s.%ld", app->options.settings, (long)getpid());
    FILE *file = len > 0 && (size_t)len < sizeof next ? fopen(next, "wxe") : NULL;
    if (file != NULL) {
        bool done = fputs(text, file) >= 0;
        if (fclose(file) != 0 || !done || rename(next, app->options.settings) != 0) (void)unlink(next);
    }
    free(text);
}
