/* What an expression is compiled to: a tree of conditions in one array, and what they compare in another. */
#ifndef SCTX_INSPECT_FILTER_PROGRAM_H
#define SCTX_INSPECT_FILTER_PROGRAM_H
#include "filter.h"

#include <regex.h>

#define NO_NODE UINT32_MAX
enum { REGEXES_MAX = 64, REMEMBERED_MAX = 64 };

enum field { FIELD_SEQ, FIELD_TIME, FIELD_TOPIC, FIELD_FROM, FIELD_PID, FIELD_LEN, FIELD_ENCODING, FIELD_CAUSE, FIELD_DATA, FIELD_NONE };

enum comparison { IS_EQUAL, IS_UNEQUAL, IS_LESS, IS_AT_MOST, IS_GREATER, IS_AT_LEAST, IS_LIKE, IS_UNLIKE, IS_MATCH, IS_NO_MATCH, IS_IN };
const char *comparison_text(enum comparison comparison);

enum step_kind { STEP_NAME, STEP_INDEX, STEP_EACH, STEP_DEEP };

struct step {
    uint8_t kind;  /* enum step_kind */
    int32_t index; /* negative: from the end */
    sctx_str name;
};

/* A field or a literal. */
struct operand {
    uint8_t field; /* enum field; NONE: a literal */
    bool is_many;  /* the path has a '*' or '**' */
    uint32_t first_step, steps;
    uint32_t off, len; /* of what was written, in the expression */
    sctx_value value;  /* of a literal. Durations, sizes and moments are integers with their `as` */
};

enum condition_kind { COND_ALL, COND_ANY, COND_NOT, COND_TRUTH, COND_TEST, COND_HAS, COND_CHANGED };

struct condition {
    uint8_t kind;       /* enum condition_kind */
    uint8_t comparison; /* of a TEST */
    bool needs_data;    /* it, or one below it */
    uint8_t slot;       /* of a verdict that a topic's id decides, beginning with 1; 0: it does not */
    uint32_t first;     /* below ALL, ANY, NOT */
    uint32_t next;      /* beside it; NO_NODE: none */
    uint32_t left, right; /* operands; of IN, `right` is the first */
    uint32_t count;       /* of IN */
    uint32_t nth;         /* which regex, which changed() */
};

/* By topic id, as many as were met so far. */
struct memory {
    uint32_t topics;
    uint8_t *verdicts; /* `slots` a topic: enum verdict + 1; 0: unknown */
    uint64_t *hashes;  /* one for each changed(), a topic: of the values last seen; 0: none */
};

struct filter {
    char *text; /* the expression */
    uint32_t len;
    char *pool; /* of strings, without their escapes */
    uint32_t pool_len;
    struct condition *conditions;
    struct operand *operands;
    struct step *steps;
    uint32_t condition_count, operand_count, step_count;
    uint32_t root;
    regex_t regexes[REGEXES_MAX];
    uint32_t regex_count, slots, changed_count;
    uint32_t changed[FILTER_CHANGED_MAX]; /* their conditions */
    struct memory memory;
    char *subject; /* a copy of what a regular expression looks at */
    size_t subject_room;
    uint64_t errors;
    char first_error[256];
};

#endif
