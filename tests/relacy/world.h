/* A ring so small that it is lapped after two messages, with its writers and readers, each as if in a process of its own: what core/src works on in the
 * scenarios of ring.cpp. No files, no system calls. C on this side, relacy on the other. */
#ifndef RELACY_WORLD_H
#define RELACY_WORLD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define WORLD_SIDES 4u /* writers, and readers, at most */
#define WORLD_SAID 16u

struct world_plan {
    unsigned cells, writers, readers;
    unsigned records; /* that an arena holds */
    bool gating;      /* payloads and records are then watched for races: who waits for a gate has to be ordered after the copy */
    bool joining; /* nobody is gated from the start: world_join_gated() */
    bool sleeping;    /* latch and wave take part */
    bool marker;
};

struct world_message {
    uint64_t seq, lost, gone;
    int64_t time;
    uint64_t words[2];
    size_t len;
};

/* Everything anew; `track` is told which words are shared: (address, bytes, whether a race on it is an error, initial value). */
void world_reset(const struct world_plan *plan, void (*track)(void *at, size_t bytes, bool race, uint64_t value));

/* Publishes {id, id}: a status. */
int world_say(unsigned writer, uint64_t id, uint64_t *seq);
int world_say_two(unsigned writer, uint64_t id, uint64_t *seq); /* as a batch, ids id and id + 1; the second's seq */
int world_read(unsigned reader, struct world_message *message);
int world_wait(unsigned reader);
void world_join_gated(unsigned reader);
uint64_t world_cursor(unsigned reader);
void world_account(unsigned reader, uint64_t *delivered, uint64_t *lost, uint64_t *gone);

int world_marker_add(double delta);
double world_marker_level(void);
int world_marker_set(double level);
void world_flag_set(uint64_t value); /* a word beside the marker, relaxed */
uint64_t world_flag(void);

extern const int world_ok, world_again;
void *world_base(size_t *bytes);
void *world_wave(void);
#ifdef __cplusplus
}
#endif
#endif
