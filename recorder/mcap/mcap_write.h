/* Writes an MCAP file, from the first byte to the last.
 *
 *   mcap_writer_open()                        magic, Header
 *   mcap_writer_schema(), _channel()          before the first message that needs them
 *   mcap_writer_message() ...                 gathered; a chunk is written when it is full, or by mcap_writer_flush()
 *   mcap_writer_attachment(), _metadata(), _private()
 *   mcap_writer_finish()                      last chunk, DataEnd, summary, Footer, magic
 *   mcap_writer_free()
 *
 * If the process dies or the disk is full: everything up to the last chunk that was written whole can be read (mcap_read.h). So how much is lost is how
 * much is gathered: call mcap_writer_flush() every so often.
 *
 * After an error of the sink (MCAP_IO) nothing is written any more, and every call returns that error again; a call that fails otherwise changed
 * nothing. mcap_writer_error() has the words.
 *
 * [one thread at a time; may block as the sink does] */
#ifndef MCAP_WRITE_H
#define MCAP_WRITE_H
#include "mcap_pack.h"
#include "mcap_sink.h"

#define MCAP_CHUNK_BYTES (UINT32_C(1) << 20) /* of records in a chunk, if nothing else is asked for */

struct mcap_writer;

struct mcap_writer_options {
    struct mcap_str profile, library; /* spec: "Header"; copied */
    enum mcap_compression compression;
    int level;          /* mcap_compress.h; 0: the usual one */
    uint32_t flags;     /* enum mcap_write_flags */
    size_t chunk_bytes; /* 0: MCAP_CHUNK_BYTES; a message that is larger gets a chunk of its own */
    /* NULL, or called when a chunk is ready and not written yet: what is to be written directly before it, mcap_writer_private() writes; nothing else of the writer may be called. Returns MCAP_OK,
     * or a status with which the writing of the chunk fails. */
    enum mcap_status (*before_chunk)(void *context, struct mcap_writer *writer, const struct mcap_packed *packed);
    void *context;
};

/* Writes magic and Header. NULL: *error says why. Nothing has to be freed then. */
struct mcap_writer *mcap_writer_open(struct mcap_sink sink, const struct mcap_writer_options *options, struct mcap_error *error);

/* Ids are the caller's choice. The same once more changes nothing. Errors: MCAP_WRONG_CALL (id 0 for a schema; the id stands for something else; a
 * channel's schema was not added), MCAP_LIMIT, MCAP_MEMORY, MCAP_IO. */
enum mcap_status mcap_writer_schema(struct mcap_writer *writer, const struct mcap_schema *schema);
enum mcap_status mcap_writer_channel(struct mcap_writer *writer, const struct mcap_channel *channel);

/* Copied. In any order of time. Errors: MCAP_WRONG_CALL (the channel was not added), MCAP_LIMIT (MCAP_BATCH_MAX), MCAP_MEMORY, MCAP_IO. */
enum mcap_status mcap_writer_message(struct mcap_writer *writer, const struct mcap_message *message);

/* Writes what was gathered, if there is anything. Errors: MCAP_MEMORY, MCAP_IO, and what before_chunk() returned; what was gathered stays then. */
enum mcap_status mcap_writer_flush(struct mcap_writer *writer);

/* Writes what was gathered, then a chunk that was packed elsewhere by a packer with the same flags; of an empty one nothing. Schemas and channels that are in it count as added. Errors: MCAP_WRONG_CALL (a message's channel was not added; an id stands for something
 * else already), MCAP_MEMORY, MCAP_IO, and what before_chunk() returned. */
enum mcap_status mcap_writer_put(struct mcap_writer *writer, const struct mcap_packed *packed);

/* Written at once, before what is gathered. opcode: MCAP_PRIVATE to 255, else MCAP_WRONG_CALL. */
enum mcap_status mcap_writer_private(struct mcap_writer *writer, uint8_t opcode, struct mcap_str body);
enum mcap_status mcap_writer_attachment(struct mcap_writer *writer,
                                        const struct mcap_attachment *attachment); /* its crc is made, not taken */
enum mcap_status mcap_writer_metadata(struct mcap_writer *writer, const struct mcap_metadata *metadata);

/* The rest of the file. Afterwards only mcap_writer_stats(), _error() and _free() may be called. Does not fsync(). */
enum mcap_status mcap_writer_finish(struct mcap_writer *writer);

struct mcap_writer_stats {
    uint64_t bytes;        /* in the file; all of them whole records */
    uint64_t record_bytes; /* of all batches, uncompressed, with what is gathered */
    uint64_t messages;     /* with those that are gathered */
    uint64_t chunks;
    uint64_t gathered_messages, gathered_bytes; /* not written yet */
    uint64_t start, end;                        /* log times of what is written; 0 without messages */
};
void mcap_writer_stats(const struct mcap_writer *writer, struct mcap_writer_stats *stats);

/* Why the last call failed; belongs to the writer. */
const struct mcap_error *mcap_writer_error(const struct mcap_writer *writer);

/* What is gathered and was not written is lost. NULL is allowed. */
void mcap_writer_free(struct mcap_writer *writer);

#endif
