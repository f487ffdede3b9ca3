/* What `sctx plugin check` can find, and the tests in which it looks for it. Names and texts stand here alone. */
#ifndef SCTX_CHECK_RULES_H
#define SCTX_CHECK_RULES_H
#include <stdbool.h>
#include <stddef.h>

/* X(NAME, "word", "what a plugin does that it may not", "why it may not"). The first TREE_FINDINGS are those of tree.h, in its order and its
 * words. */
#define CHECK_RULES(X)                                                                                                          \
    X(TYPE, "type", NULL, "nobody knows how to show it")                                                                         \
    X(TEXT, "text", NULL, "what is not UTF-8 is BYTES: JSON and terminals cannot carry it")                                      \
    X(NUMBER, "number", NULL, "it is copied into JSON as it is")                                                                 \
    X(SPAN, "span", NULL, "spans and offsets are of bytes in the payload, to be shown to people")                                \
    X(BALANCE, "balance", NULL, "what comes later would be in the wrong container")                                              \
    X(NO_ROOT, "no-root", NULL, "a payload is exactly one value")                                                                \
    X(ROOTS, "roots", NULL, "a payload is exactly one value")                                                                    \
    X(STATUS, "status", NULL, "enum sctx_plugin_status has all that there are")                                                  \
    X(SILENT, "silent", NULL, "people want to know what is wrong, and at which byte")                                            \
    X(SPOILT, "spoilt", NULL, "it is the host's, and what it says is believed no more")                                          \
    X(MANIFEST, "manifest", "has a manifest that breaks the rules", "it is all that is known before its code runs")              \
    X(LOAD, "load", "cannot be loaded", "it would never be used")                                                                \
    X(CRASH, "crash", "crashes", "any bytes may come: each gives OK or an error")                                                \
    X(EXIT, "exit", "ends the process", "it is not its own: others decode in it")                                                \
    X(HANG, "hang", "does not come back", "a host ends it after 100 ms of processor time")                                       \
    X(READ, "read", "reaches behind the end", "there may be another message, or no memory")                                        \
    X(BEFORE, "before", "reaches before the beginning", "there may be another message, or no memory")                              \
    X(WRITE, "write", "writes to what is const", "others read the same bytes")                                                   \
    X(STRUCT, "struct", "reaches beyond the size of a struct", "hosts of other versions have smaller ones: ask SCTX_PLUGIN_HAS()") \
    X(SIZE, "size", "decodes differently where a struct is larger", "later hosts have larger ones, and the rest is the same")    \
    X(REPEAT, "repeat", "decodes the same payload differently", "decode() depends on nothing but schema and payload")            \
    X(ORDER, "order", "decodes differently after other payloads", "messages are lost, filtered, and looked at in any order")     \
    X(WANT, "want", "decodes differently if less is wanted", "`want` says what is listened to, and changes nothing else")        \
    X(TRAILING, "trailing", "ignores what follows the value", "a payload is exactly one document; the rest is MALFORMED")        \
    X(STOP, "stop", "does not stop when it is told to", "beyond a limit of the host all that it does is lost time")              \
    X(LEAK, "leak", "allocates what close() does not free", "an instance is opened for each topic that is shown")                \
    X(GROWTH, "growth", "holds more memory after each payload", "there is no end of messages")                                   \
    X(HEAP, "heap", "writes beyond a block that it allocated", "what lies behind it belongs to others")                          \
    X(ALLOC, "alloc", "goes wrong when memory is short", "without memory the answer is INTERNAL, never another value")           \
    X(SYSCALL, "syscall", "makes a system call that plugins may not make", "a decoder computes; the sandbox refuses all else")   \
    X(PRINT, "print", "writes to a descriptor", "what it prints would be in the middle of the host's output")                    \
    X(SLOW, "slow", "takes more than 100 ms for a payload of at most 64 KiB", "a host ends it then")                             \
    X(QUADRATIC, "quadratic", "takes more and more time for each byte", "time is in proportion to the length")                   \
    X(ROUND, "round", "encodes a value that comes back as another", "encode() gives the payload whose decoding is this value")   \
    X(SNIFF, "sniff", "is unsure how sure it is", "sniff() is 0 to 100, and depends on the bytes alone")

enum check_rule {
#define X(name, word, what, why) RULE_##name,
    CHECK_RULES(X)
#undef X
        RULES
};

const char *rule_word(enum check_rule rule);
const char *rule_what(enum check_rule rule);
const char *rule_why(enum check_rule rule);

/* X(NAME, "word"): the first half of --reproduce. */
#define CHECK_TESTS(X)                 \
    X(LOAD, "load")                    \
    X(DECODE, "decode")                \
    X(SNIFF, "sniff")                  \
    X(WANT, "want")                    \
    X(SIZES, "sizes")                  \
    X(TRAILING, "trailing")            \
    X(ORDER, "order")                  \
    X(GROWTH, "growth")                \
    X(STOP, "stop")                    \
    X(ALLOC, "alloc")                  \
    X(ENCODE, "encode")                \
    X(ENCODE_STOP, "encode-stop")      \
    X(ENCODE_ALLOC, "encode-alloc")    \
    X(JSON, "json")                    \
    X(SCHEMA, "schema")                \
    X(SPEED, "speed")

enum check_test {
#define X(name, word) TEST_##name,
    CHECK_TESTS(X)
#undef X
        TESTS
};

const char *test_word(enum check_test test);
/* false: there is no such test. */
bool test_find(const char *word, size_t len, enum check_test *test);

#endif
