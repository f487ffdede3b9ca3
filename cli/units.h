/* Durations, sizes and numbers as people write and read them, and the two clocks. */
#ifndef SCTX_CLI_UNITS_H
#define SCTX_CLI_UNITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* All of these take the whole text or nothing. */
bool number_parse(const char *text, uint64_t *number);
bool integer_parse(const char *text, int64_t *integer);
/* The text is a whole number, with or without a sign, but one that 64 bits do not hold. */
bool number_is_too_large(const char *text);
bool real_parse(const char *text, double *real);
/* "64KiB", "1MiB", "2G" (the same as GiB), "10kB" (thousands); bare: bytes. */
bool size_parse(const char *text, uint64_t *bytes);
/* "300ms", "2s", "1.5h"; bare: seconds. */
bool duration_parse(const char *text, int64_t *ns);

/* Texts for people, in `text`, which is returned. */
enum { UNIT_TEXT = 48 };
const char *size_text(uint64_t bytes, char text[static UNIT_TEXT]);
const char *duration_text(int64_t ns, char text[static UNIT_TEXT]);
/* Local time of day, with microseconds. */
const char *clock_text(int64_t time_ns, char text[static UNIT_TEXT]);
/* Local date and time, to the second. */
const char *date_text(int64_t time_ns, char text[static UNIT_TEXT]);
/* The shortest decimal that reads back as the same double. Not for nan and inf. */
const char *real_text(double real, char text[static UNIT_TEXT]);

int64_t monotonic_ns(void);
int64_t realtime_ns(void);
/* Until monotonic_ns() reaches it; shorter when a signal comes. */
void sleep_until(int64_t monotonic_until_ns);

#endif
