/* Lesson 2: a participant that tells how the machine is: messages for what happens, markers for what is.
 *
 * A message is an event: it has a seq, a time, a sender, and stays in the ring for a while. A marker is a level: only its present
 * value counts, whoever is interested looks at it when it likes, and setting it costs one instruction. A marker may also *announce*:
 * when it crosses a threshold, the library publishes a message on marker/NAME, to which others (guard.c) react. */
#define _GNU_SOURCE
#include "json.h"
#include "machine.h"
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] = "Usage: vitals [-c NAME] [--interval SECONDS]\n"
                           "\n"
                           "Watches this machine and tells a context about it: messages on machine/**, and markers.\n"
                           "\n"
                           "  -c, --context NAME   the context; default: $SCTX_CONTEXT, then 'default'\n"
                           "  --interval SECONDS   how often to look, 0.01 to 3600; default: 1\n"
                           "  --help               this text\n";

enum topic { CPU, MEMORY, LOAD, DISK, NET, PROCESS_START, PROCESS_END, TOPICS };
static const char *const topic_names[TOPICS] = {"machine/cpu", "machine/memory",        "machine/load",       "machine/disk",
                                                "machine/net", "machine/process/start", "machine/process/end"};

enum marker { CPU_USED, CPU_BUSIEST, MEMORY_USED, LOAD_1M, DISK_WRITE, NET_RECEIVE, PROCESS_STARTED, MARKERS };
static const struct {
    const char *name, *unit;
    uint32_t kind, flags;
    double high;
} marker_table[MARKERS] = {
    [CPU_USED] = {"cpu.used", "%", SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE, 80},
    [CPU_BUSIEST] = {"cpu.busiest", "%", SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE, 95},
    [MEMORY_USED] = {"memory.used", "%", SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE, 90},
    [LOAD_1M] = {"load.1m", NULL, SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH, 0 /* the number of cores */},
    [DISK_WRITE] = {"disk.write", "B/s", SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH, 200e6},
    [NET_RECEIVE] = {"net.receive", "B/s", SCTX_MARKER_F64, SCTX_MARKER_HAS_HIGH, 100e6},
    [PROCESS_STARTED] = {"process.started", "processes", SCTX_MARKER_COUNTER, 0, 0},
};

struct vitals {
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topics[TOPICS];
    sctx_marker *markers[MARKERS];
    struct machine_sample before, now;
    struct machine_processes processes;
    int status; /* the first failure */
};

static double tenths(double x) {
    return (double)(int64_t)(x * 10 + 0.5) / 10;
}

/* After the first failure nothing is done any more. That keeps what follows free of checks. */
static void tell(struct vitals *v, enum topic topic, cJSON *object, uint64_t *seq) {
    if (v->status == SCTX_OK)
        v->status = json_publish(v->writer, v->topics[topic], object, seq);
    else
        cJSON_Delete(object);
}

static void mark(struct vitals *v, enum marker marker, double level) {
    if (v->status == SCTX_OK) v->status = sctx_marker_set(v->markers[marker], (sctx_level){.f64 = tenths(level)});
}

static void tell_cpu(struct vitals *v) {
    cJSON *object = cJSON_CreateObject(), *cores;
    double used = machine_used(v->before.all, v->now.all), busiest = 0;

    cJSON_AddNumberToObject(object, "used", tenths(used));
    cores = cJSON_AddArrayToObject(object, "cores");
    for (size_t i = 0; i < v->now.cores; i++) {
        double core = machine_used(v->before.core[i], v->now.core[i]);
        busiest = core > busiest ? core : busiest;
        cJSON_AddItemToArray(cores, cJSON_CreateNumber(tenths(core)));
    }
    tell(v, CPU, object, NULL);
    mark(v, CPU_USED, used);
    mark(v, CPU_BUSIEST, busiest);
}

static void tell_memory(struct vitals *v) {
    const struct machine_sample *now = &v->now;
    cJSON *object = cJSON_CreateObject();
    double used = now->memory_total ? 100 - 100 * (double)now->memory_available / (double)now->memory_total : 0;

    cJSON_AddNumberToObject(object, "used", tenths(used));
    cJSON_AddNumberToObject(object, "total", (double)now->memory_total);
    cJSON_AddNumberToObject(object, "available", (double)now->memory_available);
    cJSON_AddNumberToObject(object, "swap_used", (double)(now->swap_total - now->swap_free));
    tell(v, MEMORY, object, NULL);
    mark(v, MEMORY_USED, used);
}

