#include "marking.h"
#include "bus.h"
#include "names.h"

#include <math.h>
#include <string.h>

const struct option marking_options[MARKING_OPTIONS] = {
    [MARKING_KIND] = {"kind", 'k', OPTION_CHOICE, "KIND",
                      "f64, i64, or counter (64 bits without a sign; only\ngrows, and wraps to 0); f64 for a marker that is new", NULL,
                      level_kinds},
    [MARKING_UNIT] = {"unit", 'u', OPTION_TEXT, "U", "what it is measured in, up to 15 bytes; of a new marker", NULL, NULL},
    [MARKING_LOW] = {"low", 0, OPTION_TEXT, "X", "the lower threshold", NULL, NULL},
    [MARKING_HIGH] = {"high", 0, OPTION_TEXT, "Y", "the upper threshold", NULL, NULL},
    [MARKING_ANNOUNCE] = {"announce", 0, OPTION_FLAG, NULL, "publish on the topic marker/NAME when a threshold is\ncrossed", NULL, NULL},
    [MARKING_STEP] = {"step", 0, OPTION_TEXT, "S", "with --announce: also when the level moved by this much", NULL, NULL},
    [MARKING_AS] = OPTION_AS,
};

/* The marker as it is before this call; false: it is new. */
static bool find_before(const struct marking *marking, struct sctx_marker_state *before) {
    uint32_t id = 0;
    return sctx_marker_find(marking->ctx, marking->call->operands[0], &id) == SCTX_OK &&
           sctx_marker_get(marking->ctx, id, before) == SCTX_OK;
}

static bool read_level(const struct marking *marking, const char *what, const char *text, sctx_level *level) {
    if (level_parse(text, marking->kind, level)) return true;
    bool too_large = number_is_too_large(text) && (text[0] != '-' || marking->kind == SCTX_MARKER_I64);
    say_usage(marking->call, "%s '%s' is %s%s, as markers of kind %s need", what, text, too_large ? "too large for " : "not ",
              level_expected(marking->kind), level_kind_name(marking->kind));
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

/* Thresholds that nothing could ever cross, or everything does; `before` are those that stay if none is given. */
static int check_thresholds(const struct marking *marking, const struct sctx_marker_options *marker,
                            const struct sctx_marker_state *before) {
    const struct call *call = marking->call;
    bool is_real = marking->kind == SCTX_MARKER_F64;
    bool has_low = (marker->flags & SCTX_MARKER_HAS_LOW) != 0, has_high = (marker->flags & SCTX_MARKER_HAS_HIGH) != 0;
    char a[UNIT_TEXT], b[UNIT_TEXT];
    if (is_real && has_low && isnan(marker->low.f64)) return say_usage(call, "--low nan is no threshold: nothing is below it");
    if (is_real && has_high && isnan(marker->high.f64)) return say_usage(call, "--high nan is no threshold: nothing is above it");
    if (call->values[MARKING_STEP].given) {
        sctx_level zero = {.counter = 0};
        if (level_compare(marking->kind, marker->step, zero) <= 0 || (is_real && !isfinite(marker->step.f64)))
            return say_usage(call, "--step '%s': a level moves by more than 0, and by a finite amount", call->values[MARKING_STEP].text);
    }
    sctx_level low = has_low ? marker->low : before->low, high = has_high ? marker->high : before->high;
    uint32_t flags = marker->flags | before->flags, both = SCTX_MARKER_HAS_LOW | SCTX_MARKER_HAS_HIGH;
    if ((has_low || has_high) && (flags & both) == both && level_compare(marking->kind, low, high) > 0)
        return say_usage(call, "the lower threshold %s%s is above the upper threshold %s%s", level_text(marking->kind, low, a),
                         has_low ? "" : ", which the marker has,", level_text(marking->kind, high, b),
                         has_high ? "" : ", which the marker has");
    return EXIT_DONE;
}

static int open_marker(struct marking *marking, sctx_level *level) {
    const struct call *call = marking->call;
    const struct value *kind = &call->values[MARKING_KIND], *unit = &call->values[MARKING_UNIT];
    struct sctx_marker_options marker = SCTX_INIT(marker);
    struct sctx_marker_state before = SCTX_INIT(before);
    bool is_new = !find_before(marking, &before);
    marking->kind = marker.kind = kind->given ? (uint32_t)kind->choice + 1 : is_new ? SCTX_MARKER_F64 : before.kind;
    marker.name = call->operands[0];
    marker.unit = unit->text;
    /* Of another kind: opening it says so. */
    if (is_new || before.kind != marking->kind) before.flags = 0;
    if (!read_levels(marking, &marker, level)) return EXIT_USAGE;
    int code = check_thresholds(marking, &marker, &before);
    if (code != EXIT_DONE) return code;
    if (!is_new && unit->given && before.kind == marking->kind && strcmp(unit->text, before.unit) != 0) {
        say(call, "marker '%s' is there already, with %s%s; leave out --unit", marker.name,
            before.unit[0] != '\0' ? "the unit " : "no unit", before.unit);
        return EXIT_FAILED;
    }
    int status = sctx_marker_open(marking->ctx, &marker, &marking->marker);
    if (status == SCTX_OK) status = sctx_marker_find(marking->ctx, call->operands[0], &marking->id);
    if (status == SCTX_ERR_KIND)
        say(call, "marker '%s' is there already, and is no %s; leave out --kind", call->operands[0], level_kind_name(marking->kind));
    else if (status < 0)
        return bus_fail(call, status, "cannot open the marker", NULL);
    return status == SCTX_OK ? EXIT_DONE : EXIT_FAILED;
}

int marking_open(struct marking *marking, const struct call *call, sctx_level *level) {
    int code = EXIT_FAILED;
    *marking = (struct marking){.call = call};
    if (call->values[MARKING_STEP].given && !call->values[MARKING_ANNOUNCE].given) return say_usage(call, "--step needs --announce");
    if (names_check_marker(call, call->operands[0]) != EXIT_DONE) return EXIT_USAGE;
    if (call->values[MARKING_UNIT].given && names_check_unit(call, call->values[MARKING_UNIT].text) != EXIT_DONE) return EXIT_USAGE;
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
