#include "mcap_summary.h"

#include "mcap_bytes.h"
#include "mcap_compress.h"
#include "mcap_emit.h"
#include "mcap_pack.h"

static bool emit_table(struct mcap_buffer *to, const struct mcap_catalog_table *table) {
    for (uint32_t id = 0; id < table->size; id++) {
        const struct mcap_catalog_entry *entry = table->entries[id];
        if (entry != NULL && !mcap_buffer_add(to, entry->record, entry->len)) return false;
    }
    return true;
}

static bool emit_group(struct mcap_buffer *to, const struct mcap_summary *summary, uint8_t opcode) {
    if (opcode == MCAP_SCHEMA) return emit_table(to, &summary->catalog->schemas);
    if (opcode == MCAP_CHANNEL) return emit_table(to, &summary->catalog->channels);
    if (opcode == MCAP_STATISTICS) return mcap_emit_statistics(to, &summary->statistics);
    const struct mcap_buffer *records = summary->metadata;
    if (opcode == MCAP_CHUNK_INDEX) records = summary->chunks;
    if (opcode == MCAP_ATTACHMENT_INDEX) records = summary->attachments;
    return mcap_buffer_add(to, records->data, records->len);
}

static bool emit_groups(struct mcap_buffer *to, struct mcap_buffer *offsets, const struct mcap_summary *summary, uint64_t offset) {
    static const struct {
        uint8_t opcode;
        uint32_t unless;
    } groups[] = {
        {MCAP_SCHEMA, MCAP_NO_SUMMARY_SCHEMAS},
        {MCAP_CHANNEL, MCAP_NO_SUMMARY_CHANNELS},
        {MCAP_STATISTICS, MCAP_NO_STATISTICS},
        {MCAP_CHUNK_INDEX, MCAP_NO_CHUNK_INDEX},
        {MCAP_ATTACHMENT_INDEX, MCAP_NO_ATTACHMENT_INDEX},
        {MCAP_METADATA_INDEX, MCAP_NO_METADATA_INDEX},
    };
    size_t begin = to->len;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        size_t before = to->len;
        if ((summary->flags & groups[i].unless) != 0) continue;
        if (!emit_group(to, summary, groups[i].opcode)) return false;
        if (to->len == before || (summary->flags & MCAP_NO_SUMMARY_OFFSETS) != 0) continue;
        const struct mcap_summary_offset group = {groups[i].opcode, offset + before - begin, to->len - before};
        if (!mcap_emit_summary_offset(offsets, &group)) return false;
    }
    return true;
}

bool mcap_summary_emit(struct mcap_buffer *to, const struct mcap_summary *summary, uint64_t offset) {
    struct mcap_buffer offsets = {0};
    struct mcap_footer footer = {0};
    size_t begin = to->len;
    bool is_made = emit_groups(to, &offsets, summary, offset);
    if (to->len > begin) footer.summary_start = offset;
    if (offsets.len > 0) footer.summary_offset_start = offset + to->len - begin;
    is_made = is_made && mcap_buffer_add(to, offsets.data, offsets.len) && mcap_emit_footer(to, &footer);
    /* spec: "Footer": the crc is over what comes before it, the Footer's own beginning included. */
    if (is_made && footer.summary_start != 0 && (summary->flags & MCAP_NO_SUMMARY_CRC) == 0) {
        uint8_t *crc = to->data + to->len - sizeof footer.summary_crc;
        (void)mcap_set32(crc, mcap_crc(0, to->data + begin, (size_t)(crc - to->data) - begin));
    }
    mcap_buffer_free(&offsets);
    return is_made;
}
