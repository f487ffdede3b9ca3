/* Messages written to a recording. They are gathered in chunks; a thread of its own indexes, compresses and writes these, so that whoever reads the bus
 * never waits for the disk: what waits to be written is bounded, and while it is full recorder_add() waits, the ring goes on, and the reader's loss
 * is counted as ever.
 *
 * A chunk is closed at 1 MiB or after 250 ms (recorder_tick()), so a kill costs at most that; what was written before can be read (sctx recover).
 *
 * [all but recorder_state(): one thread; recorder_state(): any] */
#ifndef SCTX_RECORDER_RECORDER_H
#define SCTX_RECORDER_RECORDER_H
#include "mcap_compress.h"
#include "source.h"

struct recorder_options {
    const char *path;    /* "-": standard output. With split files "x.mcap" becomes "x-0001.mcap" and so on */
    bool overwrite;      /* else a file that is there is left alone */
    const char *context; /* what is recorded, for the file's metadata */
    enum mcap_compression compression;
    int level;            /* 0: the usual one */
    uint64_t split_bytes; /* a new file after so many; 0: one file */
    int64_t split_ns;     /* or after such a time; 0 */
    unsigned keep;        /* of split files only the latest so many stay; 0: all */
    uint64_t min_free;    /* stop while the disk still has so many bytes free; 0: never */
    uint64_t buffer_max;  /* bytes that wait to be written, at most; 0: 64 MiB */
};

struct recorder;

/* NULL: why not. */
struct recorder *recorder_open(const struct recorder_options *options, struct source_fault *fault);

/* Copied. false: the recording has ended, recorder_state() says why. */
bool recorder_add(struct recorder *recorder, const struct source_message *message);
/* Missed behind the last message. */
bool recorder_add_loss(struct recorder *recorder, uint64_t lost, uint64_t gone);
/* Hands over what is older than 250 ms. To be called at least that often while nothing comes. */
bool recorder_tick(struct recorder *recorder);

enum recorder_end { RECORDER_GOES_ON, RECORDER_FULL /* min_free */, RECORDER_FAILED };

struct recorder_state {
    enum recorder_end end;
    char text[400];          /* why it ended */
    uint64_t messages;       /* added, without samples */
    uint64_t samples;        /* of markers */
    uint64_t lost, gone;     /* as they came along */
    uint64_t message_bytes;  /* of their payloads */
    uint64_t bytes;          /* on disk, of all files */
    uint64_t record_bytes;   /* of what is in these, uncompressed */
    uint64_t waiting_bytes;  /* to be written */
    uint64_t unwritten;      /* messages that were added, and are in no file, since it failed */
    uint64_t free_bytes;     /* on the disk, when it was last looked */
    unsigned files, removed; /* begun; removed by `keep` */
};
void recorder_state(struct recorder *recorder, struct recorder_state *state);
/* The file that is written now; "-": standard output. Until recorder_close(). */
const char *recorder_path(struct recorder *recorder);

/* Writes what is left, and the file's end. *state as of then; NULL is allowed for either. */
void recorder_close(struct recorder *recorder, struct recorder_state *state);

#endif
