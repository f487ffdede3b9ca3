/* What Wireshark needs beside a capture to name the fields of Protocol Buffers: a folder that it takes for its configuration.
 *
 *   DIR/protobuf_search_paths         where .proto files are: DIR/proto
 *   DIR/protobuf_udp_message_types    which port (pcapng.h) is of which type
 *   DIR/proto/s0_0.proto ...          the topics' schemas as text
 *
 *   WIRESHARK_CONFIG_DIR=DIR tshark -r FILE
 *
 * Each type is written as soon as it is added, so that a tshark that is started then knows it. [owner: one thread] */
#ifndef SCTX_EXPORT_SIDECAR_H
#define SCTX_EXPORT_SIDECAR_H
#include "source.h"

struct sidecar;

struct sidecar_fault {
    char text[400]; /* may have names from others in it: print it escaped */
};

/* Makes the folder; with `overwrite` it may be there. NULL: why not. */
struct sidecar *sidecar_open(const char *folder, bool overwrite, struct sidecar_fault *fault);
/* The port of a topic's type: the same for the same schema and type. The topic has to stay. 0: why there is none. */
uint16_t sidecar_add(struct sidecar *sidecar, const struct source_topic *topic, struct sidecar_fault *fault);
/* false: something could not be written; *fault is the first reason. NULL is allowed. */
bool sidecar_close(struct sidecar *sidecar, struct sidecar_fault *fault);

#endif
