/* Messages to be recorded, whose every part follows from their number, and the comparison with what comes back. */
#ifndef SCTX_TESTS_RECORDER_TAPE_H
#define SCTX_TESTS_RECORDER_TAPE_H
#include "recorder.h"
#include "source.h"

struct tape {
    struct source_message *messages;
    unsigned count;
};

/* From this seq on: topics with and without encodings and schemas, five senders, causes, losses, and a marker's sample now and then. */
void tape_make(struct tape *tape, uint64_t first_seq, unsigned count);
void tape_free(struct tape *tape);

/* To a new file, in chunks of so many messages (0: as it comes). options->path; the rest as it is. */
void tape_record(const struct tape *tape, const struct recorder_options *options, unsigned chunk);

/* NULL: it is that message, in all that a recording keeps; else what is not the same. */
const char *tape_differs(const struct source_message *wanted, const struct source_message *found);

/* What comes out of a file. */
struct heard {
    unsigned messages, faults; /* faults: SOURCE_DAMAGED */
    struct source_loss loss;
    enum source_status end; /* SOURCE_END, or what it could not go on with */
    char first_fault[400];
};
/* Ends the test unless the messages are those of the tape from number `first` on. tape NULL: whatever they are. */
void hear(const char *path, const struct tape *tape, unsigned first, struct heard *heard);

enum { PATH_ROOM = 4200 };
/* In the folder that is this test's alone. */
void path_in_folder(char path[static PATH_ROOM], const char *name);

/* A file in memory, and back. */
struct mcap_buffer;
void load(const char *path, struct mcap_buffer *bytes);
void save(const char *path, const void *data, size_t len);

#endif
