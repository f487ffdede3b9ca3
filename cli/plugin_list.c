/* What plugins there are, and all about one of them. Everything is read from the files: no code of a plugin runs. */
#include "plugin.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 64 };

/* --plugin, cut at ':'. [owner: the caller, frees text] */
struct paths {
    char *text;
    const char *path[PATHS_MAX];
    size_t count;
};

static bool paths_read(const struct call *call, struct paths *paths, const char *more) {
    *paths = (struct paths){.text = strdup(call->values[PLUGIN_PATH].given ? call->values[PLUGIN_PATH].text : "")};
    for (char *at = paths->text; at != NULL && *at != '\0' && paths->count + 1 < PATHS_MAX;) {
        char *colon = strchr(at, ':');
        if (colon != NULL) *colon = '\0';
        if (*at != '\0') paths->path[paths->count++] = at;
        at = colon != NULL ? colon + 1 : NULL;
    }
    if (more != NULL) paths->path[paths->count++] = more;
    return paths->text != NULL;
}

/* Looks for plugins where --plugin says, and in `more` if it is not NULL; false: said why not. */
static bool look(const struct call *call, const char *more, struct search *search) {
    struct paths paths;
    bool read = paths_read(call, &paths, more);
    const struct search_options options = {.paths = paths.path, .path_count = paths.count};
    if (read) search_all(search, &options);
    free(paths.text);
    if (read && !search->out_of_memory) return true;
    if (read) search_free(search);
    say(call, "out of memory");
    return false;
}

/* ---- a plugin --------------------------------------------------------------------------------------------------------------- */

enum state { STATE_USED, STATE_SHADOWED, STATE_REFUSED, STATE_UNLISTED };
static const char *const state_names[] = {"used", "shadowed", "refused", "unlisted"};

static enum state state_of(const struct found *found) {
    return found->refused != NULL ? STATE_REFUSED : found->shadowed ? STATE_SHADOWED : STATE_USED;
}

/* Without the word that the state says already. */
static const char *reason_of(const struct search *search, const struct found *found) {
    static const char refused[] = "refused: ";
    if (found->refused != NULL) return found->refused + (strncmp(found->refused, refused, strlen(refused)) == 0 ? strlen(refused) : 0);
    for (size_t i = 0; found->shadowed && i < search->count; i++)
        if (search->found[i].refused == NULL && strcmp(search->found[i].manifest.name, found->manifest.name) == 0)
            return search->found[i].path;
    return "";
}

/* "a,b" as an array of texts. */
static void put_list(struct out *out, const char *key, const char *list) {
    out_format(out, ",\"%s\":[", key);
    for (const char *at = list; *at != '\0';) {
        size_t len = strcspn(at, ",");
        if (at != list) out_char(out, ',');
        (void)inert_json(out, at, len);
        at += len + (at[len] == ',');
    }
    out_char(out, ']');
}

static void put_text(struct out *out, const char *key, const char *text) {
    out_format(out, ",\"%s\":", key);
    inert_json_name(out, text);
}

static void put_json(struct out *out, const struct found *found, enum state state, const char *reason, bool all) {
    const struct manifest *manifest = &found->manifest;
    out_text(out, "{\"name\":");
    inert_json_name(out, manifest->name);
    put_text(out, "version", manifest->version);
    if (state == STATE_UNLISTED)
        out_text(out, ",\"origin\":null");
    else
        put_text(out, "origin", found_origin_name(found->origin));
    put_list(out, "encodings", manifest->encodings);
    put_text(out, "file", found->path);
    put_text(out, "state", state_names[state]);
    if (reason[0] != '\0')
        put_text(out, "reason", reason);
    else
        out_text(out, ",\"reason\":null");
    if (all) {
        put_list(out, "schemas", manifest->schemas);
        put_text(out, "license", manifest->license);
        put_text(out, "summary", manifest->summary);
    }
    out_text(out, "}\n");
    out_line_done(out);
}

/* ---- list ------------------------------------------------------------------------------------------------------------------- */

static void add_row(struct table *table, const struct search *search, const struct found *found) {
    static const enum paint paints[] = {[STATE_USED] = PAINT_OFF, [STATE_SHADOWED] = PAINT_DIM, [STATE_REFUSED] = PAINT_BAD};
    enum state state = state_of(found);
    const struct manifest *manifest = &found->manifest;
    table_row(table, paints[state]);
    table_cell(table, 0, manifest->name[0] != '\0' ? manifest->name : "-");
    table_cell(table, 1, manifest->version);
    table_cell(table, 2, found_origin_name(found->origin));
    table_cell(table, 3, manifest->encodings);
    table_cell(table, 4, found->path);
    table_format(table, 5, "%s%s%s", state_names[state],
                 state == STATE_SHADOWED  ? " by "
                 : state == STATE_REFUSED ? ": "
                                          : "",
                 reason_of(search, found));
}

