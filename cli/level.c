#include "level.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const level_kinds[] = {"f64", "i64", "counter", NULL};

const char *level_kind_name(uint32_t kind) {
    return kind >= SCTX_MARKER_F64 && kind <= SCTX_MARKER_COUNTER ? level_kinds[kind - 1] : "unknown";
}

bool level_parse(const char *text, uint32_t kind, sctx_level *level) {
    switch (kind) {
    case SCTX_MARKER_F64: return real_parse(text, &level->f64);
    case SCTX_MARKER_I64: return integer_parse(text, &level->i64);
    case SCTX_MARKER_COUNTER: return number_parse(text, &level->counter);
    default: return false;
    }
}

const char *level_expected(uint32_t kind) {
    return kind == SCTX_MARKER_I64 ? "an integer" : kind == SCTX_MARKER_COUNTER ? "a whole number that is not negative" : "a number";
}

const char *level_text(uint32_t kind, sctx_level level, char text[static UNIT_TEXT]) {
    if (kind == SCTX_MARKER_I64)
        snprintf(text, UNIT_TEXT, "%" PRId64, level.i64);
    else if (kind == SCTX_MARKER_COUNTER)
        snprintf(text, UNIT_TEXT, "%" PRIu64, level.counter);
    else if (isnan(level.f64))
        snprintf(text, UNIT_TEXT, "nan");
    else if (isinf(level.f64))
        snprintf(text, UNIT_TEXT, level.f64 < 0 ? "-inf" : "inf");
    else
        real_text(level.f64, text);
    return text;
}

bool level_equal(sctx_level one, sctx_level other) {
    return memcmp(&one, &other, sizeof one) == 0;
}

int level_compare(uint32_t kind, sctx_level a, sctx_level b) {
    if (kind == SCTX_MARKER_I64) return (a.i64 > b.i64) - (a.i64 < b.i64);
    if (kind == SCTX_MARKER_COUNTER) return (a.counter > b.counter) - (a.counter < b.counter);
    return (a.f64 > b.f64) - (a.f64 < b.f64);
}

enum zone level_zone(const struct sctx_marker_state *state) {
    if ((state->flags & SCTX_MARKER_HAS_HIGH) != 0 && level_compare(state->kind, state->level, state->high) > 0) return ZONE_HIGH;
    if ((state->flags & SCTX_MARKER_HAS_LOW) != 0 && level_compare(state->kind, state->level, state->low) < 0) return ZONE_LOW;
    return ZONE_WITHIN;
}

static void put_level(struct out *out, uint32_t kind, sctx_level level) {
    char text[UNIT_TEXT];
    bool no_number = kind == SCTX_MARKER_F64 && !isfinite(level.f64);
    out_text(out, no_number ? "{\"$float\":\"" : "");
    out_text(out, level_text(kind, level, text));
    out_text(out, no_number ? "\"}" : "");
}

static void put_threshold(struct out *out, const char *key, const struct sctx_marker_state *state, uint32_t flag, sctx_level level) {
    out_text(out, key);
    if ((state->flags & flag) != 0)
        put_level(out, state->kind, level);
    else
        out_text(out, "null");
}

void level_json(struct out *out, const struct sctx_marker_state *state) {
    out_text(out, "{\"marker\":");
    inert_json_name(out, state->name);
    out_format(out, ",\"kind\":\"%s\",\"value\":", level_kind_name(state->kind));
    put_level(out, state->kind, state->level);
    out_text(out, ",\"unit\":");
    inert_json_name(out, state->unit);
    put_threshold(out, ",\"low\":", state, SCTX_MARKER_HAS_LOW, state->low);
    put_threshold(out, ",\"high\":", state, SCTX_MARKER_HAS_HIGH, state->high);
    out_text(out, ",\"time\":");
    if (state->time_ns != 0)
        out_integer(out, state->time_ns);
    else
        out_text(out, "null");
    out_text(out, "}\n");
    out_line_done(out);
}
