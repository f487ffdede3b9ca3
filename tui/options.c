#include "options.h"
#include "decoding.h"
#include "views.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char usage[] =
    "Usage: sctx-top [OPTION...] [FILE.mcap]\n"
    "\n"
    "Shows what is said in a context, now: topics, participants, messages, who answers whom, markers, the ring. It joins nothing, and slows nobody\n"
    "down. Of a context that is not there yet it waits for the first message; of a recording it shows any moment. ? tells the keys.\n"
    "\n"
    "  -c, --context NAME      the context; default: $SCTX_CONTEXT, then \"default\"; another user's: USER:NAME\n"
    "      --dir DIR           the folder that contexts are in; default: $SCTX_DIR, then /dev/shm/sctx-UID\n"
    "  -f, --filter EXPR       only messages that match, see sctx-filter(7)\n"
    "  -v, --view NAME         begin with this one: topics, participants, messages, flow, markers, ring\n"
    "  -b, --batch             no terminal: print the view as text, again and again\n"
    "  -n, --count N           with --batch: N times; default: until it is interrupted\n"
    "  -d, --delay S           with --batch: every S seconds; default: 1\n"
    "      --json              with --batch: a JSON object a row\n"
    "      --screen COLSxROWS  no terminal: press the keys of --keys, print the screen, and end\n"
    "      --keys KEYS         \"3 Down Enter\": words are names of keys, or typed\n"
    "      --folder DIR        where snapshots and recordings go; default: here\n"
    "      --decoder, --config, --plugin, --plugins     as for sctx sub\n"
    "      --color WHEN        auto, always, never; NO_COLOR is heeded\n"
    "      --background WHICH  dark, light, auto\n"
    "      --ascii             no characters beyond ASCII\n"
    "      --no-mouse          leave the mouse to the terminal\n"
    "      --no-settings       neither read nor write the settings, $XDG_CONFIG_HOME/sctx/top.json\n"
    "  -h, --help              this\n"
    "  -V, --version           the version\n"
    "\n"
    "Exit: 0 done, 1 failed, 2 usage, 4 --screen or --batch -n: there was no context, 130 interrupted.\n";

enum {
    OPT_DIR = 256,
    OPT_JSON,
    OPT_SCREEN,
    OPT_KEYS,
    OPT_FOLDER,
    OPT_DECODER,
    OPT_CONFIG,
    OPT_PLUGIN,
    OPT_PLUGINS,
    OPT_COLOR,
    OPT_BACKGROUND,
    OPT_ASCII,
    OPT_NO_MOUSE,
    OPT_NO_SETTINGS
};

static const struct option known[] = {{"context", required_argument, NULL, 'c'},
                                      {"dir", required_argument, NULL, OPT_DIR},
                                      {"filter", required_argument, NULL, 'f'},
                                      {"view", required_argument, NULL, 'v'},
                                      {"batch", no_argument, NULL, 'b'},
                                      {"count", required_argument, NULL, 'n'},
                                      {"delay", required_argument, NULL, 'd'},
                                      {"json", no_argument, NULL, OPT_JSON},
                                      {"screen", required_argument, NULL, OPT_SCREEN},
                                      {"keys", required_argument, NULL, OPT_KEYS},
                                      {"folder", required_argument, NULL, OPT_FOLDER},
                                      {"decoder", required_argument, NULL, OPT_DECODER},
                                      {"config", required_argument, NULL, OPT_CONFIG},
                                      {"plugin", required_argument, NULL, OPT_PLUGIN},
                                      {"plugins", required_argument, NULL, OPT_PLUGINS},
                                      {"color", required_argument, NULL, OPT_COLOR},
                                      {"background", required_argument, NULL, OPT_BACKGROUND},
                                      {"ascii", no_argument, NULL, OPT_ASCII},
                                      {"no-mouse", no_argument, NULL, OPT_NO_MOUSE},
                                      {"no-settings", no_argument, NULL, OPT_NO_SETTINGS},
                                      {"help", no_argument, NULL, 'h'},
                                      {"version", no_argument, NULL, 'V'},
                                      {NULL, 0, NULL, 0}};

static int wrong(const char *name, const char *value, const char *what) {
    (void)fprintf(stderr, "sctx-top: --%s: %s, not '%s'; try --help\n", name, what, value);
    return EXIT_USAGE;
}

/* One of these words, whatever the case; -1: none. */
static int one_of(const char *value, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcasecmp(value, words[i]) == 0) return i;
    return -1;
}

static int number_option(struct options *options, int option, const char *value) {
    char *end = NULL;
    double number = strtod(value, &end);
    bool is_number = end != value && *end == '\0';
    if (option == 'n') {
        if (!is_number || !(number >= 1 && number <= 1e9)) return wrong("count", value, "a number from 1 on");
        options->count = (unsigned)number;
    } else {
        if (!is_number || !(number >= 0.05 && number <= 86400)) return wrong("delay", value, "seconds, at least 0.05");
        options->delay_s = number;
    }
    return -1;
}

