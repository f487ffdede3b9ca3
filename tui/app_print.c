/* The tables as text, or as JSON, for scripts and logs. */
#include "app_state.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Keys of JSON are the columns' titles in small letters. */
static void key_of(const char *title, char *key, size_t room) {
    size_t len = 0;
    for (; title[len] != '\0' && len + 1 < room; len++) {
        char c = title[len];
        key[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == ' ' || c == '/' ? '_' : c);
    }
    key[len] = '\0';
}

static void print_row_json(const struct app *app, const struct table *table, size_t row, FILE *to) {
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "view", view_names[app->view]);
    for (int column = 0; column < table->kind->column_count; column++) {
        const struct table_column *is = &table->kind->columns[column];
        char key[24];
        if (strcmp(is->title, "MINUTE") == 0) continue;
        key_of(is->title, key, sizeof key);
        if (is->is_text)
            (void)cJSON_AddStringToObject(object, key, table->kind->text(&app->picture, row, column));
        else
            (void)cJSON_AddNumberToObject(object, key, table->kind->number(&app->picture, row, column));
    }
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL) (void)fprintf(to, "%s\n", text);
    free(text);
    cJSON_Delete(object);
}

void app_print(struct app *app, FILE *to, bool as_json) {
    struct table *table = app_table(app);
    struct grid grid = {.cells = NULL};
    if (as_json && table != NULL) {
        app_lock(app);
        (void)table_update(table, &app->picture);
        for (size_t i = 0; i < table->count; i++) print_row_json(app, table, table->order[i], to);
        app_unlock(app);
        return;
    }
    /* As many lines as there are rows. */
    size_t rows = 40;
    if (table != NULL) {
        app_lock(app);
        (void)table_update(table, &app->picture);
        rows = table->count + 6;
        app_unlock(app);
    }
    if (!grid_resize(&grid, 160, rows < GRID_ROWS_MAX ? (int)rows : GRID_ROWS_MAX)) return;
    app_draw(app, &grid);
    app_update(app, app->wall_ns);
    app_draw(app, &grid);
    grid_print(&grid, to);
    grid_free(&grid);
}
