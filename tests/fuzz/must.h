/* What must hold, whatever the input: else the fuzzer keeps the input, and says what did not. */
#ifndef SCTX_FUZZ_MUST_H
#define SCTX_FUZZ_MUST_H
#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                 \
    do {                                                                                \
        if (!(condition)) {                                                             \
            (void)fprintf(stderr, "fuzz: not so: %s, line %d\n", #condition, __LINE__); \
            abort();                                                                    \
        }                                                                               \
    } while (0)

#endif
