/* What follows the data section: what a reader needs in order to find its way without reading everything. spec: "Summary Section". */
#ifndef MCAP_SUMMARY_H
#define MCAP_SUMMARY_H
#include "mcap_buffer.h"
#include "mcap_catalog.h"

struct mcap_summary {
    uint32_t flags; /* enum mcap_write_flags: what to leave out */
    const struct mcap_catalog *catalog;
    struct mcap_statistics statistics;
    const struct mcap_buffer *chunks, *attachments, *metadata; /* ChunkIndex, AttachmentIndex and MetadataIndex records */
};

/* Appends the summary section, the summary offset section, and the Footer. `offset`: where in the file this comes to lie. False: no memory. */
bool mcap_summary_emit(struct mcap_buffer *to, const struct mcap_summary *summary, uint64_t offset);

#endif
