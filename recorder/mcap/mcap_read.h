/* Reads an MCAP file from its first byte to its last, as it comes: from a pipe, while it is still being written, cut, damaged, without a summary. What is
 * whole is given in the order of the file; what is not is told and left out:
 *
 *   while ((status = mcap_reader_next(reader, &record)) >= 0 && status != MCAP_END) {
 *       if (status == MCAP_LOST) ... mcap_reader_error(reader)->text ... and go on
 *       else if (record.opcode == MCAP_MESSAGE) ... record.content.message, record.channel ...
 *   }
 *
 * That is all that is needed to save a damaged file, too: write again what comes (mcap_pack_again() for whole chunks, with what stands before them), and
 * mcap_reader_account() says what was lost. A file that says everything is fine ends with `is_complete` and nothing lost.
 *
 * Memory is bounded by what the options say, whatever the file claims, and grows only as bytes arrive.
 *
 * [one thread at a time; may block as the source does] */
#ifndef MCAP_READ_H
#define MCAP_READ_H
#include "mcap_source.h"

#define MCAP_RECORD_MAX (UINT32_C(1) << 28)      /* bytes of one record, if nothing else is asked for */
#define MCAP_DEFINITIONS_MAX (UINT32_C(1) << 26) /* of all schemas and channels together */

struct mcap_reader;

struct mcap_reader_options {
    uint64_t at;       /* where in the file the source begins; if not 0, that is with a record: neither magic nor Header are expected */
    bool is_summary;   /* with `at`: that record is in the summary section */
    size_t record_max; /* bytes of one record, and of a chunk's records once more; 0: MCAP_RECORD_MAX */
    size_t definitions_max; /* of all schemas and channels; 0: MCAP_DEFINITIONS_MAX */
    bool resync; /* Where no record can be read (it claims to be longer than allowed or than the file, or is none), look for the next whole
                               Chunk, byte by byte. Not by default: a file that is cut within an attachment which is itself an MCAP file would go on
                               with that one's chunks. */
};

struct mcap_record {
    uint8_t opcode;     /* private and unknown ones are given, too: `body` is all that is known of them */
    bool in_chunk;      /* then `offset` is that of the Chunk, which was given before */
    bool in_summary;    /* behind DataEnd: Schemas and Channels there repeat others */
    uint64_t offset;    /* in the file */
    uint64_t chunk_off; /* with in_chunk: of the record, among the chunk's uncompressed ones */
    struct mcap_str body;
    union mcap_content content;
    const struct mcap_channel *channel; /* of a Message; else NULL. Stays until the reader is freed */
    struct mcap_str records;            /* of a Chunk: uncompressed, checked. They come one by one afterwards */
};

/* Reads nothing yet. NULL: no memory. */
struct mcap_reader *mcap_reader_open(struct mcap_source source, const struct mcap_reader_options *options);

/* MCAP_OK: *record is the next one, and what it points to stays until the next call.
 * MCAP_END: the file is at its end; mcap_reader_account() says whether that is where it should end.
 * MCAP_LOST: something was left out, mcap_reader_error() says what. Each damaged or cut record, each chunk as a whole, each channel id that no
 *     Channel belongs to (once; its messages are counted), each checksum that is wrong. The next call goes on.
 * Negative: it cannot go on, and says the same again. MCAP_IO; MCAP_MEMORY; MCAP_FORMAT: this is no MCAP file. */
enum mcap_status mcap_reader_next(struct mcap_reader *reader, struct mcap_record *record);

/* After a Chunk was given: its records are not wanted one by one. Their Schemas and Channels are learned all the same. */
void mcap_reader_pass(struct mcap_reader *reader);

struct mcap_account {
    uint64_t bytes;            /* of the file, that were read */
    uint64_t records;          /* given, with those in chunks */
    uint64_t messages, chunks; /* given; messages of chunks that were passed, too */
    uint64_t lost_bytes;       /* of records that were left out, as they lie in the file */
    uint64_t lost_records;     /* left out, chunks among them */
    uint64_t lost_chunks;
    uint64_t
        lost_messages; /* as far as the MessageIndexes behind a lost chunk tell; messages outside of chunks; and those of unknown channels */
    uint64_t untold_chunks; /* lost chunks without a MessageIndex: how many messages they had, nothing tells */
    bool is_cut;            /* the file ends within a record, or before its Footer */
    bool is_complete;       /* Footer and magic were there */
};
const struct mcap_account *mcap_reader_account(const struct mcap_reader *reader);

/* Why the last call did not return MCAP_OK; belongs to the reader. */
const struct mcap_error *mcap_reader_error(const struct mcap_reader *reader);

/* What is known so far. NULL: no such one. */
const struct mcap_schema *mcap_reader_schema(const struct mcap_reader *reader, uint16_t id);
const struct mcap_channel *mcap_reader_channel(const struct mcap_reader *reader, uint16_t id);

void mcap_reader_free(struct mcap_reader *reader); /* NULL is allowed */

#endif
