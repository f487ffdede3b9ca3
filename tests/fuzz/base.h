/* The context that the ring's fuzzer spoils: made once, patched by each input, put back as it was afterwards.
 *
 *   topics 0 to 3, markers 0 to 2; a ring of 64 cells that has gone round once; arena 0 of a participant that left; arena 1 in its second generation,
 *   the first still there; a participant, a gated reader's place and arena 1 whose locks are held, so that they live. */
#ifndef SCTX_TESTS_FUZZ_BASE_H
#define SCTX_TESTS_FUZZ_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE_CONTEXT "fuzz"
#define BASE_CELLS 64u
#define BASE_GATE_TIMEOUT_NS 200000u
#define BASE_LIVE_READER 1u /* the reader's place whose lock is held */

enum area {
    AREA_HEADER,
    AREA_HOT,
    AREA_CLOCK,
    AREA_CELLS,
    AREA_PARTICIPANTS,
    AREA_READERS,
    AREA_ARENAS,
    AREA_TOPICS,
    AREA_MARKERS,
    AREA_HEAP,
    AREA_ARENA_HEADER, /* of the arena files: 0.1, 1.1, 1.2 */
    AREA_ARENA_DATA = AREA_ARENA_HEADER + 3,
    AREA_COUNT = AREA_ARENA_DATA + 3
};

enum fix { FIX_HEADER = 1, FIX_CLOCK = 2, FIX_HEAP = 4, FIX_ARENAS = 8 };

/* Where an area's bytes are; NULL while its file is cut. */
unsigned char *base_area(enum area area, size_t *bytes, size_t *stride);

/* To be told before an arena's area is changed, and before anybody joins: then more has to be put back. */
void base_touch_arenas(void);
void base_touch_files(void);

/* Makes checks fit what they are over, so that more than the checks is tried: a combination of enum fix. */
void base_fix(unsigned what);

/* The ring's file (0) or an arena's (1 to 3) gets another length: `bytes` modulo its own. */
void base_cut(unsigned file, uint64_t bytes);

/* The context was removed: base_restore() makes it anew. */
void base_removed(void);

void base_open(void); /* the first time: makes it */
void base_restore(void);

/* Says why, and ends the process as a crash does. */
_Noreturn void base_die(const char *what, long long value);
#define MUST(condition) ((condition) ? (void)0 : base_die(#condition, 0))
#endif
