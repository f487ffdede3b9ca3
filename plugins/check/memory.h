/* What the command and the program that runs the plugin share: one memory file. The command fills in what is asked, starts the program, and starts
 * it again behind the case in which it ended; so all that must outlive a crash is here.
 *
 * The plugin can write to it, too: the command takes nothing in it for granted. */
#ifndef SCTX_CHECK_MEMORY_H
#define SCTX_CHECK_MEMORY_H
#include "rules.h"
#include "wire.h"

enum {
    CHECK_PAYLOADS_MAX = 256,
    CHECK_INPUT_MAX = 1 << 20, /* bytes of one payload */
    CHECK_BYTES_MAX = 8 << 20, /* of all that it begins with, and of all inputs that are kept */
    CHECK_NAME = 96,
    CHECK_WHAT = 256,
    CHECK_FINDINGS_MAX = 96,
    CHECK_CRASHES = 3, /* of one test; then it is left out */
    CHECK_LIFE_S = 600, /* of processor time, for one process */
};
enum { CHECK_EXIT_DONE = 0, CHECK_EXIT_NOTED = 113 /* a finding was noted that the plugin does not survive */ };

struct check_bytes { /* in `bytes` */
    uint32_t off, len;
    char name[CHECK_NAME];
};

struct check_finding {
    uint32_t rule, test, param; /* param: which allocation failed, and the like */
    uint32_t times;             /* of this rule in this test */
    uint32_t input_off, input_len;
    char what[CHECK_WHAT]; /* instead of the rule's own words; "": those */
    char input[CHECK_NAME];
};

struct check_memory {
    struct wire wire; /* first: what the sandbox notes */

    /* asked */
    uint64_t seed;
    int64_t mutate_ns; /* for how long payloads are mutated */
    uint32_t first;   /* the case to begin with */
    uint32_t only;    /* the one case: test `only_test` with `only_param`, on the first payload that is behind the corpus's; 0: all */
    uint32_t only_test, only_param;
    uint32_t payload_count;
    struct check_bytes payloads[CHECK_PAYLOADS_MAX + 1];
    struct check_bytes schema; /* name: its kind */
    char encoding[CHECK_NAME];
    uint32_t bytes_len;

    /* at work: all is of the case that runs */
    _Atomic uint64_t step; /* grows with whatever it does */
    _Atomic uint32_t number;
    uint32_t test, param, input_len;
    char input_name[CHECK_NAME];
    uint32_t crashes[TESTS]; /* by the command */
    int64_t until_ns;        /* of CLOCK_MONOTONIC: mutations end then; 0: they have not begun */

    /* found */
    uint32_t cases;
    char unopened[CHECK_WHAT]; /* why open() refuses the schema that it should take, "": it does not */
    int64_t worst_ns;
    char worst_input[CHECK_NAME];
    uint32_t finding_count, kept_len;
    struct check_finding findings[CHECK_FINDINGS_MAX];

    unsigned char input[CHECK_INPUT_MAX];
    unsigned char bytes[CHECK_BYTES_MAX];
    unsigned char kept[CHECK_BYTES_MAX];
};

/* Of the case that runs; `what` NULL: the rule's words. The first of a rule in a test is kept with its input, others are counted. */
void check_note(struct check_memory *memory, enum check_rule rule, const char *what);
/* Was it found already, in whatever test? */
bool check_found(const struct check_memory *memory, enum check_rule rule);

#endif
