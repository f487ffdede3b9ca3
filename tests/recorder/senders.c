/* More senders than there are channels in the format. */
#define _GNU_SOURCE
#include "tape.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENDERS = 70000, TOPICS = 3 };

static char path[PATH_ROOM];
static const struct source_topic topics[TOPICS] = {{.name = "a", .encoding = "", .id = 0},
                                                   {.name = "b", .encoding = "json", .id = 1},
                                                   {.name = "c", .encoding = "", .id = 2}};

/* Each says something on two topics, and the early ones come back at the end. */
static void message_of(unsigned i, struct source_message *message, char name[static 32]) {
    unsigned sender = i / 2 % SENDERS;
    (void)snprintf(name, 32, "sender %u", sender);
    *message = (struct source_message){.seq = i + 1,
                                       .time_ns = 1000 + i,
                                       .topic = &topics[i % TOPICS],
                                       .from = name,
                                       .pid = sender % 4000000 + 1,
                                       .join = sender + 1,
                                       .data = name,
                                       .len = (uint32_t)strlen(name),
                                       .has_cause = i % 2 == 1,
                                       .cause = i,
                                       .has_seq = true};
}

/* It takes many messages from the source before it shows them. */
static void shown_by_cat(unsigned messages) {
    char command[2 * PATH_ROOM], line[400], wanted[100];
    const char *build = getenv("SCTX_BUILD_DIR");
    unsigned lines = 0;
    (void)snprintf(command, sizeof command, "%s/bin/sctx", build != NULL ? build : "");
    if (access(command, X_OK) != 0) return; /* only the library was built */
    (void)snprintf(command, sizeof command, "'%s/bin/sctx' cat '%s' --no-decode", build, path);
    FILE *cat = popen(command, "re");
    cr_assert_not_null(cat);
    for (; fgets(line, sizeof line, cat) != NULL; lines++) {
        (void)snprintf(wanted, sizeof wanted, "\"from\":\"sender %u\"", lines / 2 % SENDERS);
        cr_assert(strstr(line, wanted) != NULL, "not %s: %s", wanted, line);
    }
    cr_assert(pclose(cat) == 0 && lines == messages);
}

Test(recording_senders, seventy_thousand, .timeout = 120) {
    enum { MESSAGES = 2 * SENDERS + 2000 };
    struct source_message message, wanted;
    struct source_fault fault;
    struct recorder_state state;
    char name[32];
    path_in_folder(path, "senders.mcap");
    struct recorder *recorder = recorder_open(&(struct recorder_options){.path = path, .context = "many", .compression = MCAP_LZ4}, &fault);
    cr_assert_not_null(recorder, "%s", fault.text);
    for (unsigned i = 0; i < MESSAGES; i++) {
        message_of(i, &message, name);
        cr_assert(recorder_add(recorder, &message));
    }
    recorder_close(recorder, &state);
    cr_assert(state.end == RECORDER_GOES_ON && state.messages == MESSAGES, "%s", state.text);
    struct source *source = source_open_file(path, &fault);
    for (unsigned i = 0; i < MESSAGES; i++) {
        cr_assert_eq(source_next(source, &message), SOURCE_OK, "message %u", i);
        message_of(i, &wanted, name);
        const char *what = tape_differs(&wanted, &message);
        cr_assert_null(what, "message %u has another %s", i, what);
    }
    cr_assert_eq(source_next(source, &message), SOURCE_END);
    source_close(source);
    shown_by_cat(MESSAGES);
    (void)unlink(path);
}
