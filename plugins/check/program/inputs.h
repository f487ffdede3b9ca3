/* What the tests are given: payloads and schemas as they are, cut, and mutated. Each puts it where tests find it, memory->input. */
#ifndef SCTX_CHECK_INPUTS_H
#define SCTX_CHECK_INPUTS_H
#include "bench.h"

__attribute__((format(printf, 3, 4))) void input_take(struct bench *bench, struct bytes bytes, const char *format, ...);
/* Mutation number n of one of the payloads, or of the schema; the same for the same seed. */
void input_mutate_payload(struct bench *bench, uint32_t n);
void input_mutate_schema(struct bench *bench, uint32_t n);

#endif
