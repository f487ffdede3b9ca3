/* What commands read that look at messages which are there already: a context from its oldest message on, without joining it, or a recording. */
#ifndef SCTX_CLI_READING_H
#define SCTX_CLI_READING_H
#include "batch.h"

/* First of a command's options that read: then the four of decoders.h. */
enum { READING_FILE, READING_DECODERS, READING_OPTIONS = READING_DECODERS + DECODERS_OPTIONS };
#define OPTIONS_READING {"file", 0, OPTION_TEXT, "FILE", "a recording, instead of the context; '-': standard input", NULL, NULL}, OPTIONS_DECODERS

struct reading {
    const struct call *call;
    sctx *ctx; /* NULL: a recording */
    struct source *source;
    struct decoding *decoding;
    struct filter *filter; /* the caller's: what it lets through has is_wanted set; NULL: all has. May be set before each reading_all() */
    uint64_t end; /* of a context: what was published after we began is not read */
    uint64_t damaged;
    struct batch batch;
};

/* `path`: a recording; NULL: the context. EXIT_DONE, or said why not. The struct is the caller's, zeroed. */
int reading_open(struct reading *reading, const struct call *call, const char *path, const struct value decoders[static DECODERS_OPTIONS]);
/* From its beginning to its end: each message decoded as `want` asks (enum sctx_want; 0: not), and handed over in its order; false of take() ends it. Samples are
 * left out. May be called again. EXIT_DONE, EXIT_LOSS (damaged; told), or EXIT_FAILED (told). */
int reading_all(struct reading *reading, uint32_t want, bool (*take)(void *context, const struct batched *item), void *context);
void reading_close(struct reading *reading);

#endif
