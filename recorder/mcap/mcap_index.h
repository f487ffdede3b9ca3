/* A file that can be read anywhere: what its summary says of it, and any part of it on request. mcap_query.h gives its messages.
 *
 * Only what can be looked up is held in memory: schemas, channels, and where chunks, attachments and metadata lie. Chunks are read when they are asked
 * for. Where the summary is wrong (an offset that leads nowhere, a chunk that is not where it should be), that is told when it is met.
 *
 * The descriptor stays the caller's and must stay open; it is read with pread(), so where it stands does not matter. If the file is cut while it is open,
 * reads fail; nothing is mapped.
 *
 * [one thread at a time; may block as the disk does] */
#ifndef MCAP_INDEX_H
#define MCAP_INDEX_H
#include "mcap_compress.h"
#include "mcap_read.h"

#define MCAP_INDEX_MAX (UINT32_C(1) << 28) /* bytes of memory for what is looked up, if nothing else is asked for */

struct mcap_file;

enum mcap_scan {
    MCAP_SCAN_NEVER, /* without a summary the file is not opened */
    MCAP_SCAN_IF_NEEDED, /* then it is read once from end to end, to find out what is in it: files that are cut, damaged, or without chunks, too */
    MCAP_SCAN_ALWAYS /* whatever the summary says */
};

struct mcap_file_options {
    size_t record_max, definitions_max; /* mcap_read.h */
    size_t index_max;                   /* 0: MCAP_INDEX_MAX */
    enum mcap_scan scan;
    bool resync; /* when scanning: mcap_read.h */
};

/* Where messages are: a chunk, or a stretch of messages in the data section of a file without chunks. */
struct mcap_chunk_place {
    uint64_t offset, length; /* in the file */
    uint64_t start, end;     /* log times, as the file says */
    uint64_t size;           /* uncompressed, as the file says */
    uint64_t message_index;  /* where its MessageIndexes are, `message_index_length` bytes; 0: not known */
    uint64_t message_index_length;
    uint32_t channels, channel_count; /* mcap_file_chunk_channel(); none: not known */
    bool is_chunk;
    bool has_messages; /* false: certainly none */
};

/* Errors, in *error: MCAP_NO_SUMMARY (may be scanned), MCAP_FORMAT and MCAP_CRC (also: the summary is damaged, and the file may be scanned),
 * MCAP_LIMIT, MCAP_IO (also: a pipe), MCAP_MEMORY. NULL then. */
struct mcap_file *mcap_file_open(int fd, const struct mcap_file_options *options, struct mcap_error *error);

/* All of these belong to the file, and stay until it is closed. */
const struct mcap_header *mcap_file_header(const struct mcap_file *file);
const struct mcap_statistics *mcap_file_statistics(const struct mcap_file *file); /* NULL: the file has none */
const struct mcap_account *mcap_file_account(const struct mcap_file *file);       /* of the scan; NULL: it was not scanned */

/* The chunks in the order of the file. */
const struct mcap_chunk_place *mcap_file_chunks(const struct mcap_file *file, size_t *count);
/* The i-th of the channels that have messages in a chunk, i < place->channel_count. */
uint16_t mcap_file_chunk_channel(const struct mcap_file *file, const struct mcap_chunk_place *place, uint32_t i);

/* Least and largest log time. False: there is no message, as far as is known. */
bool mcap_file_times(const struct mcap_file *file, uint64_t *start, uint64_t *end);

/* NULL: there is no such one. All ids below `mcap_file_id_end()` are worth trying. */
const struct mcap_schema *mcap_file_schema(const struct mcap_file *file, uint16_t id);
const struct mcap_channel *mcap_file_channel(const struct mcap_file *file, uint16_t id);
uint32_t mcap_file_id_end(const struct mcap_file *file);

/* Attachments, metadata, and private records that a scan found or the summary names: mcap_file_record() reads them. */
struct mcap_record_place {
    uint64_t offset, length;
    uint8_t opcode; /* of the record itself */
};
const struct mcap_record_place *mcap_file_records(const struct mcap_file *file, size_t *count);

/* The record at an offset, checked as mcap_reader_next() does; a Chunk with its records. It stays until the next call of this one. Errors as there,
 * MCAP_LOST not among them; MCAP_CUT: there is no whole record. */
enum mcap_status mcap_file_record(struct mcap_file *file, uint64_t offset, struct mcap_record *record, struct mcap_error *error);

/* The message at an offset among the records of a chunk (that is what a MessageIndex holds). chunk_offset 0: at an offset in the file. The same. */
enum mcap_status mcap_file_message(struct mcap_file *file, uint64_t chunk_offset, uint64_t offset, struct mcap_record *record,
                                   struct mcap_error *error);

void mcap_file_close(struct mcap_file *file); /* NULL is allowed; leaves the descriptor open */

/* For mcap_query.h: the records of a place into a buffer, uncompressed and checked. *records points into one of the two. */
enum mcap_status mcap_file_load(struct mcap_file *file, const struct mcap_chunk_place *place, struct mcap_buffer *raw,
                                struct mcap_buffer *space, struct mcap_str *records, struct mcap_error *error);

#endif
