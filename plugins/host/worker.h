/* The host's end of one worker: a process in which one plugin runs. Started when it is first needed, ended with the host.
 *
 * A batch: worker_begin(), worker_add() for each item, worker_run(), then each answer with worker_take_tree() or _bytes(). */
#ifndef SCTX_HOST_WORKER_H
#define SCTX_HOST_WORKER_H
#include "wire.h"

#include <sys/types.h>

/* How long a plugin may take. Of processor time, so that a busy machine makes nobody a culprit; of wall time where it only sleeps. */
enum {
    WORKER_STEP_MS = 100,  /* for one payload, or to be loaded */
    WORKER_BATCH_MS = 150, /* wall time for a batch: what is not done then is left undecoded, and held against nobody */
    WORKER_LAST_MS = 2000, /* wall time for one step, however busy the machine is */
};

enum worker_end {
    WORKER_DONE,
    WORKER_PARTLY, /* out of time, and it lives: the first `done` items are answered */
    /* crashed, ended, was ended; `why` says it; the first `done` items are answered, the next one did it (if all are, what went before) */
    WORKER_DIED,
};

struct worker {
    char *path;
    struct wire *wire; /* of the last one, also after its end */
    pid_t pid;         /* -1: not running */
    int socket;
    uint32_t generation; /* grows with each start: topics have to be opened anew */
    uint32_t request_len;
    uint32_t count, done;
    uint32_t asked;      /* batches since its start */
    struct {
        uint32_t want, len;
    } items[WIRE_BATCH]; /* as they were asked: what the shared memory says of it now is not to be trusted */
    bool is_busy;        /* owes an answer to a batch that was given up */
    int64_t busy_cpu_ms; /* what it had used of the processor then */
    bool has_sniff, has_encode;
    bool wrote;    /* since it was last asked: it tried to print something */
    char why[320]; /* after WORKER_DIED: "crashed (segmentation fault)" */
};

/* `path` is copied. false: out of memory. */
bool worker_init(struct worker *worker, const char *path);
void worker_stop(struct worker *worker); /* ends the process; it can be started again */
void worker_free(struct worker *worker);

/* Starts it if it is not running, and waits until the plugin is loaded. To be called before each batch, when all answers of the last are taken: the
 * kernel allows a worker so much processor time in its life (sandbox.c), and one that has used half of it is replaced here. */
enum worker_end worker_start(struct worker *worker);

/* A new batch. Only while it runs; PARTLY: it is still at an earlier one. */
enum worker_end worker_begin(struct worker *worker);

struct worker_part {
    const void *data;
    size_t len;
};
/* false: no room in this batch. */
bool worker_add(struct worker *worker, enum wire_kind kind, uint32_t topic, uint32_t want, const struct worker_part *parts, size_t count);
enum worker_end worker_run(struct worker *worker);

/* Of an item that is done: what came of it, checked. Out of memory: a tree that is cut. */
void worker_take_tree(struct worker *worker, uint32_t item, size_t payload_len, struct tree *tree);
/* Of WIRE_OPEN: status, offset and reason alone. */
void worker_take_outcome(struct worker *worker, uint32_t item, struct tree *tree);
/* Of WIRE_ENCODE: the payload; the tree gets status, offset and reason. false: out of memory. */
bool worker_take_bytes(struct worker *worker, uint32_t item, struct tree *tree, struct emitted *emitted);
int worker_sniffed(const struct worker *worker, uint32_t item); /* 0 to 100 */

#endif
