/* The tables as text, or as JSON, for scripts and logs. */
#include "app_state.h"

void app_print(struct app *app, FILE *to, bool as_json) {
    struct table *table = app_table(app);
    struct grid grid = {.cells = NULL};
    if (as_json) {
        app_print_json(app, to);
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
