#define _GNU_SOURCE
#include "machine.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- levels and amounts ---- */

static void cpu_line(const char *line, struct machine_sample *sample) {
    uint64_t user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0;
    unsigned core;
    struct machine_cpu *cpu = &sample->all;

    if (strncmp(line, "cpu", 3) != 0) return;
    if (sscanf(line, "cpu%u", &core) == 1 && isdigit((unsigned char)line[3])) {
        if (core >= MACHINE_CORES_MAX) return;
        cpu = &sample->core[core];
        if (core >= sample->cores) sample->cores = core + 1;
    }
    if (sscanf(line, "%*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &user, &nice,
               &system, &idle, &iowait, &irq, &softirq, &steal) < 4)
        return;
    cpu->busy = user + nice + system + irq + softirq + steal;
    cpu->total = cpu->busy + idle + iowait;
}

static void memory_line(const char *line, struct machine_sample *sample) {
    uint64_t kib;

    if (sscanf(line, "MemTotal: %" SCNu64, &kib) == 1)
        sample->memory_total = kib * 1024;
    else if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
        sample->memory_available = kib * 1024;
    else if (sscanf(line, "SwapTotal: %" SCNu64, &kib) == 1)
        sample->swap_total = kib * 1024;
    else if (sscanf(line, "SwapFree: %" SCNu64, &kib) == 1)
        sample->swap_free = kib * 1024;
}

static void load_line(const char *line, struct machine_sample *sample) {
    if (sscanf(line, "%lf %lf %lf", &sample->load[0], &sample->load[1], &sample->load[2]) < 3) memset(sample->load, 0, sizeof sample->load);
}

/* Whole disks only: their partitions, and what is stacked on them, would count twice. */
static bool whole_disk(const char *name) {
    char path[96];

    if (strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0 || strncmp(name, "dm-", 3) == 0 || strncmp(name, "md", 2) == 0)
        return false;
    snprintf(path, sizeof path, "/sys/block/%s", name);
    return access(path, F_OK) == 0;
}

static void disk_line(const char *line, struct machine_sample *sample) {
    char name[64];
    uint64_t read, written; /* sectors, always of 512 bytes here */

    if (sscanf(line, "%*u %*u %63s %*u %*u %" SCNu64 " %*u %*u %*u %" SCNu64, name, &read, &written) == 3 && whole_disk(name)) {
        sample->disk_read += read * 512;
        sample->disk_written += written * 512;
    }
}

static void net_line(const char *line, struct machine_sample *sample) {
    char name[64];
    uint64_t received, sent;

    if (sscanf(line, " %63[^:]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, &received, &sent) == 3 &&
        strcmp(name, "lo") != 0) {
        sample->net_received += received;
        sample->net_sent += sent;
    }
}

static void each_line(const char *path, void (*take)(const char *line, struct machine_sample *sample), struct machine_sample *sample) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;

    if (!file) return;
    while (getline(&line, &capacity, file) > 0) take(line, sample);
    free(line);
    fclose(file);
}

void machine_look(struct machine_sample *sample) {
    memset(sample, 0, sizeof *sample);
    sample->time_ns = now_ns();
    each_line("/proc/stat", cpu_line, sample);
    each_line("/proc/meminfo", memory_line, sample);
    each_line("/proc/loadavg", load_line, sample);
    each_line("/proc/diskstats", disk_line, sample);
    each_line("/proc/net/dev", net_line, sample);
}

double machine_used(struct machine_cpu before, struct machine_cpu now) {
    if (now.total <= before.total || now.busy <= before.busy) return 0;
    double used = 100.0 * (double)(now.busy - before.busy) / (double)(now.total - before.total);
    return used > 100 ? 100 : used;
}

double machine_rate(const struct machine_sample *before, const struct machine_sample *now, uint64_t amount_before, uint64_t amount_now) {
    if (now->time_ns <= before->time_ns || amount_now <= amount_before) return 0;
    return (double)(amount_now - amount_before) * 1e9 / (double)(now->time_ns - before->time_ns);
}

/* ---- processes ---- */

static size_t file_read(int pid, const char *leaf, char *buf, size_t bytes) {
    char path[64];
    FILE *file;
    size_t got = 0;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, leaf);
    file = fopen(path, "re");
    if (file) {
        got = fread(buf, 1, bytes - 1, file);
        fclose(file);
    }
    buf[got] = '\0';
    return got;
}

/* The line is "PID (NAME) STATE PARENT ..."; a name may have any character in it, also ')'. False: it is gone already. */
static bool process_read(struct machine_process *process) {
    char stat[512];
    size_t length = file_read(process->pid, "stat", stat, sizeof stat);
    char *open = strchr(stat, '('), *close = strrchr(stat, ')');

    if (!length || !open || !close || close < open) return false;
    *close = '\0';
    snprintf(process->name, sizeof process->name, "%s", open + 1);
    if (sscanf(close + 1, " %*c %d", &process->parent) != 1) process->parent = 0;
    length = file_read(process->pid, "cmdline", process->command, sizeof process->command);
    while (length && process->command[length - 1] == '\0') length--;
    for (size_t i = 0; i < length; i++) /* the arguments are split by NULs */
        if (process->command[i] == '\0') process->command[i] = ' ';
    return true;
}

static int by_pid(const void *a, const void *b) {
    int x = ((const struct machine_process *)a)->pid, y = ((const struct machine_process *)b)->pid;

    return (x > y) - (x < y);
}

static bool pids_list(struct machine_processes *found) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    size_t capacity = 0;

    if (!proc) return false;
    while ((entry = readdir(proc)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        if (found->count == capacity) {
            capacity = capacity ? 2 * capacity : 512;
            struct machine_process *list = realloc(found->list, capacity * sizeof *list);
            if (!list) {
                closedir(proc);
                return false;
            }
            found->list = list;
        }
        found->list[found->count++] = (struct machine_process){.pid = atoi(entry->d_name)};
    }
    closedir(proc);
    if (found->count) qsort(found->list, found->count, sizeof *found->list, by_pid);
    return true;
}

bool machine_processes_look(struct machine_processes *processes, machine_process_changed *changed, void *arg) {
    struct machine_processes now = {NULL, 0};
    size_t before = 0, kept = 0;

    if (!pids_list(&now)) {
        free(now.list);
        return false;
    }
    for (size_t i = 0; i < now.count; i++) { /* both lists are sorted */
        struct machine_process *process = &now.list[kept];
        process->pid = now.list[i].pid;
        for (; before < processes->count && processes->list[before].pid < process->pid; before++)
            if (changed) changed(arg, &processes->list[before], false);
        if (before < processes->count && processes->list[before].pid == process->pid) {
            *process = processes->list[before++];
            kept++;
        } else if (process_read(process)) {
            process->seen_ns = now_ns();
            process->tag = 0;
            kept++;
            if (changed) changed(arg, process, true);
        }
    }
    now.count = kept;
    for (; before < processes->count; before++)
        if (changed) changed(arg, &processes->list[before], false);
    free(processes->list);
    *processes = now;
    return true;
}

void machine_processes_free(struct machine_processes *processes) {
    free(processes->list);
    *processes = (struct machine_processes){NULL, 0};
}
