#include "figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000

static const char *scaled(double value, double step, const char *const *units, int count, char *text) {
    int unit = 0;
    while (unit + 1 < count && value >= (step > 1000 ? 1000 : step) - 0.05) {
        value /= step;
        unit++;
    }
    bool whole = value >= 99.95 || fabs(value - floor(value)) < 0.05;
    (void)snprintf(text, FIGURE, whole ? "%.0f%s" : "%.1f%s", value, units[unit]);
    return text;
}

const char *figure_count(double count, char text[static FIGURE]) {
    static const char *const units[] = {"", "k", "M", "G", "T"};
    return scaled(count, 1000, units, 5, text);
}

const char *figure_bytes(double bytes, char text[static FIGURE]) {
    static const char *const units[] = {"B", "K", "M", "G", "T"};
    return scaled(bytes, 1024, units, 5, text);
}

const char *figure_duration(double ns, char text[static FIGURE]) {
    static const char *const units[] = {"ns", "us", "ms"};
    double s = ns / 1e9;
    if (ns < 0) ns = 0;
    if (s < 0.9995) return scaled(ns, 1000, units, 3, text);
    if (s < 99.5)
        (void)snprintf(text, FIGURE, s < 9.95 ? "%.1fs" : "%.0fs", s);
    else if (s < 3600)
        (void)snprintf(text, FIGURE, "%dm%02ds", (int)s / 60, (int)s % 60);
    else if (s < 86400)
        (void)snprintf(text, FIGURE, "%dh%02dm", (int)s / 3600, (int)s / 60 % 60);
    else
        (void)snprintf(text, FIGURE, "%.0fd", floor(s / 86400));
    return text;
}

const char *figure_clock(int64_t time_ns, char text[static FIGURE]) {
    time_t second = (time_t)(time_ns / SECOND);
    struct tm tm;
    if (time_ns < 0 || localtime_r(&second, &tm) == NULL) return strcpy(text, "?");
    (void)snprintf(text, FIGURE, "%02d:%02d:%02d.%06d", tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(time_ns % SECOND / 1000));
    return text;
}

const char *figure_date(int64_t time_ns, char text[static FIGURE]) {
    time_t second = (time_t)(time_ns / SECOND);
    struct tm tm;
    if (time_ns < 0 || localtime_r(&second, &tm) == NULL || strftime(text, FIGURE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(text, FIGURE, "?");
    return text;
}
