/* All decoders that this program can use: found, chosen for topics, run, and dropped when they do harm.
 *
 * A topic's decoder is the one that the user pinned; else the one whose manifest names its encoding exactly; else by a wildcard; and only
 * where the topic declares no encoding, the one that is surest that a payload is its own (50 of 100 at least). The first in the order of
 * search.h wins. A choice stays, whatever comes later.
 *
 * Those that came with sctx run in this process, all others in a worker each. A worker that crashes, loops, or calls exit() is a strike,
 * and started again; after the third one the plugin is out, until host_retry() or a new version of its file. After one that took too long it
 * rests for a second, so that other topics go on. What is told to the user goes through one callback, a line at a time.
 *
 * A host belongs to one thread at a time; hosts are independent of each other. */
#ifndef SCTX_HOST_HOST_H
#define SCTX_HOST_HOST_H
#include "search.h"
#include "tree.h"

enum host_mode {
    HOST_WORKER, /* the default */
    HOST_INPROC, /* in this process, which they may take down with them */
    HOST_OFF,    /* only those that came with sctx */
};

enum { HOST_STRIKES = 3, HOST_SNIFFS = 64 /* payloads of a topic that are sniffed at, before it is left undecoded */ };

struct host_options {
    struct search_options search; /* what it points to is needed during host_open() only */
    enum host_mode mode;
    /* A line for the user, without newline: "plugin barometer crashed (segmentation fault) on topic 'weather'; strike 1 of 3". It has names from
     * others in it: print it escaped. NULL: nobody wants to know. */
    void (*notice)(void *context, const char *line);
    void *context;
};

struct host;

/* Looks for plugins; runs none yet. NULL: out of memory. */
struct host *host_open(const struct host_options *options);
void host_close(struct host *host); /* ends the workers; NULL is allowed */

/* What was found, used or not. */
const struct search *host_search(const struct host *host);
/* The decoder of this name that is used, or NULL. */
const struct found *host_find(const struct host *host, const char *name);

/* ---- topics ----------------------------------------------------------------------------------------------------------------- */

struct host_topic_is {
    const char *topic, *encoding; /* encoding "": it declares none */
    const char *kind;             /* of the schema, if known ("protobuf-fds"); or NULL */
    const char *pin;              /* the name of the decoder that the user wants; or NULL */
    const char *config;           /* lines KEY=VALUE; or NULL */
    const void *schema;
    size_t schema_len;
};

/* All is copied. *topic counts up from 0. false: out of memory, or a text of it is longer than 1 MiB. */
bool host_topic_add(struct host *host, const struct host_topic_is *is, uint32_t *topic);

enum host_how { HOST_NONE, HOST_PINNED, HOST_EXACT, HOST_BY_WILDCARD, HOST_SNIFFED };
/* "none" "pinned" "exact" "wildcard" "sniffed" */
const char *host_how_name(enum host_how how);

struct host_choice {
    const struct found *decoder; /* NULL: none (yet) */
    enum host_how how;
    bool is_view;        /* text or hex: it shows bytes, and knows no values */
    const char *trouble; /* why it is not used at present; NULL: it is */
};
/* Valid until the next call. */
struct host_choice host_choice(const struct host *host, uint32_t topic);

/* Which decoder is sure enough that these bytes are its own; NULL: none is. */
const struct found *host_sniff(struct host *host, const void *data, size_t len);

/* ---- decoding --------------------------------------------------------------------------------------------------------------- */

enum host_outcome {
    HOST_DECODED,   /* the tree says what came of it; it may be malformed */
    HOST_UNDECODED, /* nothing decodes this topic */
    HOST_FAILED,    /* the decoder could not be asked, or died of it: the tree is empty, and its reason says why */
    HOST_LATER,     /* there was no time; asked again, it may be done */
};

struct host_item {
    uint32_t topic, want; /* want: enum sctx_want */
    const void *data;
    size_t len;
    struct tree *tree; /* the caller's, inited */
    enum host_outcome outcome;
};

/* Decodes in any order. Without `patient` it takes 150 ms of wall time at most for all workers together, and what is not done then is LATER; with it
 * all is answered, except that a plugin that rests is not waited for. */
void host_decode(struct host *host, struct host_item *items, size_t count, bool patient);

enum host_encoded {
    HOST_ENCODED,
    HOST_NOT_JSON,      /* tree: what is wrong with the text, and where */
    HOST_NOT_ENCODABLE, /* tree: why the format cannot hold it, and where in the text */
    HOST_NO_ENCODER,    /* the topic's decoder has none, or there is none */
    HOST_ENCODER_FAILED /* tree: why */
};
/* The payload that JSON text becomes. `emitted`: the caller's, zeroed at first; it frees emitted->data. */
enum host_encoded host_encode(struct host *host, uint32_t topic, const char *json, size_t len, struct tree *tree, struct emitted *emitted);

/* Takes a plugin in again that was out. false: there is none of this name, or it was in. */
bool host_retry(struct host *host, const char *name);

#endif
