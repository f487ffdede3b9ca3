/* What a check begins with: payloads and a schema, put into the shared memory. */
#ifndef SCTX_CHECK_CORPUS_H
#define SCTX_CHECK_CORPUS_H
#include "run.h"

/* false: check->why says what is wrong with a file or folder that was named. */
bool corpus_read(struct check *check, const struct check_options *options);

#endif
