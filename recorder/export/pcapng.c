#include "pcapng.h"
#include "mcap_buffer.h"
#include "numbering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block { SECTION_HEADER = 0x0A0D0D0A, INTERFACE = 1, NAME_RESOLUTION = 4, INTERFACE_STATISTICS = 5, ENHANCED_PACKET = 6 };
enum { BYTE_ORDER_MAGIC = 0x1A2B3C4D, LINKTYPE_EXPORTED_PDU = 252 };
enum option { OPTION_END = 0, OPTION_COMMENT = 1 };
enum section_option { SECTION_APPLICATION = 4 };
enum interface_option { INTERFACE_NAME = 2, INTERFACE_DESCRIPTION = 3, INTERFACE_RESOLUTION = 9 };
enum packet_option { PACKET_DROPS = 4, PACKET_ID = 5 };
enum statistics_option { STATISTICS_DROPS = 5 };
enum tag {
    TAG_END = 0,
    TAG_DISSECTOR = 12,
    TAG_IPV4_SOURCE = 20,
    TAG_IPV4_DESTINATION = 21,
    TAG_PORT_TYPE = 24,
    TAG_PORT_SOURCE = 25,
    TAG_PORT_DESTINATION = 26,
    TAG_PROTOCOL = 33
};
enum { PORT_IS_UDP = 3 };
#define NS_RESOLUTION 9u
#define SENDERS_NET 0x0A000000u /* 10.0.0.0 */
#define TOPICS_NET 0x0A800000u  /* 10.128.0.0 */

struct pcapng {
    struct export_output output;
    struct mcap_buffer block, tags;
    bool has_failed; /* out of memory */
    struct numbering senders;
    uint32_t *interfaces; /* by topic id: plus 1; 0: none yet */
    uint16_t *ports;      /* by topic id */
    uint32_t interface_count;
    uint64_t drops, cut;
    int64_t last_ns;
};

enum { TOPIC_IDS = 65536 };

/* ---- blocks: little-endian, multiples of four, their length at both ends ---------------------------------------------------- */

static uint8_t *take(struct pcapng *pcapng, struct mcap_buffer *buffer, size_t bytes) {
    uint8_t *to = pcapng->has_failed ? NULL : mcap_buffer_take(buffer, bytes);
    if (to == NULL) pcapng->has_failed = true;
    return to;
}

