/* A batch becomes the bytes of a Chunk and its MessageIndexes: indexed, compressed, summed. This is where a writer's time goes, so it can be done on a
 * thread of its own: a packer belongs to one thread, what it made to whoever has it. */
#ifndef MCAP_PACK_H
#define MCAP_PACK_H
#include "mcap_batch.h"
#include "mcap_compress.h"
#include "mcap_error.h"

/* What a file is to be without. 0 is a file with everything in it, which is what readers like best. */
enum mcap_write_flags {
    MCAP_UNCHUNKED = 1 << 0,        /* messages lie in the data section itself: neither compressed nor indexed */
    MCAP_NO_MESSAGE_INDEX = 1 << 1, /* "..." of the spec's names, each for each */
    MCAP_NO_CHUNK_INDEX = 1 << 2,
    MCAP_NO_SUMMARY_SCHEMAS = 1 << 3, /* not repeated in the summary */
    MCAP_NO_SUMMARY_CHANNELS = 1 << 4,
    MCAP_NO_STATISTICS = 1 << 5,
    MCAP_NO_SUMMARY_OFFSETS = 1 << 6,
    MCAP_NO_ATTACHMENT_INDEX = 1 << 7,
    MCAP_NO_METADATA_INDEX = 1 << 8,
    MCAP_NO_CHUNK_CRC = 1 << 9,
    MCAP_NO_DATA_CRC = 1 << 10,
    MCAP_NO_SUMMARY_CRC = 1 << 11,
    MCAP_NO_ATTACHMENT_CRC = 1 << 12,
    MCAP_CHUNKS_ALONE =
        1 << 13 /* not without, but more: each chunk begins with the schemas and channels that it needs, so that it can be read
                                          when all chunks before it are damaged */
};

struct mcap_packer {
    enum mcap_compression compression;
    int level;      /* mcap_compress.h */
    uint32_t flags; /* enum mcap_write_flags */
    struct mcap_codec codec;
    uint32_t *slots; /* by channel: where it is in mcap_packed.channels, plus 1 */
};

struct mcap_packed_channel {
    uint16_t id;
    uint64_t messages;
    uint64_t index_off; /* of its MessageIndex, from the chunk's first byte */
    size_t next;
};

/* All zeros is an empty one, to be used again and again. To be read only. */
struct mcap_packed {
    bool is_chunk; /* false with MCAP_UNCHUNKED: there is neither a head nor an index */
    struct mcap_chunk
        chunk; /* chunk.records: what is written; uncompressed, they still lie in the batch, which has to stay as it is until then */
    uint64_t chunk_length; /* bytes of the Chunk record */
    uint64_t messages;
    struct mcap_packed_channel *channels;
    size_t channel_count, channel_capacity;
    struct mcap_buffer head, body, index; /* head, chunk.records and index are written one after the other */
    struct mcap_buffer definitions;       /* the Schemas and Channels among the records */
    uint32_t crc;                         /* of all that is written */
};

/* MCAP_OK or MCAP_MEMORY. */
enum mcap_status mcap_pack(struct mcap_packer *packer, const struct mcap_batch *batch, struct mcap_packed *packed,
                           struct mcap_error *error);

/* A chunk that a reader gave, with its uncompressed records, to be written as it is: its bytes stay the same, it is indexed anew. The chunk has to stay
 * until it is written. MCAP_OK, MCAP_MEMORY; MCAP_FORMAT: those are no sound records. */
enum mcap_status mcap_pack_again(struct mcap_packer *packer, const struct mcap_chunk *chunk, struct mcap_str records,
                                 struct mcap_packed *packed, struct mcap_error *error);

void mcap_packer_free(struct mcap_packer *packer);
void mcap_packed_free(struct mcap_packed *packed);

#endif
