/* Names and patterns, checked before anything is joined or made, so that what is wrong with one can be said. The library has the same rules.
 *
 * Each returns EXIT_DONE, or EXIT_USAGE with a line on stderr that repeats the text and says what is wrong with it. */
#ifndef SCTX_CLI_NAMES_H
#define SCTX_CLI_NAMES_H
#include "call.h"

enum { MARKER_NAME_MAX = 248 /* "marker/NAME" is a topic */, MARKER_UNIT_MAX = 15 };

int names_check_topic(const struct call *call, const char *name);
int names_check_marker(const struct call *call, const char *name);
/* Of --encoding, of --unit; "" is none. */
int names_check_encoding(const struct call *call, const char *encoding);
int names_check_unit(const struct call *call, const char *unit);

/* The operands, all of them patterns. '*' has to be a whole level, as has '**': anything else would match nothing, ever. */
int names_check_patterns(const struct call *call);
/* Does one of the operands match, or is there none? */
bool names_are_wanted(const struct call *call, const char *name);

#endif
