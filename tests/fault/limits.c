/* Limits of the process: RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, one after the other from none to enough. An error each time, never a signal; nothing half
 * made, no descriptor lost; and with the limit gone the same process goes on. */
#define _GNU_SOURCE
#include "fault.h"
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct sctx_error error;

static rlim_t limit_set(int which, rlim_t soft) {
    struct rlimit limit;
    MUST(getrlimit((__rlimit_resource_t)which, &limit) == 0);
    rlim_t was = limit.rlim_cur;
    limit.rlim_cur = soft;
    MUST(setrlimit((__rlimit_resource_t)which, &limit) == 0);
    return was;
}

static int create(const char *context) {
    struct sctx_create_options o = {.size = sizeof o, .context = context, .cells = 64, .arena_bytes = 64u << 10, .error = &error};
    error.text[0] = '\0';
    return sctx_create(&o);
}

static int join(const char *context, sctx **ctx, bool tap) {
    struct sctx_options o = {.size = sizeof o, .context = context, .error = &error};
    error.text[0] = '\0';
    return tap ? sctx_tap_open(&o, ctx) : sctx_open(&o, ctx);
}

/* Why a call may fail here. */
static bool is_a_reason(int rc) {
    return rc == SCTX_ERR_SYSTEM || rc == SCTX_ERR_NO_MEMORY || rc == SCTX_ERR_NO_SPACE;
}

/* ---- what is tried under a limit: 0 or a status ---------------------------------------------------------------------------- */

static int try_create(void) {
    int rc = create("made");
    MUST(rc == SCTX_OK || error.text[0]);
    MUST((access(fault_path("made", ""), F_OK) == 0) == (rc == SCTX_OK));
    return rc;
}

static int try_open(bool tap) {
    sctx *ctx = NULL;
    int rc = join("c", &ctx, tap);
    MUST((rc == SCTX_OK) == (ctx != NULL));
    MUST(rc == SCTX_OK || error.text[0]);
    sctx_close(ctx);
    return rc;
}
static int try_join(void) {
    return try_open(false);
}
static int try_tap(void) {
    return try_open(true);
}

static int try_default(void) {
    sctx *ctx = NULL;
    int rc = join("made", &ctx, false);
    MUST(rc == SCTX_OK || error.text[0]);
    sctx_close(ctx);
    return rc;
}

static sctx *own; /* joined before the limit */
static sctx_writer *own_writer;
static sctx_reader *own_reader;

static int try_writer(void) {
    sctx_writer *w = NULL;
    int rc = sctx_writer_open(own, NULL, &w);
    MUST((rc == SCTX_OK) == (w != NULL));
    sctx_writer_close(w);
    return rc;
}

static int try_reader(void) {
    sctx_reader *r = NULL;
    int rc = sctx_reader_open(own, NULL, &r);
    MUST((rc == SCTX_OK) == (r != NULL));
    sctx_reader_close(r);
    return rc;
}

static int try_reader_fd(void) {
    int fd = sctx_reader_fd(own_reader);
    return fd < 0 ? fd : SCTX_OK;
}

static int try_topic(void) {
    uint16_t id;
    struct sctx_topic_options o = {.size = sizeof o, .name = "a/new/topic"};
    return sctx_topic_register(own, &o, &id);
}

static int try_to_grow(void) {
    static unsigned char data[200000];
    uint64_t seq = 0, next = rig_info(own).tail;
    int rc = sctx_publish(own_writer, 0, data, sizeof data, &seq);
    MUST(rc == SCTX_OK ? seq == next : seq == 0 && sctx_writer_error(own_writer)[0]);
    MUST(rig_info(own).tail == next + (rc == SCTX_OK));
    if (rc != SCTX_OK) MUST(rig_say(own_writer, 0, "small ones go on") == next);
    return rc;
}

