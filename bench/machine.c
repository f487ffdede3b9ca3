/* What the figures were taken on, and which two cores to use. */
#include "bench.h"
#include "measure.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool first_line(const char *path, char *buf, size_t n) {
    FILE *f = fopen(path, "re");
    if (f == NULL) return false;
    bool got = fgets(buf, (int)n, f) != NULL;
    fclose(f);
    if (got) buf[strcspn(buf, "\n")] = '\0';
    return got;
}

static void look_at_cpuinfo(struct machine *m) {
    char line[4096];
    bool constant = false, nonstop = false;
    snprintf(m->cpu, sizeof m->cpu, "unknown");
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        char *value = strchr(line, ':');
        line[strcspn(line, "\n")] = '\0';
        if (value == NULL || value[1] == '\0') continue;
        value += 2;
        if (strncmp(line, "model name", 10) == 0) snprintf(m->cpu, sizeof m->cpu, "%s", value);
        if (strncmp(line, "flags", 5) != 0) continue;
        constant = strstr(value, " constant_tsc") != NULL;
        nonstop = strstr(value, " nonstop_tsc") != NULL;
        m->is_virtual = strstr(value, " hypervisor") != NULL;
        break;
    }
    if (f != NULL) fclose(f);
#if defined(__x86_64__)
    m->steady_counter = constant && nonstop;
#else
    m->steady_counter = true;
    (void)constant;
    (void)nonstop;
#endif
}

static int topology(int cpu, const char *what) {
    char path[128], text[32];
    int n = -1;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
    if (!first_line(path, text, sizeof text) || sscanf(text, "%d", &n) != 1) return -1;
    return n;
}

/* The first core that we may use, and the next on another physical core of the same package; else of any; else any other. */
static void choose_cores(struct bench *b) {
    cpu_set_t set;
    int first = -1, best = -1, best_rank = -1;
    if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
    b->machine.allowed = (unsigned)CPU_COUNT(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((unsigned)cpu, &set)) continue;
        if (first < 0) {
            first = cpu;
            continue;
        }
        bool same_package = topology(cpu, "physical_package_id") == topology(first, "physical_package_id");
        bool same_core = same_package && topology(cpu, "core_id") == topology(first, "core_id");
        int rank = same_core ? 0 : same_package ? 2 : 1;
        if (rank > best_rank) {
            best = cpu;
            best_rank = rank;
        }
    }
    static const char *const word[] = {"two threads of one physical core", "different packages", "different physical cores of one package"};
    b->cpu[0] = first < 0 ? 0 : first;
    b->cpu[1] = best < 0 ? b->cpu[0] : best;
    snprintf(b->machine.topology, sizeof b->machine.topology, "%s",
             best_rank < 0 ? "only one core: figures between two are left out" : word[best_rank]);
}

void machine_look(struct bench *b) {
    struct machine *m = &b->machine;
    struct utsname u;
    char path[128];
    look_at_cpuinfo(m);
    m->online = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    choose_cores(b);
    if (uname(&u) == 0) snprintf(m->kernel, sizeof m->kernel, "%.60s %.60s", u.release, u.machine);
    if (!first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", m->clock_source, sizeof m->clock_source))
        snprintf(m->clock_source, sizeof m->clock_source, "unknown");
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", b->cpu[0]);
    if (!first_line(path, m->governor, sizeof m->governor)) snprintf(m->governor, sizeof m->governor, "none to be seen");
    bench_ticks_calibrate();
}
