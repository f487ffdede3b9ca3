/* Limits, clock and processor. */
#include "doctor.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The first line of a file that has `key` in it (NULL: the first), without the newline. */
static bool read_line(const char *path, const char *key, char *line, size_t size) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    bool found = false;
    while (!found && fgets(line, (int)size, file) != NULL) found = key == NULL || strstr(line, key) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return found;
}

static bool has_word(const char *line, const char *word) {
    size_t len = strlen(word);
    for (const char *at = strstr(line, word); at != NULL; at = strstr(at + 1, word))
        if ((at == line || at[-1] == ' ' || at[-1] == '\t') && (at[len] == ' ' || at[len] == '\0')) return true;
    return false;
}

static void limit_text(rlim_t limit, char *text, size_t size) {
    if (limit == RLIM_INFINITY)
        snprintf(text, size, "unlimited");
    else
        snprintf(text, size, "%" PRIu64, (uint64_t)limit);
}

static void check_limits(struct doctor *doctor) {
    static const struct {
        int resource;
        const char *name, *mend;
        rlim_t wanted;
    } limits[] = {
        {RLIMIT_NOFILE, "limit nofile", "ulimit -n 1024: a reader opens the arena of each writer for a moment", 256},
        {RLIMIT_FSIZE, "limit fsize", "ulimit -f unlimited: the files of a context must fit into it", 512u << 20},
        {RLIMIT_AS, "limit as", "ulimit -v unlimited: all arenas that are read are mapped", RLIM_INFINITY},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        char text[32];
        if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0) continue;
        limit_text(limit.rlim_cur, text, sizeof text);
        bool low = limit.rlim_cur < limits[i].wanted;
        doctor_report(doctor, low ? VERDICT_WARN : VERDICT_OK, limits[i].name, low ? limits[i].mend : NULL, "%s", text);
    }
    struct rlimit locked;
    char text[32];
    if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0) {
        limit_text(locked.rlim_cur, text, sizeof text);
        doctor_report(doctor, VERDICT_OK, "limit memlock", NULL, "%s (contexts are not locked into memory)", text);
    }
}

static void check_clock(struct doctor *doctor, const char *flags) {
    char source[64];
    bool known = read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL, source, sizeof source);
    if (!known) snprintf(source, sizeof source, "unknown");
#if defined(__x86_64__)
    bool steady = has_word(flags, "constant_tsc") && has_word(flags, "nonstop_tsc");
    if (steady)
        doctor_report(doctor, VERDICT_OK, "clock", NULL, "the processor's counter runs evenly; the kernel's clock source is %s", source);
    else
        doctor_report(doctor, VERDICT_WARN, "clock", "nothing to do: the system's clock is used, about 25 ns a message",
                      "the processor's counter is not said to run evenly; the kernel's clock source is %s", source);
#else
    (void)flags;
    doctor_report(doctor, VERDICT_OK, "clock", NULL, "the kernel's clock source is %s", source);
#endif
}

static void check_processor(struct doctor *doctor, const char *flags) {
#if defined(__x86_64__)
    if (has_word(flags, "cx16"))
        doctor_report(doctor, VERDICT_OK, "processor", NULL, "has cmpxchg16b");
    else
        doctor_report(doctor, VERDICT_FAIL, "processor", "in a virtual machine: choose a processor model that has cx16",
                      "has no cmpxchg16b, with which messages are published");
#else
    (void)flags;
    doctor_report(doctor, VERDICT_OK, "processor", NULL, "64-bit Arm");
#endif
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < 2)
        doctor_report(doctor, VERDICT_WARN, "cores", "more cores, if latency matters", "%ld: writers and readers take turns", cores);
    else
        doctor_report(doctor, VERDICT_OK, "cores", NULL, "%ld", cores);
}

void doctor_machine(struct doctor *doctor) {
    enum { FLAGS_MAX = 16 << 10 };
    char *flags = calloc(1, FLAGS_MAX);
    if (flags == NULL) return;
    read_line("/proc/cpuinfo", "flags", flags, FLAGS_MAX);
    check_limits(doctor);
    check_clock(doctor, flags);
    check_processor(doctor, flags);
    free(flags);
}
