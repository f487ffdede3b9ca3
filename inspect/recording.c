#include "recording.h"
#include "mcap_bytes.h"
#include "mcap_compress.h"

#include <string.h>

enum entry_bits { HAS_CAUSE = 1, IS_EXPLICIT = 2, IS_SAMPLE = 4, SAME_SENDER = 8, NEXT_SEQ = 16, ALL_BITS = 31 };
enum { SHEET_HEAD = 44, SENDER_HEAD = 9, LOSS_BYTES = 20, INDEX_HEAD = 12, PLACE_BYTES = 32, VARINT_MAX = 10 };

/* ---- varints ---------------------------------------------------------------------------------------------------------------- */

static uint64_t zigzag(uint64_t difference) {
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value) {
    return value >> 1 ^ (0 - (value & 1));
}

static uint8_t *put_varint(uint8_t *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static bool get_varint(struct recording_cursor *cursor, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; cursor->at < cursor->end && shift < 64; shift += 7) {
        uint8_t byte = *cursor->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

/* ---- writing a sheet -------------------------------------------------------------------------------------------------------- */

static bool is_sender(const struct recording_sheet *sheet, size_t i, const struct recording_entry *entry) {
    const struct recording_sender *sender = &sheet->senders[i];
    if (sender->join != entry->join || sender->pid != entry->pid) return false;
    const uint8_t *who = sheet->who.data + sender->at;
    return who[8] == entry->name_len && (entry->name_len == 0 || memcmp(who + SENDER_HEAD, entry->name, entry->name_len) == 0);
}

/* SIZE_MAX: it is not there. */
static size_t find_sender(const struct recording_sheet *sheet, const struct recording_entry *entry) {
    if (sheet->sender_count > 0 && is_sender(sheet, sheet->last_sender, entry)) return sheet->last_sender;
    for (size_t i = 0; i < sheet->sender_count; i++)
        if (is_sender(sheet, i, entry)) return i;
    return SIZE_MAX;
}

static size_t add_sender(struct recording_sheet *sheet, const struct recording_entry *entry) {
    uint32_t at = (uint32_t)sheet->who.len;
    uint8_t *to = mcap_buffer_take(&sheet->who, SENDER_HEAD + (size_t)entry->name_len);
    if (to == NULL) return SIZE_MAX;
    to = mcap_set8(mcap_set32(mcap_set32(to, entry->join), entry->pid), entry->name_len);
    if (entry->name_len > 0) memcpy(to, entry->name, entry->name_len);
    sheet->senders[sheet->sender_count] = (struct recording_sender){entry->join, entry->pid, at};
    return sheet->sender_count++;
}

bool recording_sheet_is_full(const struct recording_sheet *sheet) {
    return sheet->sender_count == sizeof sheet->senders / sizeof *sheet->senders;
}

static bool add_loss(struct recording_sheet *sheet, uint32_t place, uint64_t lost, uint64_t gone) {
    uint8_t *to = lost != 0 || gone != 0 ? mcap_buffer_take(&sheet->losses, LOSS_BYTES) : NULL;
    if (to == NULL) return lost == 0 && gone == 0;
    mcap_set64(mcap_set64(mcap_set32(to, place), lost), gone);
    sheet->loss_count++;
    return true;
}

bool recording_sheet_add(struct recording_sheet *sheet, const struct recording_entry *entry) {
    size_t sender = find_sender(sheet, entry);
    uint8_t *begin = mcap_buffer_room(&sheet->entries, 1 + 3 * VARINT_MAX), *to = begin + 1;
    if (begin == NULL || !add_loss(sheet, sheet->count, entry->lost, entry->gone)) return false;
    bool same = sender != SIZE_MAX && sender == sheet->last_sender && sheet->count > 0;
    if (sender == SIZE_MAX && (sender = add_sender(sheet, entry)) == SIZE_MAX) return false;
    if (sheet->count == 0) {
        sheet->first = entry->seq;
        sheet->last_seq = entry->seq - 1;
    }
    bool next = entry->seq == sheet->last_seq + 1;
    if (!same) to = put_varint(to, sender);
    if (!next) to = put_varint(to, zigzag(entry->seq - sheet->last_seq));
    if (entry->has_cause) to = put_varint(to, zigzag(entry->seq - entry->cause));
    *begin = (uint8_t)((entry->has_cause ? HAS_CAUSE : 0) | (entry->cause_is_explicit ? IS_EXPLICIT : 0) |
                       (entry->is_sample ? IS_SAMPLE : 0) | (same ? SAME_SENDER : 0) | (next ? NEXT_SEQ : 0));
    sheet->entries.len += (size_t)(to - begin);
    sheet->last_sender = (uint32_t)sender;
    sheet->last_seq = entry->seq;
    if (!entry->is_sample && entry->seq >= sheet->end) sheet->end = entry->seq + 1;
    sheet->count++;
    return true;
}

bool recording_sheet_add_loss(struct recording_sheet *sheet, uint64_t lost, uint64_t gone) {
    return add_loss(sheet, sheet->count, lost, gone);
}

struct mcap_str recording_sheet_body(struct recording_sheet *sheet, uint64_t chunk_length) {
    size_t len = SHEET_HEAD + sheet->who.len + sheet->losses.len + sheet->entries.len;
    sheet->body.len = 0;
    uint8_t *body = mcap_buffer_take(&sheet->body, len);
    if (body == NULL) return (struct mcap_str){NULL, 0};
    uint8_t *to = mcap_set64(mcap_set32(body + 4, RECORDING_FORMAT), chunk_length);
    to = mcap_set64(mcap_set64(to, sheet->first), sheet->end);
    to = mcap_set32(mcap_set32(mcap_set32(to, sheet->count), sheet->sender_count), sheet->loss_count);
    if (sheet->who.len > 0) memcpy(to, sheet->who.data, sheet->who.len);
    to += sheet->who.len;
    if (sheet->losses.len > 0) memcpy(to, sheet->losses.data, sheet->losses.len);
    to += sheet->losses.len;
    if (sheet->entries.len > 0) memcpy(to, sheet->entries.data, sheet->entries.len);
    mcap_set32(body, mcap_crc(0, body + 4, len - 4));
    return (struct mcap_str){(const char *)body, len};
}

void recording_sheet_clear(struct recording_sheet *sheet) {
    sheet->entries.len = sheet->losses.len = sheet->who.len = sheet->body.len = 0;
    sheet->sender_count = sheet->loss_count = sheet->count = sheet->last_sender = 0;
    sheet->first = sheet->end = sheet->last_seq = 0;
}

void recording_sheet_free(struct recording_sheet *sheet) {
    mcap_buffer_free(&sheet->entries);
    mcap_buffer_free(&sheet->losses);
    mcap_buffer_free(&sheet->who);
    mcap_buffer_free(&sheet->body);
}

bool recording_index_body(const struct recording_place *places, size_t count, struct mcap_buffer *body) {
    uint8_t *begin = mcap_buffer_take(body, INDEX_HEAD + count * PLACE_BYTES);
    if (begin == NULL || count > UINT32_MAX) return false;
    uint8_t *to = mcap_set32(mcap_set32(begin + 4, RECORDING_FORMAT), (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        to = mcap_set64(mcap_set64(to, places[i].offset), places[i].chunk_offset);
        to = mcap_set64(mcap_set64(to, places[i].first), places[i].end);
    }
    mcap_set32(begin, mcap_crc(0, begin + 4, body->len - 4));
    return true;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static bool find_senders(struct recording_cursor *cursor) {
    if (cursor->sender_count > sizeof cursor->senders / sizeof *cursor->senders) return false;
    for (uint32_t i = 0; i < cursor->sender_count; i++) {
        size_t left = (size_t)(cursor->end - cursor->at);
        if (left < SENDER_HEAD || left - SENDER_HEAD < cursor->at[8]) return false;
        cursor->senders[i] = cursor->at;
        cursor->at += SENDER_HEAD + (size_t)cursor->at[8];
    }
    return true;
}

const char *recording_sheet_read(struct mcap_str text, struct recording_cursor *cursor) {
    const uint8_t *body = (const uint8_t *)text.data;
    if (text.len < SHEET_HEAD) return "it is too short";
    if (mcap_get32(body) != mcap_crc(0, body + 4, text.len - 4)) return "its checksum is wrong";
    if (mcap_get32(body + 4) != RECORDING_FORMAT) return "it is of a later version";
    *cursor = (struct recording_cursor){.chunk_length = mcap_get64(body + 8),
                                        .first = mcap_get64(body + 16),
                                        .seq_end = mcap_get64(body + 24),
                                        .count = mcap_get32(body + 32),
                                        .sender_count = mcap_get32(body + 36),
                                        .loss_count = mcap_get32(body + 40),
                                        .at = body + SHEET_HEAD,
                                        .end = body + text.len};
    if (!find_senders(cursor) || (uint64_t)cursor->loss_count * LOSS_BYTES > (size_t)(cursor->end - cursor->at))
        return "it claims more than it has";
    cursor->losses = cursor->at;
    cursor->at += (size_t)cursor->loss_count * LOSS_BYTES;
    cursor->seq = cursor->first - 1;
    return NULL;
}

static void take_losses(struct recording_cursor *cursor, uint64_t *lost, uint64_t *gone) {
    *lost = *gone = 0;
    for (; cursor->next_loss < cursor->loss_count; cursor->next_loss++) {
        const uint8_t *loss = cursor->losses + (size_t)cursor->next_loss * LOSS_BYTES;
        if (mcap_get32(loss) > cursor->done) return;
        *lost += mcap_get64(loss + 4);
        *gone += mcap_get64(loss + 12);
    }
}

bool recording_sheet_next(struct recording_cursor *cursor, struct recording_entry *entry) {
    uint64_t sender = cursor->sender, distance = 1, back = 0;
    if (cursor->done >= cursor->count || cursor->at >= cursor->end || (*cursor->at & ~ALL_BITS) != 0) return false;
    uint8_t bits = *cursor->at++;
    if ((bits & SAME_SENDER) == 0 && !get_varint(cursor, &sender)) return false;
    if (sender >= cursor->sender_count) return false;
    if ((bits & NEXT_SEQ) == 0) {
        if (!get_varint(cursor, &distance)) return false;
        distance = unzigzag(distance);
    }
    if ((bits & HAS_CAUSE) != 0 && !get_varint(cursor, &back)) return false;
    cursor->sender = (uint32_t)sender;
    cursor->seq += distance;
    const uint8_t *who = cursor->senders[sender];
    *entry = (struct recording_entry){.seq = cursor->seq,
                                      .cause = cursor->seq - unzigzag(back),
                                      .join = mcap_get32(who),
                                      .pid = mcap_get32(who + 4),
                                      .has_cause = (bits & HAS_CAUSE) != 0,
                                      .cause_is_explicit = (bits & IS_EXPLICIT) != 0,
                                      .is_sample = (bits & IS_SAMPLE) != 0,
                                      .name_len = who[8],
                                      .name = (const char *)who + SENDER_HEAD};
    take_losses(cursor, &entry->lost, &entry->gone);
    cursor->done++;
    return true;
}

void recording_sheet_rest(struct recording_cursor *cursor, uint64_t *lost, uint64_t *gone) {
    cursor->done = cursor->count;
    take_losses(cursor, lost, gone);
}

size_t recording_index_count(struct mcap_str text) {
    const uint8_t *body = (const uint8_t *)text.data;
    if (text.len < INDEX_HEAD || mcap_get32(body) != mcap_crc(0, body + 4, text.len - 4) || mcap_get32(body + 4) != RECORDING_FORMAT)
        return SIZE_MAX;
    size_t count = mcap_get32(body + 8);
    return count == (text.len - INDEX_HEAD) / PLACE_BYTES ? count : SIZE_MAX;
}

struct recording_place recording_index_place(struct mcap_str body, size_t i) {
    const uint8_t *at = (const uint8_t *)body.data + INDEX_HEAD + i * PLACE_BYTES;
    return (struct recording_place){mcap_get64(at), mcap_get64(at + 8), mcap_get64(at + 16), mcap_get64(at + 24)};
}

/* ---- encodings -------------------------------------------------------------------------------------------------------------- */

static bool is_of(const char *encoding, const char *family) {
    size_t len = strlen(family);
    return strncmp(encoding, family, len) == 0 && (encoding[len] == '\0' || encoding[len] == ':');
}

struct mcap_str recording_message_encoding(const char *encoding) {
    if (strcmp(encoding, "application/json") == 0) return mcap_text("json");
    return mcap_text(is_of(encoding, "protobuf") ? "protobuf" : encoding);
}

struct mcap_str recording_schema_encoding(const char *encoding) {
    if (is_of(encoding, "protobuf")) return mcap_text("protobuf");
    if (is_of(encoding, "struct")) return mcap_text("struct-layout");
    return mcap_text(is_of(encoding, "json") ? "jsonschema" : "");
}

const char *recording_schema_kind(struct mcap_str schema_encoding) {
    static const struct {
        const char *encoding, *kind;
    } kinds[] = {{"protobuf", "protobuf-fds"}, {"struct-layout", "struct-layout"}, {"jsonschema", "jsonschema"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].encoding) == schema_encoding.len && memcmp(kinds[i].encoding, schema_encoding.data, schema_encoding.len) == 0)
            return kinds[i].kind;
    return NULL;
}
