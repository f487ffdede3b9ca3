/* sctx-plugin-check PLUGIN: holds one plugin against the rules, in the worker's sandbox, for `sctx plugin check`, which has left a memory file
 * open. Not to be called by hand. */
#define _GNU_SOURCE
#include "alloc.h"
#include "fault.h"
#include "inputs.h"
#include "module.h"
#include "sandbox.h"
#include "syscalls.h"
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* ---- the plan --------------------------------------------------------------------------------------------------------------- */

static const enum check_test whole_tests[] = {TEST_DECODE, TEST_SNIFF, TEST_WANT,   TEST_SIZES,       TEST_TRAILING,     TEST_ORDER,
                                              TEST_GROWTH, TEST_STOP,  TEST_ENCODE, TEST_ENCODE_STOP, TEST_ENCODE_ALLOC, TEST_ALLOC};

static void try_payloads(struct bench *bench) {
    for (uint32_t i = 0; i < bench->memory->payload_count; i++) {
        input_take(bench, bench_payload(bench, i), "%s", bench->memory->payloads[i].name);
        for (size_t t = 0; t < sizeof whole_tests / sizeof *whole_tests; t++) tests_try(bench, whole_tests[t], 0);
    }
}

static void try_json(struct bench *bench) {
    static const char *const texts[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1",
                                        "1.5",
                                        "18446744073709551615",
                                        "-9223372036854775808",
                                        "123456789012345678901234567890",
                                        "1e400",
                                        "\"\"",
                                        "\"text\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"two\\nlines\"",
                                        "[]",
                                        "{}",
                                        "[1,\"two\",[3]]",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"\":null}",
                                        "{\"a b\":\"c=d\"}",
                                        "{\"$base64\":\"AAEC/w==\"}",
                                        "{\"$base64\":\"no\"}",
                                        "{\"$float\":\"nan\"}",
                                        "{\"$float\":\"-inf\"}",
                                        "{\"$ext\":[5,\"AAEC\"]}",
                                        "{\"$ext\":[999,\"AAEC\"]}",
                                        "{\"$tag\":[1,2]}",
                                        "{\"$simple\":300}",
                                        "{\"deep\":{\"deep\":{\"deep\":[[[[]]]]}}}",
                                        "[{\"time\":-1,\"symbol\":\"much too long for it\",\"side\":\"BUY\"}]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        input_take(bench, (struct bytes){texts[i], strlen(texts[i])}, "JSON %.80s", texts[i]);
        tests_try(bench, TEST_JSON, 0);
    }
}

static void try_schemas(struct bench *bench) {
    enum { CUTS = 200, MUTATIONS = 300 };
    const struct check_memory *memory = bench->memory;
    const struct bytes whole = {memory->bytes + memory->schema.off, memory->schema.len};
    unsigned char junk[256];
    for (size_t i = 0; i < sizeof junk; i++) junk[i] = (unsigned char)(i * 167 + 13);
    input_take(bench, (struct bytes){NULL, 0}, "no schema");
    tests_try(bench, TEST_SCHEMA, 0);
    for (size_t len = 1; len <= sizeof junk; len *= 2) {
        input_take(bench, (struct bytes){junk, len}, "%zu bytes of rubbish as schema", len);
        tests_try(bench, TEST_SCHEMA, 0);
    }
    for (size_t i = 1; i < CUTS && whole.len > 0; i++) {
        size_t len = whole.len < CUTS ? i : whole.len * i / CUTS;
        if (len >= whole.len) break;
        input_take(bench, (struct bytes){whole.data, len}, "the schema, cut to %zu bytes", len);
        tests_try(bench, TEST_SCHEMA, 0);
    }
    for (uint32_t n = 0; n < MUTATIONS && whole.len > 0; n++) {
        input_mutate_schema(bench, n);
        tests_try(bench, TEST_SCHEMA, 0);
    }
}

static void try_cuts(struct bench *bench) {
    enum { CUTS = 256 };
    for (uint32_t p = 0; p < bench->memory->payload_count; p++) {
        const struct bytes whole = bench_payload(bench, p);
        for (size_t i = 0; i < CUTS && i < whole.len; i++) {
            size_t len = whole.len <= CUTS ? i : whole.len * i / CUTS;
            input_take(bench, (struct bytes){whole.data, len}, "%.60s, cut to %zu bytes", bench->memory->payloads[p].name, len);
            tests_try(bench, TEST_DECODE, 0);
            tests_try(bench, TEST_SNIFF, 0);
        }
    }
}

