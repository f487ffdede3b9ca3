/* Files in memory, made by hand from the specification or by the writer. */
#ifndef SCTX_TESTS_MCAP_RIG_H
#define SCTX_TESTS_MCAP_RIG_H
#include "mcap_buffer.h"
#include "mcap_query.h"
#include "mcap_write.h"

/* By hand: a record of that opcode, its body as `format` says: 1 2 4 8 a number (uint64_t) of so many bytes; s a text (const char *), b bytes (const void *,
 * size_t), each with its length in 4 bytes before it; L bytes with their length in 8 bytes; r bytes as they are; l a length (uint64_t) in 4 bytes. */
void hand(struct mcap_buffer *to, unsigned opcode, const char *format, ...);
void hand_magic(struct mcap_buffer *to);
/* What ends a file: DataEnd, Footer and magic, without checksums; a summary that begins at summary_start (0: none) has been written before. */
void hand_end(struct mcap_buffer *to, uint64_t summary_start);
/* An uncompressed Chunk; crc 0: none. */
void hand_chunk(struct mcap_buffer *to, const char *compression, uint64_t size, uint32_t crc, const void *records, size_t len);

/* To memory: all that is written, or an errno from a byte on. */
struct memory {
    struct mcap_buffer bytes;
    size_t fail_at; /* 0: never. What fits before it is written, as a disk that is full does */
    int fail_with;
};
struct mcap_sink memory_sink(struct memory *memory);

/* From memory, at most `step` bytes at once (0: all). */
struct from {
    const uint8_t *data;
    size_t len, at, step;
    int fail_with; /* at the end, a negative errno; 0: it ends */
};
struct mcap_source from_source(struct from *from);

int file_with(const void *data, size_t len); /* a descriptor; ends the test if there is none */

/* The sample: messages 0, 1, 2, ... on channels 1, 2 and 3 in turn, whose data and times follow from their sequence. */
uint64_t sample_time(unsigned i);
size_t sample_len(unsigned i);
bool sample_is_right(const struct mcap_message *message);
void sample_define(struct mcap_writer *writer);
void sample_message(struct mcap_message *message, unsigned i, char data[static 256]);
/* A whole file of them. `count` messages; options may be NULL. */
void sample(struct memory *to, const struct mcap_writer_options *options, unsigned count);

/* All that a reader says about so many bytes. */
struct told {
    struct mcap_account account;
    unsigned messages, wrong_messages, lost_events;
    uint8_t opcodes[256]; /* how many of each, up to 255 */
    enum mcap_status end; /* MCAP_END, or what it could not go on with */
    struct mcap_error first; /* the first thing that was lost, or the error */
    uint64_t sequence_sum;
};
void tell(struct told *told, const void *data, size_t len, const struct mcap_reader_options *options);

/* Ends the test if a text does not hold a part. */
void must_say(const char *text, const char *part);
#endif
