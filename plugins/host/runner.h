/* One plugin, whether it runs here or in a worker, and how it has behaved. Private to the host. */
#ifndef SCTX_HOST_RUNNER_H
#define SCTX_HOST_RUNNER_H
#include "host.h"
#include "module.h"
#include "worker.h"

enum { RUNNER_REST_MS = 1000 };

struct runner {
    struct found *found;
    bool is_here;   /* runs in this process */
    bool is_loaded; /* here: module is valid */
    bool is_out;    /* why says why */
    bool told_printing, is_at_known;
    uint32_t is_at; /* the topic of what its worker is still at, after a batch was given up */
    uint32_t told_findings; /* mask of enum tree_finding */
    unsigned strikes;
    uint32_t version; /* grows whenever the file changed: choices have to be made anew */
    int64_t rests_until_ms;
    struct module module;
    struct worker worker; /* path NULL: there was none yet */
    char why[400];
};

/* One topic, as its decoder sees it. */
struct topic {
    char *texts; /* what schema points to, in one block */
    sctx_schema schema;
    char pin[33];
    const char *encoding;
    struct runner *runner; /* NULL: none yet */
    uint32_t runner_version, choice_version; /* of runner and host, when it was chosen */
    enum host_how how;
    bool is_chosen;   /* also that there is none */
    unsigned sniffed; /* payloads that nobody was sure of */
    /* its instance */
    bool is_open, is_refused;
    uint32_t generation; /* of the worker in which it was opened */
    void *self;
    char refusal[TREE_REASON_MAX + 64];
};

/* What runners tell: NULL, or the host's callback. */
struct teller {
    void (*notice)(void *context, const char *line);
    void *context;
};

int64_t runner_now_ms(void);

/* Has its file changed? The new version is taken in with a clean slate, if it may be used. */
bool runner_look(struct runner *runner, const struct teller *teller);
/* Out, or at rest. */
bool runner_is_off(const struct runner *runner);
/* May it be asked now? Loads it, here or in a worker. */
bool runner_ready(struct runner *runner, const struct teller *teller);
void runner_retry(struct runner *runner);
void runner_free(struct runner *runner);

/* All of these items are of its topics: `which` are their indexes, `topics` is indexed by their topics. Outcomes and trees are filled in.
 * deadline_ms: of runner_now_ms(), for LATER; 0: none. */
void runner_decode(struct runner *runner, struct topic *topics, struct host_item *items, const size_t *which, size_t count,
                   int64_t deadline_ms, const struct teller *teller);
/* How sure it is, 0 to 100. */
int runner_sniff(struct runner *runner, const void *data, size_t len, const struct teller *teller);
/* `parsed` is the text's tree. */
enum host_encoded runner_encode(struct runner *runner, struct topic *topic, uint32_t number, const char *json, size_t len,
                                const struct tree *parsed, struct tree *tree, struct emitted *emitted, const struct teller *teller);
/* Ends the topic's instance, if it is here. */
void runner_close(struct runner *runner, struct topic *topic);

#endif
