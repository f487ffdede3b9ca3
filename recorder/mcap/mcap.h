/* MCAP as the specification has it (https://mcap.dev/spec): the records, as they are handed to the writer and given by the readers.
 *
 *   file    = magic, Header, data section, DataEnd, [summary section], [summary offset section], Footer, magic
 *   record  = opcode (1 byte), length of the body (8 bytes), body
 *   chunk   = a record whose body holds other records (Schema, Channel, Message), compressed or not
 *
 * Everything is little-endian, times are nanoseconds since 1970, offsets are bytes from the start of the file. An offset or a length of a record
 * counts its nine bytes of opcode and length, too.
 *
 * What is where: mcap_write.h writes a file; mcap_read.h reads records one after the other, from a pipe or a damaged file too; mcap_index.h opens a
 * file by its summary; mcap_query.h gives the messages of such a file in the order of time. mcap_batch.h, mcap_pack.h: for writers that use more than
 * one thread.
 *
 * Nothing here prints, ends the process, or has state beside what is passed. An object belongs to one thread at a time; objects are independent. */
#ifndef MCAP_MCAP_H
#define MCAP_MCAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCAP_MAGIC "\x89MCAP0\r\n" /* spec: "Magic" */
#define MCAP_MAGIC_BYTES 8u
#define MCAP_HEAD_BYTES 9u          /* opcode and length, before each record's body */
#define MCAP_MESSAGE_HEAD_BYTES 22u /* of a Message's body, before its data */
#define MCAP_PRIVATE 0x80u          /* opcodes from here on are for whoever writes the file; readers skip those that they do not know */
#define MCAP_IDS 65536u             /* ids of channels and of schemas; 0 is no schema's */

/* spec: "Records" */
enum mcap_opcode {
    MCAP_HEADER = 0x01,
    MCAP_FOOTER,
    MCAP_SCHEMA,
    MCAP_CHANNEL,
    MCAP_MESSAGE,
    MCAP_CHUNK,
    MCAP_MESSAGE_INDEX,
    MCAP_CHUNK_INDEX,
    MCAP_ATTACHMENT,
    MCAP_ATTACHMENT_INDEX,
    MCAP_STATISTICS,
    MCAP_METADATA,
    MCAP_METADATA_INDEX,
    MCAP_SUMMARY_OFFSET,
    MCAP_DATA_END
};

/* Bytes that belong to somebody else: to the caller until the call returns, or to the reader until its next call. Not ended by a NUL. Texts should be
 * UTF-8; neither side checks it. */
struct mcap_str {
    const char *data; /* NULL only with len 0 */
    size_t len;
};
/* Of a C string. */
struct mcap_str mcap_text(const char *text);

/* Texts by texts, as they are encoded; { NULL, 0 } is empty. Readers give only maps that are sound; mcap_map_add() (mcap_emit.h) makes one. */
struct mcap_map {
    const uint8_t *data;
    size_t len;
};
/* Takes the first pair off the map. False: it is empty. */
bool mcap_map_next(struct mcap_map *map, struct mcap_str *key, struct mcap_str *value);

/* Ids with numbers (offsets, counts), as encoded: the same rules. */
struct mcap_counts {
    const uint8_t *data;
    size_t len;
};
bool mcap_counts_next(struct mcap_counts *counts, uint16_t *id, uint64_t *number);

struct mcap_header {
    struct mcap_str profile, library;
};
struct mcap_footer {
    uint64_t summary_start, summary_offset_start; /* 0: there is none */
    uint32_t summary_crc;                         /* this and every other crc: 0 is "not known" */
};
struct mcap_schema {
    uint16_t id; /* not 0 */
    struct mcap_str name, encoding, data;
};
struct mcap_channel {
    uint16_t id, schema_id; /* schema_id 0: none */
    struct mcap_str topic, message_encoding;
    struct mcap_map metadata;
};
struct mcap_message {
    uint16_t channel_id;
    uint32_t sequence;
    uint64_t log_time, publish_time;
    struct mcap_str data;
};
struct mcap_chunk {
    uint64_t start, end; /* log times of its first and last message; 0 if there are none */
    uint64_t uncompressed_size;
    uint32_t uncompressed_crc;
    struct mcap_str compression; /* "", "lz4" or "zstd" */
    struct mcap_str records;     /* as they are in the file */
};
struct mcap_message_index {
    uint16_t channel_id;
    struct mcap_str entries; /* 16 bytes each: log time, offset in the uncompressed chunk */
};
struct mcap_chunk_index {
    uint64_t start, end, chunk_offset, chunk_length;
    struct mcap_counts message_index_offsets; /* by channel, in the file; empty: not known */
    uint64_t message_index_length;
    struct mcap_str compression;
    uint64_t compressed_size, uncompressed_size;
};
struct mcap_attachment {
    uint64_t log_time, create_time;
    struct mcap_str name, media_type, data;
    uint32_t crc;
};
struct mcap_attachment_index {
    uint64_t offset, length, log_time, create_time, data_size;
    struct mcap_str name, media_type;
};
struct mcap_statistics {
    uint64_t messages;
    uint16_t schemas;
    uint32_t channels, attachments, metadata, chunks;
    uint64_t start, end;
    struct mcap_counts channel_messages;
};
struct mcap_metadata {
    struct mcap_str name;
    struct mcap_map metadata;
};
struct mcap_metadata_index {
    uint64_t offset, length;
    struct mcap_str name;
};
struct mcap_summary_offset {
    uint8_t group_opcode;
    uint64_t group_start, group_length;
};
struct mcap_data_end {
    uint32_t data_section_crc;
};

/* A record by its opcode. Of private and unknown ones nothing is in here. */
union mcap_content {
    struct mcap_header header;
    struct mcap_footer footer;
    struct mcap_schema schema;
    struct mcap_channel channel;
    struct mcap_message message;
    struct mcap_chunk chunk;
    struct mcap_message_index message_index;
    struct mcap_chunk_index chunk_index;
    struct mcap_attachment attachment;
    struct mcap_attachment_index attachment_index;
    struct mcap_statistics statistics;
    struct mcap_metadata metadata;
    struct mcap_metadata_index metadata_index;
    struct mcap_summary_offset summary_offset;
    struct mcap_data_end data_end;
};

/* "ChunkIndex"; "private record" and "unknown record" for others. */
const char *mcap_opcode_name(uint8_t opcode);

enum mcap_status {
    MCAP_OK = 0,
    MCAP_END = 1,  /* there is nothing more; no error */
    MCAP_LOST = 2, /* something in the file is damaged and was left out; the next call goes on behind it */

    MCAP_IO = -1,         /* reading or writing failed: os_error says how */
    MCAP_FORMAT = -2,     /* the file is not what the specification asks for */
    MCAP_CUT = -3,        /* the file ends too early */
    MCAP_CRC = -4,        /* a checksum is wrong */
    MCAP_LIMIT = -5,      /* larger than what the caller allows */
    MCAP_MEMORY = -6,     /* none left */
    MCAP_NO_SUMMARY = -7, /* nothing in the file leads to its messages: it can be read as a stream, or scanned */
    MCAP_WRONG_CALL = -8  /* the caller's mistake */
};

/* What went wrong. With MCAP_LOST, too: `status` is then the reason. */
struct mcap_error {
    enum mcap_status status;
    int os_error;    /* with MCAP_IO: an errno */
    uint8_t opcode;  /* of the record; 0: none in particular */
    uint64_t offset; /* in the file, of that record; of a chunk's first byte if it is within one */
    char text[256];  /* "at byte 1234, ChunkIndex: ..." and what helps; ASCII without control characters */
};

#endif
