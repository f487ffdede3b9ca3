/* The host: which decoder is chosen, and that none does more harm than its own topics suffer. */
#define _GNU_SOURCE
#include "host.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct host *host;
static char lines[16384]; /* what it told */

static void on_notice(void *context, const char *line) {
    (void)context;
    size_t len = strlen(lines);
    (void)snprintf(lines + len, sizeof lines - len, "%s\n", line);
}

static const char *in_build(const char *relative) {
    static char paths[4][4096];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    const char *build = getenv("SCTX_BUILD_DIR");
    cr_assert(build != NULL);
    (void)snprintf(path, sizeof paths[0], "%s/%s", build, relative);
    return path;
}

static void open_with(const char *const *paths, size_t count, enum host_mode mode) {
    const struct host_options options = {.search = {paths, count, true}, .mode = mode, .notice = on_notice};
    lines[0] = '\0';
    host = host_open(&options);
    cr_assert(host != NULL);
}

static void open_animal(const char *animal) {
    char relative[64];
    (void)snprintf(relative, sizeof relative, "zoo/%s.so", animal);
    const char *path = in_build(relative);
    open_with(&path, 1, HOST_WORKER);
    cr_assert(host_find(host, animal) != NULL, "%s", host_search(host)->found[0].refused);
}

static uint32_t topic(const char *name, const char *encoding, const char *pin) {
    uint32_t number = 0;
    const struct host_topic_is is = {.topic = name, .encoding = encoding, .pin = pin};
    cr_assert(host_topic_add(host, &is, &number));
    return number;
}

static struct tree trees[64];

static struct host_item item(uint32_t of, const char *payload, struct tree *tree) {
    return (
        struct host_item){.topic = of, .want = SCTX_WANT_TREE | SCTX_WANT_SUMMARY, .data = payload, .len = strlen(payload), .tree = tree};
}

static enum host_outcome decode_one(uint32_t of, const char *payload) {
    struct host_item one = item(of, payload, &trees[0]);
    host_decode(host, &one, 1, true);
    return one.outcome;
}

static void init(void) {
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) tree_init(&trees[i], (struct tree_limits){0, 0});
}

static void fini(void) {
    host_close(host);
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) tree_free(&trees[i]);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void expect_told(const char *part) {
    cr_assert(strstr(lines, part) != NULL, "told: '%s', not '%s'", lines, part);
}

static void expect_choice(uint32_t of, const char *name, enum host_how how) {
    struct host_choice choice = host_choice(host, of);
    cr_assert_eq(choice.how, how, "%s", host_how_name(choice.how));
    if (name != NULL)
        cr_assert_str_eq(choice.decoder->manifest.name, name);
    else
        cr_assert(choice.decoder == NULL);
}

TestSuite(host, .init = init, .fini = fini, .timeout = 60);

Test(host, a_pin_comes_before_an_exact_encoding_before_a_wildcard) {
    open_with(NULL, 0, HOST_WORKER);
    expect_choice(topic("a", "json", NULL), "json", HOST_EXACT);
    expect_choice(topic("a", "application/json", NULL), "json", HOST_EXACT);
    expect_choice(topic("a", "struct", NULL), "struct", HOST_EXACT);
    expect_choice(topic("a", "struct:Order", NULL), "struct", HOST_BY_WILDCARD);
    expect_choice(topic("a", "json", "hex"), "hex", HOST_PINNED);
    expect_choice(topic("a", "", "json"), "json", HOST_PINNED);
    expect_choice(topic("a", "x-unheard-of", NULL), NULL, HOST_NONE);
    expect_choice(topic("a", "json", "no-such-decoder-and-a-name-that-is-too-long"), NULL, HOST_NONE);
    cr_assert(host_choice(host, 0).is_view == false && host_choice(host, 4).is_view);
    cr_assert_eq(decode_one(6, "{}"), HOST_UNDECODED);
}

