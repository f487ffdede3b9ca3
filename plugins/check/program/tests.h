/* The tests, each of one input: memory->input. */
#ifndef SCTX_CHECK_TESTS_H
#define SCTX_CHECK_TESTS_H
#include "bench.h"

/* A new case, unless it was done before the program was started anew, or this test has crashed too often. The input is in place. `param`: this
 * one alone, 0: all that the test has. */
void tests_try(struct bench *bench, enum check_test test, uint32_t param);

/* In a file of its own. `param`: a family of longer and longer payloads that are made of the input, from 1 to SPEED_FAMILIES. */
enum { SPEED_FAMILIES = 8 };
void test_speed(struct bench *bench, uint32_t param);

#endif