static int screen_option(struct options *options, const char *value) {
    char rest;
    bool is_size =
        sscanf(value, "%dx%d%c", &options->columns, &options->rows, &rest) == 2; // NOLINT(cert-err34-c): the range is checked below
    if (!is_size || options->columns < 1 || options->rows < 1 || options->columns > GRID_COLUMNS_MAX || options->rows > GRID_ROWS_MAX)
        return wrong("screen", value, "COLUMNSxROWS, up to 1000x500");
    if (options->script == NULL) options->script = "";
    return -1;
}

static int word_option(struct options *options, int option, const char *value) {
    static const char *const colours[] = {"auto", "never", "always"}, *const backgrounds[] = {"auto", "dark", "light"},
                             *const modes[] = {"worker", "inproc", "off"};
    int at;
    switch (option) {
    case 'v':
        if ((options->app.view = one_of(value, view_names, VIEWS)) < 0)
            return wrong("view", value, "topics, participants, messages, flow, markers or ring");
        return -1;
    case OPT_COLOR:
        if ((at = one_of(value, colours, 3)) < 0) return wrong("color", value, "auto, always or never");
        options->screen.colours = (enum screen_colours)at;
        return -1;
    case OPT_BACKGROUND:
        if ((at = one_of(value, backgrounds, 3)) < 0) return wrong("background", value, "auto, dark or light");
        options->screen.background = (enum screen_background)at;
        return -1;
    default:
        if ((options->app.plugin_mode = one_of(value, modes, 3)) < 0) return wrong("plugins", value, "worker, inproc or off");
        return -1;
    }
}

static int take(struct options *options, int option, const char *value) {
    switch (option) {
    case 'c': options->app.context = value; return -1;
    case OPT_DIR: options->app.dir = value; return -1;
    case 'f': options->app.filter = value; return -1;
    case 'b': options->is_batch = true; return -1;
    case 'n':
    case 'd': return number_option(options, option, value);
    case OPT_JSON: options->as_json = true; return -1;
    case OPT_SCREEN: return screen_option(options, value);
    case OPT_KEYS: options->script = value; return -1;
    case OPT_FOLDER: options->app.folder = value; return -1;
    case OPT_DECODER: options->app.pins = value; return -1;
    case OPT_CONFIG: options->app.config = value; return -1;
    case OPT_PLUGIN:
        if (options->app.plugin_count < sizeof options->plugins / sizeof *options->plugins)
            options->plugins[options->app.plugin_count++] = value;
        return -1;
    case OPT_ASCII: options->is_ascii = true; return -1;
    case OPT_NO_MOUSE: options->screen.mouse = false; return -1;
    case OPT_NO_SETTINGS: options->app.settings = NULL; return -1;
    case 'h': (void)fputs(usage, stdout); return EXIT_DONE;
    case 'V': (void)puts("sctx-top " SCTX_VERSION); return EXIT_DONE;
    case '?': (void)fputs("sctx-top: try --help\n", stderr); return EXIT_USAGE;
    default: return word_option(options, option, value);
    }
}

static void find_settings(struct options *options) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config != NULL && config[0] == '/')
        (void)snprintf(options->settings, sizeof options->settings, "%s/sctx/top.json", config);
    else if (home != NULL && home[0] == '/')
        (void)snprintf(options->settings, sizeof options->settings, "%s/.config/sctx/top.json", home);
    options->app.settings = options->settings[0] != '\0' ? options->settings : NULL;
}

/* A wrong name would be waited for in vain. */
static int check(struct options *options) {
    char path[512];
    struct stat is;
    if (options->columns == 0 && options->script != NULL) {
        (void)fputs("sctx-top: --keys goes with --screen; try --help\n", stderr);
        return EXIT_USAGE;
    }
    if (options->as_json && !options->is_batch) {
        (void)fputs("sctx-top: --json goes with --batch; try --help\n", stderr);
        return EXIT_USAGE;
    }
    if (options->app.path == NULL && sctx_path(options->app.context, options->app.dir, path, sizeof path) < 0) {
        (void)fprintf(stderr, "sctx-top: '%s' is not the name of a context: letters, digits and _ . - make one; a recording is a FILE\n",
                      options->app.context != NULL ? options->app.context : "");
        return EXIT_USAGE;
    }
    if (options->app.path != NULL && (stat(options->app.path, &is) != 0 || !S_ISREG(is.st_mode))) {
        (void)fprintf(stderr, "sctx-top: there is no file %s; a context is given with -c\n", options->app.path);
        return EXIT_FAILED;
    }
    return -1;
}

int options_read(struct options *options, int argc, char **argv) {
    *options = (struct options){.delay_s = 1, .screen = {.mouse = true}, .app = {.view = -1}};
    options->app.plugins = options->plugins;
    find_settings(options);
    int option;
    while ((option = getopt_long(argc, argv, "c:f:v:bn:d:hV", known, NULL)) != -1) {
        int code = take(options, option, optarg);
        if (code >= 0) return code;
    }
    if (argc - optind > 1) {
        (void)fputs("sctx-top: one FILE at most; try --help\n", stderr);
        return EXIT_USAGE;
    }
    options->app.path = optind < argc ? argv[optind] : NULL;
    if (options->is_batch || options->script != NULL) options->app.settings = NULL;
    return check(options);
}