Test(host, sniffs_only_where_nothing_is_declared_and_sticks_to_it) {
    open_with(NULL, 0, HOST_WORKER);
    uint32_t bare = topic("bare", "", NULL), declared = topic("declared", "x-mine", NULL);
    cr_assert_eq(decode_one(declared, "{\"a\":1}"), HOST_UNDECODED);
    cr_assert_eq(decode_one(bare, "just words"), HOST_UNDECODED);
    expect_choice(bare, NULL, HOST_NONE);
    cr_assert_eq(decode_one(bare, "{\"a\":1}"), HOST_DECODED);
    expect_choice(bare, "json", HOST_SNIFFED);
    cr_assert_eq(decode_one(bare, "level=info msg=hello a=b"), HOST_UNDECODED, "a guess that fails is no error");
    expect_choice(bare, "json", HOST_SNIFFED);
    cr_assert_eq(decode_one(bare, "[1,2]"), HOST_DECODED);
}

Test(host, after_enough_payloads_it_sniffs_no_more) {
    open_with(NULL, 0, HOST_WORKER);
    uint32_t bare = topic("bare", "", NULL);
    for (int i = 0; i < HOST_SNIFFS; i++) cr_assert_eq(decode_one(bare, "words"), HOST_UNDECODED);
    cr_assert_eq(decode_one(bare, "{\"a\":1}"), HOST_UNDECODED);
}

Test(host, what_is_malformed_is_told_in_the_tree) {
    open_with(NULL, 0, HOST_WORKER);
    cr_assert_eq(decode_one(topic("a", "json", NULL), "{\"a\":1,}"), HOST_DECODED);
    cr_assert_eq(trees[0].status, SCTX_PLUGIN_MALFORMED);
    cr_assert_eq(trees[0].fault_off, 7u);
}

Test(host, one_by_option_comes_before_the_bundled_one_and_runs_in_a_worker) {
    const char *path = in_build("lib/sctx/decoders/json.so");
    open_with(&path, 1, HOST_WORKER);
    uint32_t of = topic("a", "json", NULL);
    struct host_item items[130];
    for (int i = 0; i < 130; i++) items[i] = item(of, i % 2 == 0 ? "{\"a\":1}" : "[", &trees[i % 64]);
    host_decode(host, items, 130, true);
    for (int i = 0; i < 130; i++) cr_assert_eq(items[i].outcome, HOST_DECODED);
    cr_assert_eq(host_choice(host, of).decoder->origin, FOUND_OPTION);
    cr_assert_eq(trees[0].count, 2u);
    cr_assert_eq(trees[1].status, SCTX_PLUGIN_TRUNCATED);
    cr_assert_str_eq(lines, "");
}

Test(host, encodes_here_and_in_a_worker) {
    for (size_t there = 0; there <= 1; there++) {
        const char *path = in_build("lib/sctx/decoders/msgpack.so");
        struct emitted emitted = {.data = NULL};
        open_with(&path, there, HOST_WORKER);
        uint32_t of = topic("a", "msgpack", NULL), view = topic("a", "x-mine", NULL);
        cr_assert_eq(host_encode(host, of, "{\"a\":[1,true]}", 14, &trees[0], &emitted), HOST_ENCODED, "%s", trees[0].reason);
        cr_assert_eq(emitted.len, 6u);
        cr_assert_arr_eq(emitted.data, "\x81\xa1\x61\x92\x01\xc3", 6);
        cr_assert_eq(host_encode(host, of, "{\"a\":}", 6, &trees[0], &emitted), HOST_NOT_JSON);
        cr_assert_eq(trees[0].fault_off, 5u);
        cr_assert_eq(host_encode(host, of, "[1e400]", 7, &trees[0], &emitted), HOST_NOT_ENCODABLE);
        cr_assert_eq(trees[0].fault_off, 1u, "%s", trees[0].reason);
        cr_assert_eq(host_encode(host, view, "1", 1, &trees[0], &emitted), HOST_NO_ENCODER);
        free(emitted.data);
        if (there == 0) host_close(host);
    }
}