static void try_speed(struct bench *bench) {
    enum { SOME = 24 };
    for (uint32_t i = 0; i < bench->memory->payload_count && i < SOME; i++) {
        input_take(bench, bench_payload(bench, i), "%s", bench->memory->payloads[i].name);
        for (uint32_t family = 1; family <= SPEED_FAMILIES; family++) tests_try(bench, TEST_SPEED, family);
    }
}

static bool has_time(struct check_memory *memory) {
    struct timespec clock;
    (void)clock_gettime(CLOCK_MONOTONIC, &clock);
    int64_t now = clock.tv_sec * INT64_C(1000000000) + clock.tv_nsec;
    if (memory->until_ns == 0) memory->until_ns = now + memory->mutate_ns;
    return now < memory->until_ns;
}

/* Each test as often as what it costs allows. */
static void try_mutations(struct bench *bench) {
    static const uint32_t every[TESTS] = {
        [TEST_DECODE] = 1, [TEST_ENCODE] = 2, [TEST_SNIFF] = 4,         [TEST_WANT] = 16,  [TEST_STOP] = 16,
        [TEST_SIZES] = 32, [TEST_ALLOC] = 64, [TEST_ENCODE_ALLOC] = 64, [TEST_ORDER] = 128};
    for (uint32_t n = 0; has_time(bench->memory); n++) {
        input_mutate_payload(bench, n);
        for (unsigned test = 0; test < TESTS; test++)
            if (every[test] != 0 && n % every[test] == 0) tests_try(bench, test, 0);
    }
}

static void try_all(struct bench *bench) {
    struct check_memory *memory = bench->memory;
    if (memory->only != 0) {
        const struct check_bytes *input = &memory->payloads[memory->payload_count];
        input_take(bench, (struct bytes){memory->bytes + input->off, input->len}, "%s", input->name);
        tests_try(bench, memory->only_test, memory->only_param);
        return;
    }
    try_payloads(bench);
    try_json(bench);
    try_schemas(bench);
    try_cuts(bench);
    try_speed(bench);
    try_mutations(bench);
}

/* ---- the beginning ---------------------------------------------------------------------------------------------------------- */

/* Nothing is open but the memory, and /dev/null where something is expected. */
static bool isolate(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= WIRE_SOCKET; fd++)
        if (null < 0 || (fd != null && dup2(null, fd) < 0)) return false;
    return close_range(WIRE_MEMORY + 1, ~0u, 0) == 0 && setvbuf(stdout, NULL, _IONBF, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

static void give_up(struct check_memory *memory, const char *what, const char *why) {
    (void)snprintf(memory->wire.reason, sizeof memory->wire.reason, "%s%s", what, why);
    atomic_store_explicit(&memory->wire.state, WIRE_NOT_LOADED, memory_order_release);
    _exit(1);
}

/* What its constructors did. */
static void note_loading(struct bench *bench) {
    struct wire *wire = &bench->memory->wire;
    uint32_t soft = atomic_exchange_explicit(&wire->softly, 0, memory_order_relaxed);
    uint32_t wrote = atomic_exchange_explicit(&wire->wrote, 0, memory_order_relaxed);
    if (wrote != 0) bench_note(bench, RULE_PRINT, "writes to descriptor %u when it is loaded", wrote - 1);
    if (soft != 0)
        bench_note(bench, RULE_SYSCALL, "makes a system call that plugins may not make when it is loaded: %s", syscall_name(soft - 1));
}

int main(int argc, char **argv) {
    static struct bench bench;
    static struct module module;
    struct check_memory *memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, WIRE_MEMORY, 0);
    struct manifest_fault fault = {""};
    if (argc != 2 || memory == MAP_FAILED || memory->wire.magic != WIRE_MAGIC) {
        (void)fprintf(stderr, "sctx-plugin-check is started by sctx plugin check\n");
        return 2;
    }
    memory->test = TEST_LOAD;
    bench.memory = memory;
    if (!isolate() || !fault_install(memory) || !sandbox_enter(&memory->wire, argv[1], CHECK_LIFE_S))
        give_up(memory, "the sandbox cannot be made: ", strerror(errno));
    bool loaded = module_load(argv[1], &module, &fault);
    note_loading(&bench);
    if (!loaded) check_note(memory, RULE_LOAD, fault.text);
    if (!loaded) _exit(CHECK_EXIT_DONE);
    if (!sandbox_tighten() || !bench_make(&bench, memory, &module.plugin)) give_up(memory, "the sandbox cannot be made: ", strerror(errno));
    atomic_store_explicit(&memory->wire.state, WIRE_READY, memory_order_release);
    try_all(&bench);
    _exit(CHECK_EXIT_DONE);
}
