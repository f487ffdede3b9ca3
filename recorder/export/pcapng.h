/* A capture that Wireshark and tshark open: messages as "exported PDUs", so that Wireshark's own dissectors show what is in them.
 *
 *   Section Header | Interface Description ...| Name Resolution ... | Enhanced Packet ...| Interface Statistics
 *
 * An interface is a topic: its name is the topic's, its description the encoding. One comes when its topic is met. A packet is a message: a list of tags (big-endian: which
 * dissector, from whom to what), then the payload. Its options: packetid is the seq, dropcount what was missed before it, and a comment says all that the format has no place for,
 * "seq 7, from till (pid 812), cause 5". Senders are addresses from 10.0.0.1 on, topics from 10.128.0.1 on; Name Resolution blocks say whose they are (tshark -N n).
 *
 * What is typed by a schema (sidecar.h) comes with a port of its own, since that is how Wireshark knows types of Protocol Buffers.
 *
 * [owner: one thread] */
#ifndef SCTX_EXPORT_PCAPNG_H
#define SCTX_EXPORT_PCAPNG_H
#include "output.h"
#include "source.h"

struct pcapng;

struct pcapng *pcapng_open(const struct export_output *output, const char *version, const char *context); /* NULL: out of memory */
/* The interface of a topic, if it has none yet. `port`: by which Wireshark knows its type; 0: none. false: out of memory. */
bool pcapng_topic(struct pcapng *pcapng, const struct source_topic *topic, uint16_t port);
bool pcapng_has_topic(const struct pcapng *pcapng, uint16_t id);
/* `from`: the sender's name, UTF-8 and harmless. `encoding`: what the payload is in, which may be more than the topic declares; "": nobody knows. false: out of memory, or more
 * senders than fit. */
bool pcapng_message(struct pcapng *pcapng, const struct source_message *message, const char *from, const char *encoding);
/* Missed before the next message, or before the end. */
void pcapng_loss(struct pcapng *pcapng, uint64_t lost, uint64_t gone);
/* Messages of which only the beginning is there: Wireshark takes no packet beyond PCAPNG_PACKET_MAX. */
enum { PCAPNG_PACKET_MAX = 262144 };
uint64_t pcapng_cut(const struct pcapng *pcapng);
/* The end of the file. */
void pcapng_close(struct pcapng *pcapng);

#endif