Test(host, a_schema_that_is_refused_says_why) {
    open_with(NULL, 0, HOST_WORKER);
    uint32_t of = 0;
    const struct host_topic_is is = {.topic = "a", .encoding = "struct:Order", .schema = "struct Order { u32 a; float", .schema_len = 27};
    cr_assert(host_topic_add(host, &is, &of));
    cr_assert_eq(decode_one(of, "abcd"), HOST_FAILED);
    cr_assert(strstr(trees[0].reason, "its schema is refused at byte 2") != NULL, "%s", trees[0].reason);
    cr_assert(host_choice(host, of).trouble != NULL);
    cr_assert_eq(trees[0].count, 0u);
}

Test(host, three_strikes_and_out_until_it_is_tried_again) {
    open_animal("segfault");
    uint32_t bad = topic("bad", "segfault", NULL), good = topic("good", "json", NULL);
    struct host_item items[6];
    for (int i = 0; i < 6; i++) items[i] = item(i % 3 == 2 ? good : bad, "{\"a\":1}", &trees[i]);
    host_decode(host, items, 6, true);
    for (int i = 0; i < 6; i++) cr_assert_eq(items[i].outcome, i % 3 == 2 ? HOST_DECODED : HOST_FAILED);
    expect_told("crashed (segmentation fault, or its stack is full) on topic 'bad'; strike 1 of 3: it is started again");
    expect_told("strike 3 of 3");
    cr_assert(strstr(trees[0].reason, "segmentation fault") != NULL, "%s", trees[0].reason);
    cr_assert(host_choice(host, bad).trouble != NULL);
    lines[0] = '\0';
    cr_assert_eq(decode_one(bad, "x"), HOST_FAILED);
    cr_assert_str_eq(lines, "", "it is told once: %s", lines);
    cr_assert(host_retry(host, "segfault"));
    cr_assert_not(host_retry(host, "segfault"), "it is in");
    cr_assert_not(host_retry(host, "nobody"));
    cr_assert_eq(decode_one(bad, "x"), HOST_FAILED);
    expect_told("strike 1 of 3");
}

Test(host, one_that_loops_does_not_hold_up_others) {
    open_animal("loop");
    uint32_t bad = topic("bad", "loop", NULL), good = topic("good", "json", NULL);
    struct host_item items[64];
    for (int i = 0; i < 64; i++) items[i] = item(i == 63 ? good : bad, "{\"a\":1}", &trees[i]);
    int64_t began = now_ms();
    host_decode(host, items, 64, false);
    int64_t took = now_ms() - began;
    cr_assert_eq(items[63].outcome, HOST_DECODED);
    /* On a busy machine the time is over before the plugin has had its part of it. */
    for (int tries = 0; items[0].outcome == HOST_LATER && tries < 100; tries++) host_decode(host, items, 64, false);
    cr_assert_eq(items[0].outcome, HOST_FAILED);
    cr_assert_eq(items[62].outcome, HOST_FAILED, "the rest of its messages do not wait for it");
    cr_assert_lt(took, 2000);
    expect_told("more than 100 ms of processor time on topic 'bad'; strike 1 of 3: it rests for a second");
    began = now_ms();
    for (int i = 0; i < 64; i++) items[i].outcome = HOST_LATER;
    host_decode(host, items, 64, false);
    cr_assert_eq(items[63].outcome, HOST_DECODED);
    (void)fprintf(stderr, "first %d ms, then %d ms\n", (int)took, (int)(now_ms() - began));
}

