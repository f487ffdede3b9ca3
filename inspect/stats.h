/* How much is said: by topic, by sender, and by who says what where. Fed with a source's messages in their order, live or recorded; all times are the
 * messages' own. Nothing is estimated but where it says so. Samples of markers are no messages, and are not counted.
 *
 * Bounded: what does not fit any more (STATS_SENDERS_MAX, STATS_PAIRS_MAX) is in the totals, and counted as `unheld`. [owner: one thread] */
#ifndef SCTX_INSPECT_STATS_H
#define SCTX_INSPECT_STATS_H
#include "source.h"

enum {
    STATS_SENDERS_MAX = 8192,
    STATS_PAIRS_MAX = 65536,
    STATS_SECONDS = 60,       /* of the past, of which messages are counted second by second */
    STATS_LAST_MAX = 4096,    /* bytes of a topic's last payload that are kept */
};

struct stats_row {
    const char *name;     /* of the topic or sender; any bytes may be in a sender's. Pairs: NULL */
    const char *encoding; /* of the topic; else NULL */
    uint32_t id;          /* the topic's in the source; the sender's join number, 0: it has none */
    uint32_t pid;         /* the sender's; 0: not known */
    uint32_t topic, sender; /* of a pair: numbers of rows */
    uint32_t pairs;       /* of a topic: senders; of a sender: topics */
    uint64_t messages, bytes;
    uint32_t len_min, len_max, len_last;
    int64_t first_ns, last_ns;
    uint64_t last_seq;
    uint32_t last_sender; /* of a topic: number of its row; UINT32_MAX: not held */
    /* The time from one message to the next, and how much it differs from what it was in the mean: moving means, of which each new value is a 16th, as
     * for the jitter of RFC 3550, section 6.4.1; but of the first 16 the mean. ns; 0 until there are two and three messages. */
    double interval_ns, jitter_ns;
    /* By second of the messages' times, modulo STATS_SECONDS; `second` is the latest. */
    int64_t second;
    uint32_t by_second[STATS_SECONDS];
    uint64_t bytes_now, bytes_before; /* in the latest second and in the one before it */
    unsigned char *last; /* of a topic: the last payload, of which last_held bytes are kept */
    uint32_t last_held, last_room;
};

struct stats;

struct stats *stats_open(void); /* NULL: no memory */
void stats_close(struct stats *stats);
void stats_reset(struct stats *stats);
struct stats *stats_copy(const struct stats *stats); /* NULL: no memory */

/* false: no memory for something new; it is in the totals. */
bool stats_add(struct stats *stats, const struct source_message *message);
/* Missed behind the last message. */
void stats_add_loss(struct stats *stats, uint64_t lost, uint64_t gone);

/* In the order in which they were first met. Valid until the next call that adds or resets. */
uint32_t stats_topics(const struct stats *stats);
const struct stats_row *stats_topic(const struct stats *stats, uint32_t row);
uint32_t stats_senders(const struct stats *stats);
const struct stats_row *stats_sender(const struct stats *stats, uint32_t row);
uint32_t stats_pairs(const struct stats *stats);
const struct stats_row *stats_pair(const struct stats *stats, uint32_t row);
const struct stats_row *stats_total(const struct stats *stats);
/* The row of a sender that joined as this number; NULL: there is none. */
const struct stats_row *stats_find_sender(const struct stats *stats, uint32_t join);

struct stats_loss {
    uint64_t lost, gone; /* messages that were not seen */
    uint64_t unheld;     /* that were seen, and are in the totals only */
};
struct stats_loss stats_loss(const struct stats *stats);

/* A second, in the last second before `now_ns`: the part of the second before that is still in it is taken as spread evenly. */
double stats_rate(const struct stats_row *row, int64_t now_ns);
double stats_byte_rate(const struct stats_row *row, int64_t now_ns);
/* Messages of each of the last `count` full seconds before now_ns, the latest last; at most STATS_SECONDS - 1. */
void stats_history(const struct stats_row *row, int64_t now_ns, double *values, size_t count);

#endif
