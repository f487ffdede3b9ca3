/* What is looked at, whatever it is: a live context, or a recording. Messages come one after the other, in the order of their seqs.
 *
 *   while ((status = source_next(source, &message)) >= 0)
 *       if (status == SOURCE_OK) ... message ...
 *       else if (status == SOURCE_AGAIN) ... source_wait() ...            a live one: nothing is there now
 *       else if (status == SOURCE_END) break;                             a recording
 *       else if (status == SOURCE_DAMAGED) ... source_fault(source) ...   a part of it could not be read, and is left out
 *
 * A source belongs to one thread at a time. */
#ifndef SCTX_INSPECT_SOURCE_H
#define SCTX_INSPECT_SOURCE_H
#include <sctx/sctx.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A topic together with what it declares. The strings belong to the source. */
struct source_topic {
    const char *name, *encoding; /* encoding "": none is declared */
    const char *kind;            /* of the schema, where that is known ("protobuf-fds"); else NULL */
    const void *schema;          /* schema_len bytes, or NULL */
    uint32_t schema_len;
    uint16_t id; /* in this source: the same for the same topic and encoding */
};

/* Valid until the next call on the source. */
struct source_message {
    uint64_t seq;
    int64_t time_ns; /* since 1970 */
    uint64_t cause;  /* with has_cause: the seq of the message that it answers */
    const struct source_topic *topic;
    const char *from;    /* the sender's name; any bytes may be in it */
    uint32_t pid, join;  /* 0: not known */
    const void *data;    /* len bytes, 8-byte aligned */
    uint64_t lost, gone; /* missed between the message before and this one */
    uint32_t len;
    bool has_cause, cause_is_explicit;
    bool is_sample; /* no message: a marker's level as it was, topic "marker/NAME/level"; seq is that of the message before */
    bool has_seq;   /* false: another program's recording, where `seq` is only the place in the file, from 1 */
};

enum source_status {
    SOURCE_OK = 0,
    SOURCE_AGAIN = 1,
    SOURCE_END = 2,
    SOURCE_DAMAGED = 3,
    SOURCE_GONE = -1, /* the context was removed or replaced */
    SOURCE_FAILED = -2,
};

struct source_fault {
    char text[400]; /* UTF-8; may have names from others in it: print it escaped */
};

struct source;

/* Messages of a context, which stays the caller's: joined or tapped. NULL: *status says why, a negative enum sctx_status. */
struct source *source_open_live(sctx *ctx, const struct sctx_reader_options *options, int *status);

/* An MCAP file, ours or another program's; "-": standard input. NULL: why not. That it is no such file is told by the first source_next(). */
struct source *source_open_file(const char *path, struct source_fault *fault);

void source_close(struct source *source); /* NULL is allowed */

enum source_status source_next(struct source *source, struct source_message *message);
/* Live: until there may be something to read, at most timeout_ns; SOURCE_OK then, SOURCE_AGAIN after the time or a signal. Recordings: SOURCE_OK. */
enum source_status source_wait(struct source *source, int64_t timeout_ns);

/* The next message is the first one from this seq, or from this time, on. Losses are counted anew. */
enum source_status source_seek(struct source *source, uint64_t seq);
enum source_status source_seek_time(struct source *source, int64_t time_ns);

/* What can be read: seqs first to end - 1, published between these times. Of a live context it changes while one looks. */
struct source_range {
    uint64_t first, end;
    int64_t first_ns, last_ns;
};
enum source_status source_range(struct source *source, struct source_range *range);

/* NULL: no such topic (yet). Ids count up from 0. */
const struct source_topic *source_topic(struct source *source, uint16_t id);

/* What was missed in all: told with messages, and since the last of them. */
struct source_loss {
    uint64_t lost, gone;
};
struct source_loss source_loss(const struct source *source);

/* A live one's reader, for what only readers have; NULL: a recording. */
sctx_reader *source_reader(struct source *source);

/* After DAMAGED, GONE and FAILED: what happened. `code`: the negative enum sctx_status behind it, or 0; may be NULL. */
const char *source_fault(const struct source *source, int *code);

#endif