int plugin_list(const struct call *call) {
    static const char *const heads[] = {"name", "version", "origin", "encodings", "file", "state"};
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    struct search search;
    int code = EXIT_DONE;
    if (!look(call, NULL, &search)) return EXIT_FAILED;
    for (size_t i = 0; i < search.count; i++) {
        const struct found *found = &search.found[i];
        if (call->json)
            put_json(call->out, found, state_of(found), reason_of(&search, found), false);
        else
            add_row(&table, &search, found);
    }
    if (!call->json) table_print(&table, call);
    for (size_t i = 0; i < search.count; i++) {
        const struct found *found = &search.found[i];
        if (found->origin != FOUND_OPTION || found->refused == NULL) continue;
        say(call, "%s: %s", found->path, found->refused);
        code = EXIT_FAILED;
    }
    search_free(&search);
    return code;
}

/* ---- info ------------------------------------------------------------------------------------------------------------------- */

static void print_words(const struct call *call, const char *key, const char *text) {
    if (text[0] == '\0') return;
    out_format(call->out, "%s%-10s%s ", paint(call, PAINT_DIM), key, paint(call, PAINT_OFF));
    inert_text(call->out, text);
    out_char(call->out, '\n');
}

static void print_info(const struct call *call, const struct found *found, enum state state, const char *reason) {
    char line[PATH_MAX + 32];
    const struct manifest *manifest = &found->manifest;
    print_words(call, "name", manifest->name);
    print_words(call, "version", manifest->version);
    print_words(call, "summary", manifest->summary);
    print_words(call, "license", manifest->license);
    print_words(call, "encodings", manifest->encodings);
    print_words(call, "schemas", manifest->schemas);
    print_words(call, "file", found->path);
    print_words(call, "origin", state == STATE_UNLISTED ? "" : found_origin_name(found->origin));
    (void)snprintf(line, sizeof line, "%s%s%s", state_names[state],
                   state == STATE_SHADOWED ? " by "
                   : reason[0] != '\0'     ? ": "
                                           : "",
                   reason);
    print_words(call, "state", line);
}

static int show(const struct call *call, const struct found *found, enum state state, const char *reason) {
    if (call->json)
        put_json(call->out, found, state, reason, true);
    else
        print_info(call, found, state, reason);
    return EXIT_DONE;
}

static int show_named(const struct call *call, const struct search *search, const char *name) {
    struct nearest nearest = {.word = name};
    for (size_t i = 0; i < search->count; i++) {
        const struct found *found = &search->found[i];
        if (strcmp(found->manifest.name, name) == 0) return show(call, found, state_of(found), reason_of(search, found));
        if (found->refused == NULL) nearest_try(&nearest, found->manifest.name);
    }
    if (nearest.best != NULL)
        say(call, "there is no plugin '%s'; did you mean '%s'?", name, nearest.best);
    else
        say(call, "there is no plugin '%s' (see: sctx plugin list)", name);
    return EXIT_FAILED;
}

/* A file that is where plugins are looked for, or any other. */
static int show_file(const struct call *call, const struct search *search, const char *file) {
    char path[PATH_MAX];
    struct search with;
    for (size_t i = 0; realpath(file, path) != NULL && i < search->count; i++) {
        const struct found *found = &search->found[i];
        if (found->refused == NULL && strcmp(found->path, path) == 0) return show(call, found, state_of(found), reason_of(search, found));
    }
    int code = EXIT_FAILED;
    if (!look(call, file, &with)) return code;
    const struct found *found = NULL;
    for (size_t i = 0; i < with.count && with.found[i].origin == FOUND_OPTION; i++) found = &with.found[i];
    if (found == NULL)
        say(call, "%s is a folder without plugins (files that end with .so)", file);
    else if (found->refused != NULL)
        say(call, "%s: %s", file, found->refused);
    else
        code = show(call, found, STATE_UNLISTED, "sctx does not look there; name it with --plugin");
    search_free(&with);
    return code;
}

int plugin_info(const struct call *call) {
    const char *which = call->operands[1];
    struct search search;
    if (!look(call, NULL, &search)) return EXIT_FAILED;
    int code = strchr(which, '/') != NULL ? show_file(call, &search, which) : show_named(call, &search, which);
    search_free(&search);
    return code;
}
