#include "mcap_bytes.h"

#include <string.h>

struct mcap_str mcap_text(const char *text) {
    return (struct mcap_str){text, strlen(text)};
}

const char *mcap_opcode_name(uint8_t opcode) {
    static const char *const names[] = {
        [MCAP_HEADER] = "Header",
        [MCAP_FOOTER] = "Footer",
        [MCAP_SCHEMA] = "Schema",
        [MCAP_CHANNEL] = "Channel",
        [MCAP_MESSAGE] = "Message",
        [MCAP_CHUNK] = "Chunk",
        [MCAP_MESSAGE_INDEX] = "MessageIndex",
        [MCAP_CHUNK_INDEX] = "ChunkIndex",
        [MCAP_ATTACHMENT] = "Attachment",
        [MCAP_ATTACHMENT_INDEX] = "AttachmentIndex",
        [MCAP_STATISTICS] = "Statistics",
        [MCAP_METADATA] = "Metadata",
        [MCAP_METADATA_INDEX] = "MetadataIndex",
        [MCAP_SUMMARY_OFFSET] = "SummaryOffset",
        [MCAP_DATA_END] = "DataEnd",
    };
    if (opcode >= MCAP_PRIVATE) return "private record";
    if (opcode >= sizeof names / sizeof *names || names[opcode] == NULL) return "unknown record";
    return names[opcode];
}

static bool take_text(struct mcap_map *map, struct mcap_str *text) {
    if (map->len < 4) return false;
    size_t len = mcap_get32(map->data);
    if (map->len - 4 < len) return false;
    *text = (struct mcap_str){(const char *)map->data + 4, len};
    map->data += 4 + len;
    map->len -= 4 + len;
    return true;
}

bool mcap_map_next(struct mcap_map *map, struct mcap_str *key, struct mcap_str *value) {
    struct mcap_map rest = *map;
    if (!take_text(&rest, key) || !take_text(&rest, value)) return false;
    *map = rest;
    return true;
}

bool mcap_counts_next(struct mcap_counts *counts, uint16_t *id, uint64_t *number) {
    if (counts->len < MCAP_COUNT_BYTES) return false;
    *id = mcap_get16(counts->data);
    *number = mcap_get64(counts->data + 2);
    counts->data += MCAP_COUNT_BYTES;
    counts->len -= MCAP_COUNT_BYTES;
    return true;
}
