/* Writes a file, and says what is in it: `mcapmake COMPRESSION FLAGS CHUNK_BYTES FILE` prints each message, attachment, piece of metadata and private
 * record as it hands it to the writer, a line of JSON each (lines.h). FLAGS: enum mcap_write_flags, as a number. */
#include "lines.h"
#include "mcap_emit.h"
#include "mcap_write.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 600 };

static void say(const struct mcap_record *record) {
    line_print(stdout, record);
}

static void must(struct mcap_writer *writer, enum mcap_status status) {
    if (status == MCAP_OK) return;
    (void)fprintf(stderr, "%s\n", mcap_writer_error(writer)->text);
    exit(1);
}

static enum mcap_status before_chunk(void *context, struct mcap_writer *writer, const struct mcap_packed *packed) {
    char body[64];
    int *number = context;
    int len = snprintf(body, sizeof body, "chunk %d of %llu bytes", ++*number, (unsigned long long)packed->chunk_length);
    const struct mcap_record record = {.opcode = 0x93, .body = {body, (size_t)len}};
    say(&record);
    return mcap_writer_private(writer, record.opcode, record.body);
}

static void define(struct mcap_writer *writer) {
    struct mcap_buffer map = {0};
    const struct mcap_schema schemas[] = {
        {1, mcap_text("shop.Order"), mcap_text("jsonschema"), mcap_text("{\"type\":\"object\"}")},
        {700, mcap_text("empty"), mcap_text(""), {0}},
    };
    for (int i = 0; i < 2; i++) must(writer, mcap_writer_schema(writer, &schemas[i]));
    if (!mcap_map_add(&map, mcap_text("sender"), mcap_text("till")) ||
        !mcap_map_add(&map, mcap_text("w\303\266rter"), mcap_text("\"quoted\"\n")))
        exit(1);
    const struct mcap_channel channels[] = {
        {0, 1, mcap_text("shop/order"), mcap_text("json"), mcap_map_of(&map)},
        {5, 0, mcap_text("log"), mcap_text(""), {0}},
        {65535, 700, mcap_text("\303\251t\303\251"), mcap_text("cbor"), {0}},
        {9, 0, mcap_text("never/used"), mcap_text("text"), {0}},
    };
    for (int i = 0; i < 4; i++) must(writer, mcap_writer_channel(writer, &channels[i]));
    mcap_buffer_free(&map);
}

/* Times go back and forth by more than a chunk is long, and no two are the same. */
static uint64_t time_of(unsigned i) {
    return UINT64_C(1795600000000000000) + (i * 7919u % 1009u) * UINT64_C(1000000) + i;
}

static void write_message(struct mcap_writer *writer, unsigned i) {
    static const uint16_t ids[] = {0, 5, 65535};
    char data[400];
    size_t len = i % 11 == 0 ? 0 : i * 37 % sizeof data;
    for (size_t at = 0; at < len; at++) data[at] = (char)(at % 7 == 0 ? i * 31 + at : '0' + at % 10);
    const struct mcap_record record = {.opcode = MCAP_MESSAGE,
                                       .content.message = {.channel_id = ids[i % 3],
                                                           .sequence = i == 17 ? UINT32_MAX : i,
                                                           .log_time = time_of(i),
                                                           .publish_time = i % 5 == 0 ? UINT64_MAX - i : time_of(i) - 5,
                                                           .data = {data, len}}};
    say(&record);
    must(writer, mcap_writer_message(writer, &record.content.message));
}

static void write_others(struct mcap_writer *writer) {
    struct mcap_buffer map = {0};
    const struct mcap_record attachments[] = {
        {.opcode = MCAP_ATTACHMENT, .content.attachment = {1, 2, mcap_text("a.txt"), mcap_text("text/plain"), mcap_text("attached"), 0}},
        {.opcode = MCAP_ATTACHMENT, .content.attachment = {UINT64_MAX, 0, mcap_text(""), mcap_text(""), {0}, 0}},
    };
    for (int i = 0; i < 2; i++) {
        say(&attachments[i]);
        must(writer, mcap_writer_attachment(writer, &attachments[i].content.attachment));
    }
    if (!mcap_map_add(&map, mcap_text("host"), mcap_text("till-7")) || !mcap_map_add(&map, mcap_text(""), mcap_text(""))) exit(1);
    const struct mcap_record metadata[] = {
        {.opcode = MCAP_METADATA, .content.metadata = {mcap_text("made"), mcap_map_of(&map)}},
        {.opcode = MCAP_METADATA, .content.metadata = {mcap_text("nothing"), {0}}},
    };
    for (int i = 0; i < 2; i++) {
        say(&metadata[i]);
        must(writer, mcap_writer_metadata(writer, &metadata[i].content.metadata));
    }
    mcap_buffer_free(&map);
}

int main(int argc, char **argv) {
    struct mcap_error error;
    int number = 0;
    if (argc != 5) return 2;
    struct mcap_writer_options options = {.profile = mcap_text("x-test"),
                                          .library = mcap_text("mcapmake"),
                                          .flags = (uint32_t)strtoul(argv[2], NULL, 0),
                                          .chunk_bytes = strtoul(argv[3], NULL, 10),
                                          .before_chunk = before_chunk,
                                          .context = &number};
    if (!mcap_compression_of(mcap_text(strcmp(argv[1], "none") == 0 ? "" : argv[1]), &options.compression)) return 2;
    int fd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct mcap_writer *writer = fd >= 0 ? mcap_writer_open(mcap_sink_fd(&fd), &options, &error) : NULL;
    if (writer == NULL) return 1;
    define(writer);
    for (unsigned i = 0; i < MESSAGES; i++) {
        write_message(writer, i);
        if (i == MESSAGES / 2) write_others(writer);
        if (i % 250 == 249) must(writer, mcap_writer_flush(writer));
    }
    must(writer, mcap_writer_finish(writer));
    mcap_writer_free(writer);
    return 0;
}
