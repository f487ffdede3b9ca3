#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool number_parse(const char *text, uint64_t *number) {
    if (!isdigit((unsigned char)text[0])) return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *number = value;
    return true;
}

bool integer_parse(const char *text, int64_t *integer) {
    if (!isdigit((unsigned char)text[text[0] == '-' || text[0] == '+'])) return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *integer = value;
    return true;
}

bool number_is_too_large(const char *text) {
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    int64_t integer;
    uint64_t number;
    size_t len = strspn(digits, "0123456789");
    return len > 0 && digits[len] == '\0' && !integer_parse(text, &integer) && !number_parse(text, &number);
}

bool real_parse(const char *text, double *real) {
    if (text[0] == '\0' || isspace((unsigned char)text[0])) return false;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (*end != '\0' || (errno == ERANGE && fabs(value) > 1)) return false;
    *real = value;
    return true;
}

struct unit {
    const char *name;
    double factor;
};

/* A decimal number and one of the units; the first is what a bare number is in. */
static bool quantity_parse(const char *text, const struct unit *units, size_t count, double most, double *quantity) {
    if (!isdigit((unsigned char)text[0]) && text[0] != '.') return false;
    char *end;
    double value = strtod(text, &end);
    if (end == text || memchr(text, 'x', (size_t)(end - text)) != NULL) return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(end, units[i].name) == 0 || (*end == '\0' && i == 0)) {
            value *= units[i].factor;
            if (!(value <= most)) return false;
            *quantity = value;
            return true;
        }
    return false;
}

bool size_parse(const char *text, uint64_t *bytes) {
    static const struct unit units[] = {
        {"B", 1},      {"KiB", 0x1p10}, {"K", 0x1p10}, {"k", 0x1p10}, {"MiB", 0x1p20}, {"M", 0x1p20}, {"GiB", 0x1p30},
        {"G", 0x1p30}, {"TiB", 0x1p40}, {"T", 0x1p40}, {"kB", 1e3},   {"MB", 1e6},     {"GB", 1e9},
    };
    if (number_parse(text, bytes)) return true;
    double value = 0;
    if (!quantity_parse(text, units, sizeof units / sizeof *units, 0x1p62, &value)) return false;
    *bytes = (uint64_t)value;
    return true;
}

bool duration_parse(const char *text, int64_t *ns) {
    static const struct unit units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    double value = 0;
    if (!quantity_parse(text, units, sizeof units / sizeof *units, 0x1p61, &value)) return false;
    *ns = (int64_t)value;
    return true;
}

const char *size_text(uint64_t bytes, char text[static UNIT_TEXT]) {
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        snprintf(text, UNIT_TEXT, "%u B", (unsigned)bytes);
        return text;
    }
    for (; value >= 1023.95 && unit + 1 < sizeof names / sizeof *names; unit++) value /= 1024;
    snprintf(text, UNIT_TEXT, value == (double)(uint64_t)value ? "%.0f %s" : "%.1f %s", value, names[unit]);
    return text;
}

const char *duration_text(int64_t ns, char text[static UNIT_TEXT]) {
    double s = (double)ns / 1e9;
    if (ns < 1000000)
        snprintf(text, UNIT_TEXT, "%.1f µs", s * 1e6);
    else if (ns < NS_PER_S)
        snprintf(text, UNIT_TEXT, "%.1f ms", s * 1e3);
    else if (s < 120)
        snprintf(text, UNIT_TEXT, "%.1f s", s);
    else if (s < 7200)
        snprintf(text, UNIT_TEXT, "%.1f min", s / 60);
    else
        snprintf(text, UNIT_TEXT, "%.1f h", s / 3600);
    return text;
}

static int64_t split(int64_t time_ns, struct tm *local) {
    time_t second = (time_t)(time_ns / NS_PER_S);
    int64_t rest = time_ns % NS_PER_S;
    if (rest < 0) {
        second--;
        rest += NS_PER_S;
    }
    if (localtime_r(&second, local) == NULL) *local = (struct tm){.tm_mday = 1};
    return rest;
}

const char *clock_text(int64_t time_ns, char text[static UNIT_TEXT]) {
    struct tm local;
    int64_t rest = split(time_ns, &local);
    snprintf(text, UNIT_TEXT, "%02d:%02d:%02d.%06d", local.tm_hour, local.tm_min, local.tm_sec, (int)(rest / 1000));
    return text;
}

const char *date_text(int64_t time_ns, char text[static UNIT_TEXT]) {
    struct tm local;
    split(time_ns, &local);
    if (strftime(text, UNIT_TEXT, "%Y-%m-%d %H:%M:%S", &local) == 0) text[0] = '\0';
    return text;
}

const char *real_text(double real, char text[static UNIT_TEXT]) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, UNIT_TEXT, "%.*g", digits, real);
        if (strtod(text, NULL) == real) break;
    }
    return text;
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t monotonic_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}
int64_t realtime_ns(void) {
    return clock_ns(CLOCK_REALTIME);
}

void sleep_until(int64_t monotonic_until_ns) {
    struct timespec until = {.tv_sec = monotonic_until_ns / NS_PER_S, .tv_nsec = monotonic_until_ns % NS_PER_S};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
