#include "span.h"
#include "units.h"

#include <string.h>

static bool parse(const char *text, bool *is_seq, uint64_t *seq, int64_t *ns) {
    *is_seq = number_parse(text, seq);
    return *is_seq || duration_parse(text, ns);
}

int span_parse(const struct call *call, const struct value values[static SPAN_OPTIONS], struct span *span) {
    *span = (struct span){.has_from = values[SPAN_FROM].given, .has_to = values[SPAN_TO].given};
    if (span->has_from && strcmp(values[SPAN_FROM].text, "start") == 0) span->has_from = false;
    if (span->has_from && !parse(values[SPAN_FROM].text, &span->from_is_seq, &span->from_seq, &span->from_ns))
        return say_usage(call, "--from takes a seq, or a time since the beginning such as 90s, not '%s'", values[SPAN_FROM].text);
    if (span->has_to && !parse(values[SPAN_TO].text, &span->to_is_seq, &span->to_seq, &span->to_ns))
        return say_usage(call, "--to takes a seq, or a time since the beginning such as 90s, not '%s'", values[SPAN_TO].text);
    return EXIT_DONE;
}

void span_seek(struct span *span, struct source *source) {
    struct source_range range;
    if (!span->has_from || source_range(source, &range) != SOURCE_OK) return;
    span->first_ns = range.first_ns;
    span->has_begun = true;
    (void)(span->from_is_seq ? source_seek(source, span->from_seq) : source_seek_time(source, range.first_ns + span->from_ns));
}

enum span_place span_place(struct span *span, const struct source_message *message) {
    if (!span->has_begun) span->first_ns = message->time_ns;
    span->has_begun = true;
    int64_t since = message->time_ns - span->first_ns;
    if (span->has_from && (span->from_is_seq ? message->seq < span->from_seq : since < span->from_ns)) return SPAN_BEFORE;
    if (span->has_to && (span->to_is_seq ? message->seq > span->to_seq : since > span->to_ns)) return SPAN_BEHIND;
    return SPAN_WITHIN;
}
