#include "marking.h"
#include "bus.h"

const struct option marking_options[MARKING_OPTIONS] = {
    [MARKING_KIND] = {"kind", 'k', OPTION_CHOICE, "KIND", "f64, i64, or counter (64 bits, only grows); f64 for a\nmarker that is new", NULL,
                      level_kinds},
    [MARKING_UNIT] = {"unit", 'u', OPTION_TEXT, "U", "what it is measured in, up to 15 bytes; of a new marker", NULL, NULL},
    [MARKING_LOW] = {"low", 0, OPTION_TEXT, "X", "the lower threshold", NULL, NULL},
    [MARKING_HIGH] = {"high", 0, OPTION_TEXT, "Y", "the upper threshold", NULL, NULL},
    [MARKING_ANNOUNCE] = {"announce", 0, OPTION_FLAG, NULL, "publish on the topic marker/NAME when a threshold is\ncrossed", NULL, NULL},
    [MARKING_STEP] = {"step", 0, OPTION_TEXT, "S", "with --announce: also when the level moved by this much", NULL, NULL},
    [MARKING_AS] = OPTION_AS,
};

/* The kind asked for, else that of the marker, else f64. */
static uint32_t find_kind(const struct marking *marking) {
    const struct value *kind = &marking->call->values[MARKING_KIND];
    struct sctx_marker_state state = SCTX_INIT(state);
    uint32_t id = 0;
    if (kind->given) return (uint32_t)kind->choice + 1;
    if (sctx_marker_find(marking->ctx, marking->call->operands[0], &id) == SCTX_OK && sctx_marker_get(marking->ctx, id, &state) == SCTX_OK)
        return state.kind;
    return SCTX_MARKER_F64;
}

static bool read_level(const struct marking *marking, const char *what, const char *text, sctx_level *level) {
    if (level_parse(text, marking->kind, level)) return true;
    say_usage(marking->call, "%s '%s' is not %s, as markers of kind %s need", what, text, level_expected(marking->kind),
              level_kind_name(marking->kind));
    return false;
}

static bool read_levels(const struct marking *marking, struct sctx_marker_options *marker, sctx_level *level) {
    const struct value *values = marking->call->values;
    const struct {
        enum marking_option option;
        const char *what;
        uint32_t flag;
        sctx_level *level;
    } given[] = {
        {MARKING_LOW, "--low", SCTX_MARKER_HAS_LOW, &marker->low},
        {MARKING_HIGH, "--high", SCTX_MARKER_HAS_HIGH, &marker->high},
        {MARKING_STEP, "--step", SCTX_MARKER_ANNOUNCE, &marker->step},
    };
    if (values[MARKING_ANNOUNCE].given) marker->flags |= SCTX_MARKER_ANNOUNCE;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (values[given[i].option].given) {
            marker->flags |= given[i].flag;
            if (!read_level(marking, given[i].what, values[given[i].option].text, given[i].level)) return false;
        }
    return read_level(marking, "level", marking->call->operands[1], level);
}

static int open_marker(struct marking *marking, sctx_level *level) {
    const struct call *call = marking->call;
    struct sctx_marker_options marker = SCTX_INIT(marker);
    marking->kind = marker.kind = find_kind(marking);
    marker.name = call->operands[0];
    marker.unit = call->values[MARKING_UNIT].text;
    if (!read_levels(marking, &marker, level)) return EXIT_USAGE;
    int status = sctx_marker_open(marking->ctx, &marker, &marking->marker);
    if (status == SCTX_OK) status = sctx_marker_find(marking->ctx, call->operands[0], &marking->id);
    if (status == SCTX_ERR_KIND)
        say(call, "marker '%s' is there already, and is no %s; leave out --kind", call->operands[0], level_kind_name(marking->kind));
    else if (status == SCTX_ERR_NAME)
        say(call, "'%s' is no name for a marker: 1 to %u bytes of UTF-8, levels split by '/', none empty, no '*', no control characters",
            call->operands[0], SCTX_TOPIC_MAX);
    else if (status < 0)
        return bus_fail(call, status, "cannot open the marker", NULL);
    return status == SCTX_OK ? EXIT_DONE : status == SCTX_ERR_NAME ? EXIT_USAGE : EXIT_FAILED;
}

int marking_open(struct marking *marking, const struct call *call, sctx_level *level) {
    int code = EXIT_FAILED;
    *marking = (struct marking){.call = call};
    if (call->values[MARKING_STEP].given && !call->values[MARKING_ANNOUNCE].given) return say_usage(call, "--step needs --announce");
    marking->ctx = bus_join(call, call->values[MARKING_AS].text, &code);
    return marking->ctx == NULL ? code : open_marker(marking, level);
}

int marking_show(const struct marking *marking, const sctx_level *level) {
    struct sctx_marker_state state = SCTX_INIT(state);
    if (!marking->call->json) return EXIT_DONE;
    int status = sctx_marker_get(marking->ctx, marking->id, &state);
    if (status < 0) return bus_fail(marking->call, status, "cannot read the marker", NULL);
    if (level != NULL) state.level = *level;
    level_json(marking->call->out, &state);
    return EXIT_DONE;
}

void marking_close(struct marking *marking) {
    sctx_marker_close(marking->marker);
    sctx_close(marking->ctx);
}
