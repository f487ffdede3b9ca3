#include "runner_ways.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t runner_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void runner_tell(const struct runner *runner, const struct teller *teller, const char *what) {
    char line[1200];
    (void)snprintf(line, sizeof line, "plugin %s (%.300s) %s", runner->found->manifest.name, runner->found->path, what);
    if (teller->notice != NULL) teller->notice(teller->context, line);
}

static void put_out(struct runner *runner, const struct teller *teller, const char *why) {
    char text[700];
    (void)snprintf(runner->why, sizeof runner->why, "%.*s", (int)sizeof runner->why - 1, why);
    (void)snprintf(text, sizeof text, "%.500s; it is left out until its file changes", why);
    runner->is_out = true;
    runner_tell(runner, teller, text);
}

void runner_strike(struct runner *runner, const struct topic *topic, bool took_long, const struct teller *teller) {
    char text[700], where[200] = "";
    (void)snprintf(runner->why, sizeof runner->why, "%s", runner->worker.why);
    if (topic != NULL && topic->schema.topic.n > 0) (void)snprintf(where, sizeof where, " on topic '%.150s'", topic->schema.topic.p);
    runner->strikes++;
    runner->is_out = runner->strikes >= HOST_STRIKES;
    if (took_long) runner->rests_until_ms = runner_now_ms() + RUNNER_REST_MS;
    (void)snprintf(text, sizeof text, "%s%s; strike %u of %d: %s", runner->why, where, runner->strikes, (int)HOST_STRIKES,
                   runner->is_out ? "what it decodes is shown undecoded until its file changes or it is tried again"
                   : took_long    ? "it rests for a second"
                                  : "it is started again");
    runner_tell(runner, teller, text);
}

void runner_tell_findings(struct runner *runner, const struct tree *tree, const struct teller *teller) {
    uint32_t news = tree->findings & ~runner->told_findings;
    for (unsigned n = 0; n < TREE_FINDINGS && news != 0; n++) {
        char text[200];
        if ((news & 1u << n) == 0) continue;
        (void)snprintf(text, sizeof text, "%s; what it says is shown mended (sctx plugin check says more)", tree_finding_text(n));
        runner_tell(runner, teller, text);
    }
    runner->told_findings |= news;
    if (!runner->worker.wrote || runner->told_printing) return;
    runner->told_printing = true;
    runner_tell(runner, teller, "tries to print; nothing of that is shown");
}

void runner_retry(struct runner *runner) {
    runner->is_out = false;
    runner->strikes = 0;
    runner->rests_until_ms = 0;
    runner->why[0] = '\0';
}

bool runner_is_off(const struct runner *runner) {
    return runner->is_out || runner_now_ms() < runner->rests_until_ms;
}

bool runner_look(struct runner *runner, const struct teller *teller) {
    struct found *found = runner->found;
    struct file_version version;
    if (runner->is_here || !file_version_of(found->path, &version) || file_version_same(&version, &found->version)) return false;
    bool usable = search_again(found);
    worker_stop(&runner->worker);
    runner_retry(runner);
    runner->told_findings = 0;
    runner->told_printing = false;
    runner->version++;
    if (usable)
        runner_tell(runner, teller, "has changed: the new version is used");
    else
        put_out(runner, teller, found->refused != NULL ? found->refused : "cannot be read again");
    return true;
}

bool runner_ready(struct runner *runner, const struct teller *teller) {
    struct manifest_fault fault = {""};
    char why[400];
    if (runner_is_off(runner)) return false;
    if (runner->is_here) {
        if (!runner->is_loaded && !module_load(runner->found->path, &runner->module, &fault)) {
            put_out(runner, teller, fault.text);
            return false;
        }
        runner->is_loaded = true;
        return true;
    }
    if (runner->worker.path == NULL && !worker_init(&runner->worker, runner->found->path)) {
        (void)snprintf(runner->why, sizeof runner->why, "out of memory");
        return false;
    }
    if (worker_start(&runner->worker) == WORKER_DONE) return true;
    (void)snprintf(why, sizeof why, "cannot be started: %s", runner->worker.why);
    put_out(runner, teller, why);
    return false;
}

void runner_free(struct runner *runner) {
    if (runner->worker.path != NULL) worker_free(&runner->worker);
}

/* ---- either way ------------------------------------------------------------------------------------------------------------- */

void runner_close(struct runner *runner, struct topic *topic) {
    if (runner->is_here && runner->is_loaded) here_close(runner, topic);
    topic->is_open = false;
}

void runner_decode(struct runner *runner, struct topic *topics, struct host_item *items, const size_t *which, size_t count,
                   int64_t deadline_ms, const struct teller *teller) {
    if (!runner->is_here) {
        there_decode(runner, topics, items, which, count, deadline_ms, teller);
        return;
    }
    bool ready = runner_ready(runner, teller);
    for (size_t i = 0; i < count; i++) {
        struct host_item *item = &items[which[i]];
        if (ready)
            here_decode(runner, &topics[item->topic], item, teller);
        else
            item_fail(item, runner->why);
    }
}

int runner_sniff(struct runner *runner, const void *data, size_t len, const struct teller *teller) {
    if (!runner->is_here) return there_sniff(runner, data, len, teller);
    if (!runner_ready(runner, teller) || runner->module.plugin.sniff == NULL) return 0;
    int sure = runner->module.plugin.sniff(len > 0 ? data : "", len);
    return sure < 0 || sure > 100 ? 0 : sure;
}

enum host_encoded runner_encode(struct runner *runner, struct topic *topic, uint32_t number, const char *json, size_t len,
                                const struct tree *parsed, struct tree *tree, struct emitted *emitted, const struct teller *teller) {
    if (!runner->is_here) return there_encode(runner, topic, number, json, len, tree, emitted, teller);
    if (runner_ready(runner, teller)) return here_encode(runner, topic, len, parsed, tree, emitted);
    struct host_item outcome = {.tree = tree};
    item_fail(&outcome, runner->why);
    return HOST_ENCODER_FAILED;
}
