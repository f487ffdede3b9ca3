/* What /proc tells about the machine. Nothing here knows of sctx. */
#ifndef EXAMPLES_MACHINE_H
#define EXAMPLES_MACHINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_CORES_MAX 1024

struct machine_cpu {
    uint64_t busy, total; /* ticks since the start of the machine */
};

/* One look. Rates are differences of two. */
struct machine_sample {
    int64_t time_ns;
    struct machine_cpu all, core[MACHINE_CORES_MAX];
    size_t cores;
    uint64_t memory_total, memory_available, swap_total, swap_free; /* bytes */
    double load[3];                                                 /* of 1, 5 and 15 minutes */
    uint64_t disk_read, disk_written, net_received, net_sent;       /* bytes since the start, of all disks and networks but lo */
};

void machine_look(struct machine_sample *sample); /* what cannot be read is 0 */

/* Per cent that was used between two looks, 0 to 100, and a rate per second. */
double machine_used(struct machine_cpu before, struct machine_cpu now);
double machine_rate(const struct machine_sample *before, const struct machine_sample *now, uint64_t amount_before, uint64_t amount_now);

struct machine_process {
    int pid, parent;
    char name[64], command[256]; /* any bytes but NUL */
    int64_t seen_ns;             /* when it was first seen */
    uint64_t tag;                /* the caller's */
};

struct machine_processes {
    struct machine_process *list; /* sorted by pid */
    size_t count;
};

/* Called for each process that came (started) or went. */
typedef void machine_process_changed(void *arg, struct machine_process *process, bool started);

/* Looks which processes there are, and tells the difference to the look before. One that lived only between two looks is not seen.
 * `changed` may be NULL. False: no memory, or no /proc. */
bool machine_processes_look(struct machine_processes *processes, machine_process_changed *changed, void *arg);
void machine_processes_free(struct machine_processes *processes);

#endif
