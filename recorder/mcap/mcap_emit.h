/* Records appended to a buffer. False: no memory, or a text longer than the format can say (4 GiB); the buffer is as before. */
#ifndef MCAP_EMIT_H
#define MCAP_EMIT_H
#include "mcap.h"
#include "mcap_buffer.h"

bool mcap_emit_header(struct mcap_buffer *to, const struct mcap_header *header);
bool mcap_emit_footer(struct mcap_buffer *to, const struct mcap_footer *footer);
bool mcap_emit_schema(struct mcap_buffer *to, const struct mcap_schema *schema);
bool mcap_emit_channel(struct mcap_buffer *to, const struct mcap_channel *channel);
bool mcap_emit_chunk_index(struct mcap_buffer *to, const struct mcap_chunk_index *index);
bool mcap_emit_attachment_index(struct mcap_buffer *to, const struct mcap_attachment_index *index);
bool mcap_emit_statistics(struct mcap_buffer *to, const struct mcap_statistics *statistics);
bool mcap_emit_metadata(struct mcap_buffer *to, const struct mcap_metadata *metadata);
bool mcap_emit_metadata_index(struct mcap_buffer *to, const struct mcap_metadata_index *index);
bool mcap_emit_summary_offset(struct mcap_buffer *to, const struct mcap_summary_offset *offset);
bool mcap_emit_data_end(struct mcap_buffer *to, const struct mcap_data_end *end);

/* All of an Attachment but its data and its crc, which follow. attachment->crc is not looked at. */
bool mcap_emit_attachment_head(struct mcap_buffer *to, const struct mcap_attachment *attachment);
/* All of a Chunk but its records, which follow; chunk->records.data is not looked at. */
bool mcap_emit_chunk_head(struct mcap_buffer *to, const struct mcap_chunk *chunk);

/* Appends a pair to a map that a buffer holds; mcap_map_of() is that map, until the buffer changes. Keys should be unique: nothing here looks. */
bool mcap_map_add(struct mcap_buffer *map, struct mcap_str key, struct mcap_str value);
struct mcap_map mcap_map_of(const struct mcap_buffer *map);

/* The same for ids with numbers. */
bool mcap_counts_add(struct mcap_buffer *counts, uint16_t id, uint64_t number);
struct mcap_counts mcap_counts_of(const struct mcap_buffer *counts);

#endif
