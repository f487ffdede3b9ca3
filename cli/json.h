/* A strict scanner of JSON (RFC 8259) that copies while it checks. Numbers stay the text that they are, so integers of any size stay exact. */
#ifndef SCTX_CLI_JSON_H
#define SCTX_CLI_JSON_H
#include "out.h"

enum { JSON_DEPTH_MAX = 512 };

struct json_fault {
    size_t offset; /* the byte where it goes wrong */
    const char *reason;
};

/* Is it exactly one JSON document? If so, puts it into `out` (unless NULL) without the white space between tokens, and with
 * characters that are not inert escaped inside of strings. Otherwise puts nothing and fills in the fault (unless NULL). Beyond the grammar it asks for
 * valid UTF-8, whole surrogate pairs, and at most JSON_DEPTH_MAX levels. */
bool json_copy(struct out *out, const void *text, size_t len, struct json_fault *fault);

#endif
