/* The topics of recordings that others made: how many there are, and what they share. */
#include "mcap_write.h"
#include "tape.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[PATH_ROOM];
static int fd;
static struct mcap_writer *writer;

static void begin(void) {
    struct mcap_error error;
    path_in_folder(path, "topics.mcap");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    writer = mcap_writer_open(mcap_sink_fd(&fd), &(struct mcap_writer_options){.compression = MCAP_LZ4}, &error);
    cr_assert_not_null(writer, "%s", error.text);
}

static void put_schema(uint16_t id, const char *data, size_t len) {
    const struct mcap_schema schema = {id, mcap_text("Type"), mcap_text("jsonschema"), {data, len}};
    cr_assert_eq(mcap_writer_schema(writer, &schema), MCAP_OK);
}

/* A channel with a message. */
static void put(uint16_t id, const char *topic, uint16_t schema) {
    const struct mcap_channel channel = {id, schema, {topic, strlen(topic)}, mcap_text("json"), {0}};
    const struct mcap_message message = {id, id, id, id, mcap_text("{}")};
    cr_assert(mcap_writer_channel(writer, &channel) == MCAP_OK && mcap_writer_message(writer, &message) == MCAP_OK);
}

static struct source *finish(void) {
    struct source_fault fault;
    cr_assert_eq(mcap_writer_finish(writer), MCAP_OK);
    mcap_writer_free(writer);
    (void)close(fd);
    struct source *source = source_open_file(path, &fault);
    cr_assert_not_null(source, "%s", fault.text);
    return source;
}

static void end(void) {
    (void)unlink(path);
}

TestSuite(recording_topics, .init = begin, .fini = end, .timeout = 60);

/* A megabyte for each of them would be a lot. */
Test(recording_topics, a_schema_is_kept_once_for_all_topics_that_have_it) {
    enum { TOPICS = 3000 };
    static char schema[SCTX_SCHEMA_MAX];
    struct source_message message;
    char name[32];
    memset(schema, 's', sizeof schema);
    put_schema(1, schema, sizeof schema);
    for (uint16_t id = 1; id <= TOPICS; id++) {
        (void)snprintf(name, sizeof name, "topic %u", id);
        put(id, name, 1);
    }
    struct source *source = finish();
    for (unsigned i = 0; i < TOPICS; i++) {
        cr_assert(source_next(source, &message) == SOURCE_OK && message.topic->id == i);
        cr_assert(message.topic->schema_len == sizeof schema && message.topic->schema == source_topic(source, 0)->schema);
    }
    cr_assert(memcmp(message.topic->schema, schema, sizeof schema) == 0);
    /* Read anew, from another place in memory, they are the same topics. */
    cr_assert_eq(source_seek_time(source, 0), SOURCE_OK);
    for (unsigned i = 0; i < TOPICS; i++) cr_assert(source_next(source, &message) == SOURCE_OK && message.topic->id == i);
    cr_assert_null(source_topic(source, TOPICS));
    source_close(source);
}

Test(recording_topics, as_many_as_there_are_ids) {
    enum { TOPICS = 65535 };
    struct source_message message;
    char name[32];
    for (unsigned id = 0; id < TOPICS; id++) {
        (void)snprintf(name, sizeof name, "%u", id);
        put((uint16_t)id, name, 0);
    }
    struct source *source = finish();
    for (unsigned i = 0; i < TOPICS; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        cr_assert(source_next(source, &message) == SOURCE_OK && message.topic->id == i && strcmp(message.topic->name, name) == 0);
    }
    cr_assert_eq(source_next(source, &message), SOURCE_END);
    source_close(source);
}

Test(recording_topics, channels_share_a_topic_unless_it_says_something_else) {
    static const unsigned wanted[] = {0, 0, 0, 1, 2, 3};
    struct source_message message;
    put_schema(1, "{}", 2);
    put_schema(2, "{}", 2);
    put_schema(3, "[]", 2);
    put(1, "t", 1);
    put(2, "t", 1);
    put(3, "t", 2); /* another id, the same text */
    put(4, "t", 3);
    put(5, "t", 0);
    put(6, "u", 1);
    struct source *source = finish();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_assert(source_next(source, &message) == SOURCE_OK && message.topic->id == wanted[i], "message %zu", i);
    cr_assert_eq(source_next(source, &message), SOURCE_END);
    source_close(source);
}