static void put_le(struct pcapng *pcapng, uint64_t value, size_t bytes) {
    uint8_t *to = take(pcapng, &pcapng->block, bytes);
    for (size_t i = 0; to != NULL && i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(struct pcapng *pcapng, struct mcap_buffer *buffer, const void *data, size_t len) {
    uint8_t *to = len > 0 ? take(pcapng, buffer, len) : NULL;
    if (to != NULL) memcpy(to, data, len);
}

static void pad(struct pcapng *pcapng, struct mcap_buffer *buffer) {
    static const char zeros[4];
    put_bytes(pcapng, buffer, zeros, (4 - buffer->len % 4) % 4);
}

static void begin_block(struct pcapng *pcapng, enum block type) {
    pcapng->block.len = 0;
    put_le(pcapng, type, 4);
    put_le(pcapng, 0, 4);
}

static void put_option(struct pcapng *pcapng, unsigned code, const void *data, size_t len) {
    put_le(pcapng, code, 2);
    put_le(pcapng, len, 2);
    put_bytes(pcapng, &pcapng->block, data, len);
    pad(pcapng, &pcapng->block);
}

/* Lengths have two bytes here, and a foreign recording may have names of any length: what goes beyond is cut, before a character. */
static size_t text_len(const char *text) {
    enum { TEXT_MAX = 1024 };
    size_t len = strlen(text), cut = TEXT_MAX;
    if (len <= TEXT_MAX) return len;
    while (cut > TEXT_MAX - 4 && ((unsigned char)text[cut] & 0xC0) == 0x80) cut--;
    return cut;
}

static void put_text_option(struct pcapng *pcapng, unsigned code, const char *text) {
    put_option(pcapng, code, text, text_len(text));
}

static void put_number_option(struct pcapng *pcapng, unsigned code, uint64_t number) {
    put_le(pcapng, code, 2);
    put_le(pcapng, sizeof number, 2);
    put_le(pcapng, number, sizeof number);
}

static bool end_block(struct pcapng *pcapng) {
    put_le(pcapng, OPTION_END, 4);
    size_t len = pcapng->block.len + 4;
    put_le(pcapng, len, 4);
    if (pcapng->has_failed) return false;
    for (size_t i = 0; i < 4; i++) pcapng->block.data[4 + i] = (uint8_t)(len >> 8 * i);
    output_put(&pcapng->output, pcapng->block.data, pcapng->block.len);
    return true;
}

/* ---- the beginning, and interfaces ------------------------------------------------------------------------------------------ */

static void put_header(struct pcapng *pcapng, const char *version, const char *context) {
    char text[400];
    begin_block(pcapng, SECTION_HEADER);
    put_le(pcapng, BYTE_ORDER_MAGIC, 4);
    put_le(pcapng, 1, 2); /* version 1.0 */
    put_le(pcapng, 0, 2);
    put_le(pcapng, UINT64_MAX, 8); /* the section's length is not said */
    (void)snprintf(text, sizeof text, "messages of %.300s", context);
    put_text_option(pcapng, OPTION_COMMENT, text);
    (void)snprintf(text, sizeof text, "sctx %.60s", version);
    put_text_option(pcapng, SECTION_APPLICATION, text);
    (void)end_block(pcapng);
}

struct pcapng *pcapng_open(const struct export_output *output, const char *version, const char *context) {
    struct pcapng *pcapng = calloc(1, sizeof *pcapng);
    if (pcapng == NULL) return NULL;
    pcapng->output = *output;
    pcapng->interfaces = calloc(TOPIC_IDS, sizeof *pcapng->interfaces);
    pcapng->ports = calloc(TOPIC_IDS, sizeof *pcapng->ports);
    if (pcapng->interfaces != NULL && pcapng->ports != NULL) {
        put_header(pcapng, version, context);
        return pcapng;
    }
    free(pcapng->interfaces);
    free(pcapng->ports);
    free(pcapng);
    return NULL;
}

static void put_be(uint8_t *to, uint32_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

/* One record: an address and the name that it stands for. */
static bool put_address_name(struct pcapng *pcapng, uint32_t address, const char *name) {
    enum { RECORD_IPV4 = 1, NAME_BYTES = 63 /* more is no host's name to Wireshark */ };
    uint8_t bytes[4];
    size_t len = strnlen(name, NAME_BYTES);
    begin_block(pcapng, NAME_RESOLUTION);
    put_le(pcapng, RECORD_IPV4, 2);
    put_le(pcapng, sizeof bytes + len + 1, 2);
    put_be(bytes, address, sizeof bytes);
    put_bytes(pcapng, &pcapng->block, bytes, sizeof bytes);
    put_bytes(pcapng, &pcapng->block, name, len);
    put_le(pcapng, 0, 1);
    pad(pcapng, &pcapng->block);
    put_le(pcapng, 0, 4); /* no more records */
    return end_block(pcapng);
}

bool pcapng_has_topic(const struct pcapng *pcapng, uint16_t id) {
    return pcapng->interfaces[id] != 0;
}

bool pcapng_topic(struct pcapng *pcapng, const struct source_topic *topic, uint16_t port) {
    const uint8_t resolution = NS_RESOLUTION;
    if (pcapng_has_topic(pcapng, topic->id)) return true;
    begin_block(pcapng, INTERFACE);
    put_le(pcapng, LINKTYPE_EXPORTED_PDU, 2);
    put_le(pcapng, 0, 2);
    put_le(pcapng, 0, 4); /* snaplen: no limit */
    put_text_option(pcapng, INTERFACE_NAME, topic->name);
    if (topic->encoding[0] != '\0') put_text_option(pcapng, INTERFACE_DESCRIPTION, topic->encoding);
    put_option(pcapng, INTERFACE_RESOLUTION, &resolution, sizeof resolution);
    if (!end_block(pcapng)) return false;
    pcapng->ports[topic->id] = port;
    pcapng->interfaces[topic->id] = ++pcapng->interface_count;
    return put_address_name(pcapng, TOPICS_NET + pcapng->interface_count, topic->name);
}

/* ---- packets ---------------------------------------------------------------------------------------------------------------- */

/* NULL: Wireshark knows none, and shows bytes. */
static const char *dissector_of(const char *encoding) {
    static const char *const known[][2] = {
        {"json", "json"},         {"application/json", "json"}, {"msgpack", "msgpack"},        {"cbor", "cbor"},
        {"protobuf", "protobuf"}, {"text", "data-text-lines"},  {"logfmt", "data-text-lines"}, {"utf-8", "data-text-lines"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(encoding, known[i][0]) == 0) return known[i][1];
    if (strncmp(encoding, "protobuf:", 9) == 0) return "protobuf";
    return strncmp(encoding, "text/", 5) == 0 ? "data-text-lines" : NULL;
}

/* The padding counts as part of a tag. */
static void put_tag(struct pcapng *pcapng, enum tag tag, const void *data, size_t len) {
    uint8_t head[4];
    put_be(head, tag, 2);
    put_be(head + 2, (uint32_t)((len + 3) & ~(size_t)3), 2);
    put_bytes(pcapng, &pcapng->tags, head, sizeof head);
    put_bytes(pcapng, &pcapng->tags, data, len);
    pad(pcapng, &pcapng->tags);
}

static void put_number_tag(struct pcapng *pcapng, enum tag tag, uint32_t number) {
    uint8_t bytes[4];
    put_be(bytes, number, sizeof bytes);
    put_tag(pcapng, tag, bytes, sizeof bytes);
}

static void put_text_tag(struct pcapng *pcapng, enum tag tag, const char *text) {
    put_tag(pcapng, tag, text, text_len(text));
}

static void put_tags(struct pcapng *pcapng, const char *encoding, uint32_t sender, uint16_t topic) {
    const char *dissector = dissector_of(encoding);
    pcapng->tags.len = 0;
    put_text_tag(pcapng, TAG_DISSECTOR, dissector != NULL ? dissector : "data");
    put_number_tag(pcapng, TAG_IPV4_SOURCE, SENDERS_NET + 1 + sender);
    put_number_tag(pcapng, TAG_IPV4_DESTINATION, TOPICS_NET + pcapng->interfaces[topic]);
    if (pcapng->ports[topic] != 0) {
        put_number_tag(pcapng, TAG_PORT_TYPE, PORT_IS_UDP);
        put_number_tag(pcapng, TAG_PORT_SOURCE, 0);
        put_number_tag(pcapng, TAG_PORT_DESTINATION, pcapng->ports[topic]);
    }
    bool names_itself = dissector != NULL && (strcmp(dissector, "json") == 0 || strcmp(dissector, "protobuf") == 0);
    if (!names_itself) put_text_tag(pcapng, TAG_PROTOCOL, encoding[0] != '\0' ? encoding : "sctx");
    put_tag(pcapng, TAG_END, NULL, 0);
}

static void put_comment(struct pcapng *pcapng, const struct source_message *message, const char *from) {
    char text[400], pid[32] = "", cause[48] = "";
    if (message->pid != 0) (void)snprintf(pid, sizeof pid, " (pid %" PRIu32 ")", message->pid);
    if (message->has_cause) (void)snprintf(cause, sizeof cause, ", cause %" PRIu64, message->cause);
    (void)snprintf(text, sizeof text, "seq %" PRIu64 ", from %.200s%s%s", message->seq, from[0] != '\0' ? from : "?", pid, cause);
    put_text_option(pcapng, OPTION_COMMENT, text);
}

bool pcapng_message(struct pcapng *pcapng, const struct source_message *message, const char *from, const char *encoding) {
    bool is_new = false;
    uint32_t sender = numbering_sender(&pcapng->senders, message, &is_new);
    if (sender == NUMBERING_NONE || !pcapng_topic(pcapng, message->topic, 0)) return false;
    if (is_new && !put_address_name(pcapng, SENDERS_NET + 1 + sender, from)) return false;
    put_tags(pcapng, encoding, sender, message->topic->id);
    size_t room = PCAPNG_PACKET_MAX - pcapng->tags.len, len = message->len < room ? message->len : room;
    uint64_t time_ns = message->time_ns > 0 ? (uint64_t)message->time_ns : 0;
    pcapng->cut += len < message->len;
    begin_block(pcapng, ENHANCED_PACKET);
    put_le(pcapng, pcapng->interfaces[message->topic->id] - 1, 4);
    put_le(pcapng, time_ns >> 32, 4);
    put_le(pcapng, time_ns & UINT32_MAX, 4);
    put_le(pcapng, pcapng->tags.len + len, 4);
    put_le(pcapng, pcapng->tags.len + message->len, 4);
    put_bytes(pcapng, &pcapng->block, pcapng->tags.data, pcapng->tags.len);
    put_bytes(pcapng, &pcapng->block, message->data, len);
    pad(pcapng, &pcapng->block);
    put_comment(pcapng, message, from);
    if (pcapng->drops > 0) put_number_option(pcapng, PACKET_DROPS, pcapng->drops);
    put_number_option(pcapng, PACKET_ID, message->seq);
    pcapng->drops = 0;
    pcapng->last_ns = message->time_ns;
    return end_block(pcapng);
}

void pcapng_loss(struct pcapng *pcapng, uint64_t lost, uint64_t gone) {
    pcapng->drops += lost + gone;
}

uint64_t pcapng_cut(const struct pcapng *pcapng) {
    return pcapng->cut;
}

/* What was missed behind the last message has no packet to stand in: the first interface says it. */
static void put_last_drops(struct pcapng *pcapng) {
    uint64_t time_ns = pcapng->last_ns > 0 ? (uint64_t)pcapng->last_ns : 0;
    if (pcapng->drops == 0 || pcapng->interface_count == 0) return;
    begin_block(pcapng, INTERFACE_STATISTICS);
    put_le(pcapng, 0, 4);
    put_le(pcapng, time_ns >> 32, 4);
    put_le(pcapng, time_ns & UINT32_MAX, 4);
    put_text_option(pcapng, OPTION_COMMENT, "missed behind the last message, of any topic");
    put_number_option(pcapng, STATISTICS_DROPS, pcapng->drops);
    (void)end_block(pcapng);
}

void pcapng_close(struct pcapng *pcapng) {
    put_last_drops(pcapng);
    mcap_buffer_free(&pcapng->block);
    mcap_buffer_free(&pcapng->tags);
    numbering_free(&pcapng->senders);
    free(pcapng->interfaces);
    free(pcapng->ports);
    free(pcapng);
}