Test(host, all_of_the_zoo_at_once) {
    static const char *const animals[] = {"segfault",  "loop",  "double_free", "exit",      "abort_early", "kill_early", "deep",
                                          "close_all", "print", "fork",        "huge_tree", "sleep",       "connect",    "leak"};
    enum { ANIMALS = sizeof animals / sizeof *animals };
    const char *folder = in_build("zoo");
    open_with(&folder, 1, HOST_WORKER);
    struct host_item items[ANIMALS + 1];
    uint32_t good = topic("good", "json", NULL);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ANIMALS; i++) items[i] = item(topic(animals[i], animals[i], NULL), "x", &trees[i]);
        items[ANIMALS] = item(good, "{\"a\":1}", &trees[ANIMALS]);
        host_decode(host, items, ANIMALS + 1, true);
        cr_assert_eq(items[ANIMALS].outcome, HOST_DECODED);
    }
    (void)fprintf(stderr, "%s", lines);
    for (size_t i = 0; i < ANIMALS; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "plugin %s (", animals[i]);
        bool is_named = strstr(lines, name) != NULL, is_harmless = strcmp(animals[i], "huge_tree") == 0;
        cr_assert(is_named || is_harmless, "%s is not named", animals[i]);
    }
    expect_told("tries to print");
}

static void copy_file(const char *from, const char *to) {
    char command[9000];
    (void)snprintf(command, sizeof command, "cp '%s' '%s.new' && mv '%s.new' '%s'", from, to, to, to);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): paths of our own */
}

Test(host, a_new_version_of_the_file_is_taken_in) {
    char path[4096], file[4200];
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    (void)snprintf(path, sizeof path, "%s", in_build("host-test-XXXXXX"));
    cr_assert(mkdtemp(path) != NULL);
    (void)snprintf(file, sizeof file, "%s/x.so", path);
    copy_file(in_build("zoo/exit.so"), file);
    const char *only = file;
    open_with(&only, 1, HOST_WORKER);
    uint32_t old = topic("old", "exit", NULL), json = topic("json", "json", NULL);
    for (int i = 0; i < 3; i++) cr_assert_eq(decode_one(old, "x"), HOST_FAILED);
    expect_told("called exit(0) on topic 'old'; strike 3 of 3");
    copy_file(in_build("lib/sctx/decoders/msgpack.so"), file);
    (void)nanosleep(&second, NULL);
    uint32_t fresh = topic("fresh", "x-none", "msgpack");
    lines[0] = '\0';
    cr_assert_eq(decode_one(old, "x"), HOST_UNDECODED, "it does not decode that any more");
    expect_told("has changed: the new version is used");
    cr_assert_eq(decode_one(json, "{\"a\":1}"), HOST_DECODED);
    cr_assert_eq(decode_one(fresh, "\x93\x01\x02\x03"), HOST_DECODED);
    cr_assert_eq(trees[0].count, 4u);
    (void)unlink(file);
    (void)nanosleep(&second, NULL);
    lines[0] = '\0';
    cr_assert_eq(decode_one(fresh, "\x93\x01\x02\x03"), HOST_DECODED, "it is loaded, and goes on");
    (void)fclose(fopen(file, "w"));
    (void)nanosleep(&second, NULL);
    cr_assert_eq(decode_one(fresh, "\x93\x01\x02\x03"), HOST_DECODED, "by the one that came with sctx");
    cr_assert_eq(host_choice(host, fresh).decoder->origin, FOUND_BUNDLED);
    expect_told("left out until its file changes");
    copy_file(in_build("lib/sctx/decoders/msgpack.so"), file);
    (void)nanosleep(&second, NULL);
    lines[0] = '\0';
    cr_assert_eq(decode_one(fresh, "\x93\x01\x02\x03"), HOST_DECODED, "%s", trees[0].reason);
    expect_told("the new version is used");
    cr_assert_eq(host_choice(host, fresh).decoder->origin, FOUND_OPTION);
    (void)unlink(file);
    (void)rmdir(path);
}

Test(host, what_is_refused_is_not_run_and_says_why) {
    const char *paths[] = {in_build("lib/libsctx.so"), in_build("no/such.so")};
    open_with(paths, 2, HOST_WORKER);
    const struct search *search = host_search(host);
    cr_assert(search->found[0].refused != NULL && search->found[1].refused != NULL);
    expect_choice(topic("a", "json", NULL), "json", HOST_EXACT);
}
