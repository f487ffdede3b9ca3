/* Durations, sizes and moments as they are written in filters: exact integers, or nothing. */
#ifndef SCTX_INSPECT_FILTER_UNITS_H
#define SCTX_INSPECT_FILTER_UNITS_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum quantity_fault { QUANTITY_FINE, QUANTITY_NO_UNIT, QUANTITY_NOT_WHOLE, QUANTITY_TOO_LARGE };

/* `digits`: "1.5", without a sign. Gives an integer of nanoseconds (as DURATION_NS) or bytes (as SIZE), up to 2^63 - 1. */
enum quantity_fault quantity_parse(sctx_str digits, sctx_str unit, sctx_value *value);
/* All units in a line, and each by its number; NULL behind the last. */
#define QUANTITY_UNITS "ns us ms s m h d, B kB MB GB TB KiB MiB GiB TiB"
const char *quantity_unit(unsigned n);

/* "2026-11-25", "2026-11-25T12:00", "2026-11-25 12:00:00.25", with "Z" or "+01:00" behind it; without that, it is UTC. */
bool moment_parse(sctx_str text, int64_t *ns);

#endif
