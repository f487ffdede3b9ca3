/* The shared library as a user's program sees it: version, names exported and not. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <sctx/sctx.h>
#include <stdio.h>

Test(version, numbers_and_text_agree) {
    char text[32];
    (void)snprintf(text, sizeof text, "%d.%d.%d", SCTX_VERSION_MAJOR, SCTX_VERSION_MINOR, SCTX_VERSION_PATCH);
    cr_assert_str_eq(text, SCTX_VERSION);
}

Test(version, everything_declared_is_exported) {
    static const char *const names[] = {"sctx_strerror",
                                        "sctx_create",
                                        "sctx_remove",
                                        "sctx_path",
                                        "sctx_open",
                                        "sctx_tap_open",
                                        "sctx_close",
                                        "sctx_check",
                                        "sctx_join_number",
                                        "sctx_guard_install",
                                        "sctx_topic_register",
                                        "sctx_topic_get",
                                        "sctx_topic_count",
                                        "sctx_topic_matches",
                                        "sctx_writer_open",
                                        "sctx_writer_close",
                                        "sctx_publish",
                                        "sctx_publish_batch",
                                        "sctx_reserve",
                                        "sctx_commit",
                                        "sctx_abort",
                                        "sctx_writer_error",
                                        "sctx_cause_set",
                                        "sctx_cause_clear",
                                        "sctx_cause_get",
                                        "sctx_reader_open",
                                        "sctx_reader_close",
                                        "sctx_read",
                                        "sctx_peek",
                                        "sctx_still_valid",
                                        "sctx_wait",
                                        "sctx_reader_fd",
                                        "sctx_reader_stats",
                                        "sctx_reader_seek",
                                        "sctx_participant_slots",
                                        "sctx_participant_get",
                                        "sctx_participant_name",
                                        "sctx_marker_open",
                                        "sctx_marker_close",
                                        "sctx_marker_set",
                                        "sctx_marker_add",
                                        "sctx_marker_level",
                                        "sctx_marker_count",
                                        "sctx_marker_get",
                                        "sctx_marker_find",
                                        "sctx_info_get"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) cr_expect_not_null(dlsym(RTLD_DEFAULT, names[i]), "%s", names[i]);
}

Test(version, nothing_else_is) {
    static const char *const names[] = {"fail",        "ring_tail",          "name_is_topic",       "clock_note",
                                        "arena_claim", "sctx_thread_causes", "sctx_testpoint_hook", "reader_wait"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) cr_expect_null(dlsym(RTLD_DEFAULT, names[i]), "%s", names[i]);
}

/* Works as the installed library does: no hooks, nothing of the tests. */
Test(version, a_message_travels) {
    struct sctx_options o = {.size = sizeof o, .context = "version", .name = "test"};
    struct sctx_topic_options t = {.size = sizeof t, .name = "a"};
    sctx *ctx = NULL;
    sctx_writer *w = NULL;
    sctx_reader *r = NULL;
    struct sctx_message m;
    uint16_t id = 0;
    cr_assert_eq(sctx_open(&o, &ctx), SCTX_OK);
    cr_assert_eq(sctx_topic_register(ctx, &t, &id), SCTX_OK);
    cr_assert_eq(sctx_writer_open(ctx, NULL, &w), SCTX_OK);
    cr_assert_eq(sctx_reader_open(ctx, NULL, &r), SCTX_OK);
    cr_assert_eq(sctx_publish(w, id, "hello", 5, NULL), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert(m.len == 5 && memcmp(m.data, "hello", 5) == 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
    cr_assert_eq(sctx_remove("version", NULL, NULL), SCTX_OK);
}
