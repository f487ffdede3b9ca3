/* Records as lines of JSON, the same ones that interop/lines.mjs makes: members in the order of the specification, bytes as hexadecimal digits. */
#ifndef SCTX_TESTS_MCAP_LINES_H
#define SCTX_TESTS_MCAP_LINES_H
#include "mcap_read.h"

#include <stdio.h>

void line_print(FILE *to, const struct mcap_record *record);

#endif
