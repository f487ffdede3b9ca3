/* Levels of markers: from text, to text, and markers as lines. */
#ifndef SCTX_CLI_LEVEL_H
#define SCTX_CLI_LEVEL_H
#include "call.h"
#include "units.h"

#include <sctx/sctx.h>

extern const char *const level_kinds[]; /* "f64", "i64", "counter", NULL: enum sctx_marker_kind - 1 */
const char *level_kind_name(uint32_t kind);

bool level_parse(const char *text, uint32_t kind, sctx_level *level);
/* What a text for this kind has to be, for messages. */
const char *level_expected(uint32_t kind);
const char *level_text(uint32_t kind, sctx_level level, char text[static UNIT_TEXT]);
/* -1, 0, 1; 0 also where one is not a number. */
int level_compare(uint32_t kind, sctx_level a, sctx_level b);
/* Bit by bit. */
bool level_equal(sctx_level one, sctx_level other);

enum zone { ZONE_WITHIN, ZONE_LOW, ZONE_HIGH };
/* Where the level is to the thresholds that the marker has. */
enum zone level_zone(const struct sctx_marker_state *state);

/* marker kind value unit low high time */
void level_json(struct out *out, const struct sctx_marker_state *state);

#endif
