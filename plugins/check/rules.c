#include "rules.h"
#include "tree.h"

#include <string.h>

static const struct {
    const char *word, *what, *why;
} rules[RULES] = {
#define X(name, word, what, why) {word, what, why},
    CHECK_RULES(X)
#undef X
};
_Static_assert(RULE_SPOILT + 1 == TREE_FINDINGS, "the first rules are those of the tree");

const char *rule_word(enum check_rule rule) {
    return rules[rule].word;
}

const char *rule_what(enum check_rule rule) {
    return rules[rule].what != NULL ? rules[rule].what : tree_finding_text(rule);
}

const char *rule_why(enum check_rule rule) {
    return rules[rule].why;
}

static const char *const tests[TESTS] = {
#define X(name, word) word,
    CHECK_TESTS(X)
#undef X
};

const char *test_word(enum check_test test) {
    return tests[test];
}

bool test_find(const char *word, size_t len, enum check_test *test) {
    for (unsigned i = 0; i < TESTS; i++)
        if (strlen(tests[i]) == len && memcmp(tests[i], word, len) == 0) {
            *test = i;
            return true;
        }
    return false;
}
