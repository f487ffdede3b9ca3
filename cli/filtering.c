#include "filtering.h"

#include <inttypes.h>
#include <unistd.h>

int filtering_compile(const struct call *call, const char *option, const char *text, struct filter **filter) {
    struct filter_error error;
    char shown[FILTER_SHOWN_MAX];
    if (text == NULL) return EXIT_DONE;
    *filter = filter_compile(text, &error);
    if (*filter != NULL) return EXIT_DONE;
    struct out err = {.fd = STDERR_FILENO};
    if (option != NULL)
        (void)say_usage(call, "--%s is no expression, see sctx-filter(7)", option);
    else
        (void)say_usage(call, "this is no expression, see sctx-filter(7)");
    out_put(&err, shown, filter_error_show(&error, text, shown));
    out_flush(&err);
    out_free(&err);
    return EXIT_USAGE;
}

void filtering_tell_errors(const struct call *call, const struct filter *filter) {
    const char *first = "";
    uint64_t errors = filter != NULL ? filter_errors(filter, &first) : 0;
    if (errors > 0) say(call, "%" PRIu64 " messages were left out since the filter makes no sense for them: %s", errors, first);
}