static void tell_load(struct vitals *v) {
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "1m", v->now.load[0]);
    cJSON_AddNumberToObject(object, "5m", v->now.load[1]);
    cJSON_AddNumberToObject(object, "15m", v->now.load[2]);
    tell(v, LOAD, object, NULL);
    mark(v, LOAD_1M, v->now.load[0]);
}

static void tell_rates(struct vitals *v, enum topic topic, const char *in_name, double in, const char *out_name, double out) {
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, in_name, tenths(in));
    cJSON_AddNumberToObject(object, out_name, tenths(out));
    tell(v, topic, object, NULL);
}

static void tell_disk_and_net(struct vitals *v) {
    const struct machine_sample *a = &v->before, *b = &v->now;
    double written = machine_rate(a, b, a->disk_written, b->disk_written);
    double received = machine_rate(a, b, a->net_received, b->net_received);

    tell_rates(v, DISK, "read_per_s", machine_rate(a, b, a->disk_read, b->disk_read), "written_per_s", written);
    mark(v, DISK_WRITE, written);
    tell_rates(v, NET, "received_per_s", received, "sent_per_s", machine_rate(a, b, a->net_sent, b->net_sent));
    mark(v, NET_RECEIVE, received);
}

/* The end of a process names its start as its cause. vitals reads no messages, so no cause comes by itself, as in guard.c: it sets one. */
static void process_changed(void *arg, struct machine_process *process, bool started) {
    struct vitals *v = arg;
    cJSON *object = cJSON_CreateObject();

    json_add_text(object, "name", process->name);
    cJSON_AddNumberToObject(object, "pid", process->pid);
    if (started) {
        cJSON_AddNumberToObject(object, "parent", process->parent);
        json_add_text(object, "command", process->command);
        tell(v, PROCESS_START, object, &process->tag);
        if (v->status == SCTX_OK) v->status = sctx_marker_add(v->markers[PROCESS_STARTED], (sctx_level){.counter = 1}, NULL);
        return;
    }
    cJSON_AddNumberToObject(object, "seconds", tenths((double)(program_now_ns() - process->seen_ns) / 1e9));
    if (process->tag) /* else it ran before we did */
        sctx_cause_set(v->ctx, process->tag);
    tell(v, PROCESS_END, object, NULL);
    sctx_cause_clear(v->ctx);
}

static void look(struct vitals *v) {
    v->before = v->now;
    machine_look(&v->now);
    tell_cpu(v);
    tell_memory(v);
    tell_load(v);
    tell_disk_and_net(v);
    if (!machine_processes_look(&v->processes, process_changed, v) && v->status == SCTX_OK) v->status = SCTX_ERR_SYSTEM;
}

static int prepare(struct vitals *v) {
    int status = sctx_writer_open(v->ctx, NULL, &v->writer);

    for (int i = 0; i < TOPICS && status == SCTX_OK; i++) status = json_topic(v->ctx, topic_names[i], &v->topics[i]);
    for (int i = 0; i < MARKERS && status == SCTX_OK; i++) {
        struct sctx_marker_options options = SCTX_INIT(options);
        options.name = marker_table[i].name;
        options.unit = marker_table[i].unit;
        options.kind = marker_table[i].kind;
        options.flags = marker_table[i].flags;
        options.high.f64 = i == LOAD_1M ? (double)v->now.cores : marker_table[i].high;
        status = sctx_marker_open(v->ctx, &options, &v->markers[i]);
    }
    return status;
}

int main(int argc, char **argv) {
    static struct vitals v; /* static: some 50 KiB */
    struct program program = {.name = "vitals", .help = help, .takes_interval = true, .interval_ns = 1000000000};
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_error why = {""};
    int result = 0;

    program_options(&program, argc, argv);
    int signals = program_signals();
    machine_look(&v.now);
    machine_processes_look(&v.processes, NULL, NULL); /* those that run already are not news */

    options.context = program.context;
    options.name = program.name;
    options.error = &why;
    v.status = sctx_open(&options, &v.ctx);
    if (v.status == SCTX_OK) v.status = prepare(&v);
    while (v.status == SCTX_OK && !program_stopped(signals, program.interval_ns)) look(&v);
    if (v.status != SCTX_OK) result = program_failed(&program, "cannot go on", v.status, v.writer ? sctx_writer_error(v.writer) : why.text);

    for (int i = 0; i < MARKERS; i++) sctx_marker_close(v.markers[i]);
    sctx_writer_close(v.writer);
    sctx_close(v.ctx);
    machine_processes_free(&v.processes);
    close(signals);
    return result;
}