/* The first message of an arena that this reader has not met: it is there, and must not be given up for the moment's trouble. */
static int try_to_read(void) {
    struct sctx_message m;
    int rc = sctx_read(own_reader, &m);
    MUST(rc != SCTX_OK || (m.seq == 1 && m.len == 5 && memcmp(m.data, "first", 5) == 0));
    struct sctx_reader_stats s = rig_stats(own_reader);
    MUST(s.lost == 0 && s.gone == 0 && s.delivered == (rc == SCTX_OK));
    return rc;
}

static int try_remove(void) {
    int rc = sctx_remove("c", NULL, &error);
    MUST(rc == SCTX_OK || error.text[0]);
    MUST(sctx_check(own) == (rc == SCTX_OK ? SCTX_ERR_REMOVED : SCTX_OK));
    return rc;
}

static const struct trial {
    const char *name;
    int (*run)(void);
} trials[] = {{"create", try_create},
              {"join", try_join},
              {"tap", try_tap},
              {"join what is not there", try_default},
              {"writer", try_writer},
              {"reader", try_reader},
              {"reader_fd", try_reader_fd},
              {"topic", try_topic},
              {"grow", try_to_grow},
              {"read", try_to_read},
              {"remove", try_remove}};

/* ---- the limits -------------------------------------------------------------------------------------------------------------- */

struct plan {
    const struct trial *trial;
    int which;
    rlim_t first, step, enough;
};

static int under_limits(void *argument) {
    const struct plan *plan = argument;
    fault_folder();
    MUST_OK(create("c"));
    own = rig_join("c", "own");
    MUST(rig_topic(own, "t") == 0);
    own_writer = rig_writer(own);
    own_reader = rig_reader(own, SCTX_FROM_NOW, 0, NULL);
    (void)rig_say(own_writer, 0, "first");
    int descriptors = fault_descriptors(), rc = SCTX_ERR_SYSTEM;
    unsigned failures = 0;
    for (rlim_t n = plan->first; n <= plan->enough && rc != SCTX_OK; n += plan->step) {
        rlim_t was = limit_set(plan->which, n);
        rc = plan->trial->run();
        (void)limit_set(plan->which, was);
        if (rc == SCTX_OK) break;
        if (!is_a_reason(rc)) {
            (void)fprintf(stderr, "limit %llu: %s\n", (unsigned long long)n, sctx_strerror(rc));
            return 1;
        }
        failures++;
        MUST(fault_descriptors() == descriptors);
    }
    MUST(rc == SCTX_OK);
    MUST(plan->which != RLIMIT_NOFILE || failures > 0 || plan->trial->run == try_topic); /* the limit was felt */
    (void)sctx_remove("made", NULL, NULL);
    sctx_reader_close(own_reader);
    sctx_writer_close(own_writer);
    sctx_close(own);
    rc = sctx_remove("c", NULL, NULL);
    MUST(rc == SCTX_OK || plan->trial->run == try_remove);
    return fault_entries(getenv("SCTX_DIR"));
}

static bool all_under(int which, const char *limit, rlim_t first, rlim_t step, rlim_t enough) {
    bool ok = true;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        char name[64];
        struct plan plan = {&trials[i], which, first, step, enough};
        (void)snprintf(name, sizeof name, "%s under %s", trials[i].name, limit);
        ok &= fault_case(name, under_limits, &plan);
    }
    return ok;
}

/* A file may be no longer than the ring is: without care, that is SIGXFSZ. */
static bool file_sizes(void) {
    static const rlim_t sizes[] = {0, 4096, 300u << 10, 1u << 20, 2u << 20, 64u << 20};
    bool ok = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ok &= all_under(RLIMIT_FSIZE, "RLIMIT_FSIZE", sizes[i], 128u << 20, 256u << 20);
    return ok;
}

int main(void) {
    bool ok = all_under(RLIMIT_NOFILE, "RLIMIT_NOFILE", 0, 1, 40);
    ok &= file_sizes();
    ok &= all_under(RLIMIT_AS, "RLIMIT_AS", 1u << 20, 8u << 20, 400u << 20);
    return ok ? 0 : 1;
}
