/* What a recording of sctx has that MCAP has no place for: the bus's 64-bit seqs, causes, who sent, and what was missed. Other readers skip it, and see
 * the messages all the same. docs/recording.md describes the whole file.
 *
 *   Header        profile "sctx"
 *   Channel       one for each topic, encoding, schema and sender; metadata: sctx:encoding, sctx:sender, sctx:marker and so on
 *   Message       log_time = publish_time = when it was published; sequence: the low 32 bits of its seq
 *   0x80 Sheet    directly before each Chunk: an entry for each of its messages, in their order
 *   0x81 Index    the last record of the data section: where the Sheets are, and which seqs they have
 *   Metadata      "sctx", at the beginning: the context; "sctx:end", at the end: where the Index is, what was lost
 *
 * Everything is little-endian, as in MCAP. A Sheet's body:
 *
 *   u32 crc            CRC-32 of all that follows
 *   u32 format         1
 *   u64 chunk_length   of the Chunk behind it, with its head: a Sheet that stands before another chunk is not used
 *   u64 first, end     seqs: first to end - 1
 *   u32 count          messages
 *   u32 senders        u32 join, u32 pid, u8 length, name, of each; length 0: the channel says the name
 *   u32 losses         u32 place, u64 lost, u64 gone, of each: missed before message number `place`; count: behind the last one
 *   entries            a byte of enum entry_bits for each message, and behind each what the bits ask for, as varints (LEB128):
 *                      the sender's number unless SAME_SENDER, the seq's distance from the one before (zigzag) unless NEXT_SEQ,
 *                      the distance from the cause to the seq (zigzag) with CAUSE
 *
 * An Index's body: u32 crc, u32 format, u32 count, then of each Sheet u64 offset, u64 chunk_offset, u64 first, u64 end. */
#ifndef SCTX_INSPECT_RECORDING_H
#define SCTX_INSPECT_RECORDING_H
#include "mcap.h"
#include "mcap_buffer.h"

#define RECORDING_SHEET 0x80u
#define RECORDING_INDEX 0x81u
#define RECORDING_FORMAT 1u
#define RECORDING_PROFILE "sctx"
#define RECORDING_END "sctx:end" /* the last Metadata */

/* What a Sheet says of one message. */
struct recording_entry {
    uint64_t seq, cause; /* cause: with has_cause */
    uint64_t lost, gone; /* missed before it */
    uint32_t join, pid;
    bool has_cause, cause_is_explicit, is_sample;
    uint8_t name_len; /* 0: the channel says the sender's name */
    const char *name; /* not NUL-terminated */
};

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

struct recording_sender {
    uint32_t join, pid, at; /* at: in `who` */
};

/* A Sheet that is gathered. All zeros is an empty one. */
struct recording_sheet {
    struct mcap_buffer entries, losses, who, body; /* who: the senders as they are written */
    struct recording_sender senders[256];          /* in the order in which they came; more of them make a new chunk */
    uint32_t sender_count, loss_count, count;
    uint32_t last_sender;
    uint64_t first, end, last_seq;
};

/* Has it no room for one more sender? Then it has to be written first. */
bool recording_sheet_is_full(const struct recording_sheet *sheet);
/* false: no memory. */
bool recording_sheet_add(struct recording_sheet *sheet, const struct recording_entry *entry);
/* What was missed behind the last message. */
bool recording_sheet_add_loss(struct recording_sheet *sheet, uint64_t lost, uint64_t gone);
/* The body, until the sheet is cleared; data NULL: no memory. */
struct mcap_str recording_sheet_body(struct recording_sheet *sheet, uint64_t chunk_length);
void recording_sheet_clear(struct recording_sheet *sheet);
void recording_sheet_free(struct recording_sheet *sheet);

struct recording_place {
    uint64_t offset, chunk_offset; /* of the Sheet and of its Chunk, in the file */
    uint64_t first, end;           /* seqs */
};
/* An Index's body, to be freed with mcap_buffer_free(). false: no memory. */
bool recording_index_body(const struct recording_place *places, size_t count, struct mcap_buffer *body);

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

/* A Sheet that is read, entry by entry. It points into the body. */
struct recording_cursor {
    const uint8_t *at, *end, *losses;
    const uint8_t *senders[256];
    uint32_t sender_count, loss_count, count, done;
    uint32_t next_loss, sender;
    uint64_t seq, chunk_length, first, seq_end;
};

/* NULL: it is sound as far as its head and CRC go; else what is wrong with it, in words. */
const char *recording_sheet_read(struct mcap_str body, struct recording_cursor *cursor);
/* false: there is no more, or what is there is not sound. */
bool recording_sheet_next(struct recording_cursor *cursor, struct recording_entry *entry);
/* After the last entry: what was missed behind it. */
void recording_sheet_rest(struct recording_cursor *cursor, uint64_t *lost, uint64_t *gone);

/* Number of places, SIZE_MAX: it is not sound. */
size_t recording_index_count(struct mcap_str body);
struct recording_place recording_index_place(struct mcap_str body, size_t i);

/* ---- encodings -------------------------------------------------------------------------------------------------------------- */

/* Encodings are written under the names that MCAP's registry has for them, as far as it has one; the bus's own one goes along as metadata. */
struct mcap_str recording_message_encoding(const char *encoding);
/* Of a topic with that encoding: "protobuf", "jsonschema", "struct-layout"; "" otherwise. */
struct mcap_str recording_schema_encoding(const char *encoding);
/* The kind that decoders know, of a Schema's encoding: "protobuf-fds" for "protobuf"; NULL: none. */
const char *recording_schema_kind(struct mcap_str schema_encoding);

#endif
