#include "host.h"
#include "json.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host {
    struct search search;
    struct runner *runners; /* one for each that was found, used or not */
    struct topic *topics;
    uint32_t topic_count, topic_room;
    uint32_t version; /* grows whenever a plugin has changed */
    int64_t looked_ms;
    struct teller teller;
    struct tree parsed; /* JSON that is to be encoded */
};

enum { WORKERS_MS = 150, LOOK_MS = 1000 /* between two looks at the files */, SURE_ENOUGH = 50, TEXT_MAX = 1 << 20 };

struct host *host_open(const struct host_options *options) {
    struct host *host = calloc(1, sizeof *host);
    if (host == NULL) return NULL;
    struct search_options search = options->search;
    search.bundled_only |= options->mode == HOST_OFF;
    host->teller = (struct teller){options->notice, options->context};
    tree_init(&host->parsed, (struct tree_limits){0, 0});
    search_all(&host->search, &search);
    host->looked_ms = runner_now_ms();
    host->runners = calloc(host->search.count > 0 ? host->search.count : 1, sizeof *host->runners);
    if (host->runners == NULL || host->search.out_of_memory) {
        host_close(host);
        return NULL;
    }
    for (size_t i = 0; i < host->search.count; i++) {
        struct found *found = &host->search.found[i];
        host->runners[i] = (struct runner){.found = found, .is_here = found->origin == FOUND_BUNDLED || options->mode == HOST_INPROC};
    }
    return host;
}

void host_close(struct host *host) {
    if (host == NULL) return;
    for (uint32_t i = 0; i < host->topic_count; i++) {
        if (host->topics[i].runner != NULL) runner_close(host->topics[i].runner, &host->topics[i]);
        free(host->topics[i].texts);
    }
    for (size_t i = 0; host->runners != NULL && i < host->search.count; i++) runner_free(&host->runners[i]);
    free(host->topics);
    free(host->runners);
    tree_free(&host->parsed);
    search_free(&host->search);
    free(host);
}

const struct search *host_search(const struct host *host) {
    return &host->search;
}

/* ---- choice ----------------------------------------------------------------------------------------------------------------- */

static bool is_used(const struct runner *runner) {
    return runner->found->refused == NULL && !runner->found->shadowed;
}

static struct runner *runner_named(const struct host *host, const char *name) {
    for (size_t i = 0; i < host->search.count; i++)
        if (is_used(&host->runners[i]) && strcmp(host->search.found[i].manifest.name, name) == 0) return &host->runners[i];
    return NULL;
}

static struct runner *runner_matching(const struct host *host, const char *encoding, enum manifest_match match) {
    for (size_t i = 0; i < host->search.count; i++)
        if (is_used(&host->runners[i]) && manifest_match(&host->search.found[i].manifest, encoding) == match) return &host->runners[i];
    return NULL;
}

const struct found *host_find(const struct host *host, const char *name) {
    const struct runner *runner = runner_named(host, name);
    return runner != NULL ? runner->found : NULL;
}

static bool is_view(const struct runner *runner) {
    const char *name = runner->found->manifest.name;
    return runner->found->origin == FOUND_BUNDLED && (strcmp(name, "text") == 0 || strcmp(name, "hex") == 0);
}

static void settle(const struct host *host, struct topic *topic, struct runner *runner, enum host_how how) {
    bool same = topic->is_chosen && topic->runner == runner && (runner == NULL || topic->runner_version == runner->version);
    topic->is_chosen = true;
    topic->choice_version = host->version;
    topic->how = runner != NULL ? how : HOST_NONE;
    if (same) return;
    if (topic->runner != NULL) runner_close(topic->runner, topic);
    topic->runner = runner;
    topic->runner_version = runner != NULL ? runner->version : 0;
    topic->is_refused = false;
}

/* By what is declared. Topics without encoding and pin stay open for sniff(). */
static void choose(struct host *host, struct topic *topic) {
    if (topic->is_chosen && topic->choice_version == host->version) return;
    if (topic->pin[0] != '\0') {
        settle(host, topic, runner_named(host, topic->pin), HOST_PINNED);
    } else if (topic->encoding[0] != '\0') {
        struct runner *runner = runner_matching(host, topic->encoding, MANIFEST_EXACT);
        enum host_how how = runner != NULL ? HOST_EXACT : HOST_BY_WILDCARD;
        if (runner == NULL) runner = runner_matching(host, topic->encoding, MANIFEST_WILDCARD);
        settle(host, topic, runner, how);
    } else if (topic->is_chosen && topic->runner != NULL && is_used(topic->runner) && topic->runner_version == topic->runner->version) {
        topic->choice_version = host->version;
    } else if (topic->is_chosen) {
        settle(host, topic, NULL, HOST_NONE);
        topic->is_chosen = false;
        topic->sniffed = 0;
    }
}

/* Now and then: has a plugin's file changed? Then each choice is made again, and mostly comes out the same. */
static void look_at_files(struct host *host) {
    int64_t now = runner_now_ms();
    bool changed = false;
    if (now - host->looked_ms < LOOK_MS) return;
    host->looked_ms = now;
    for (size_t i = 0; i < host->search.count; i++) changed |= runner_look(&host->runners[i], &host->teller);
    if (!changed) return;
    search_settle(&host->search);
    host->version++;
}

static struct runner *surest(struct host *host, const void *data, size_t len) {
    int most = SURE_ENOUGH - 1;
    struct runner *best = NULL;
    for (size_t i = 0; i < host->search.count; i++) {
        struct runner *runner = &host->runners[i];
        int sure = is_used(runner) && !is_view(runner) ? runner_sniff(runner, data, len, &host->teller) : 0;
        if (sure <= most) continue;
        most = sure;
        best = runner;
    }
    return best;
}

const struct found *host_sniff(struct host *host, const void *data, size_t len) {
    const struct runner *runner = surest(host, data, len);
    return runner != NULL ? runner->found : NULL;
}

static void sniff(struct host *host, struct topic *topic, const void *data, size_t len) {
    struct runner *best = surest(host, data, len);
    if (best != NULL)
        settle(host, topic, best, HOST_SNIFFED);
    else if (++topic->sniffed >= HOST_SNIFFS)
        settle(host, topic, NULL, HOST_NONE);
}

const char *host_how_name(enum host_how how) {
    static const char *const names[] = {"none", "pinned", "exact", "wildcard", "sniffed"};
    return names[how];
}

struct host_choice host_choice(const struct host *host, uint32_t number) {
    if (number >= host->topic_count) return (struct host_choice){NULL, HOST_NONE, false, NULL};
    const struct topic *topic = &host->topics[number];
    const struct runner *runner = topic->runner;
    if (runner == NULL) return (struct host_choice){NULL, HOST_NONE, false, NULL};
    const char *trouble = topic->is_refused ? topic->refusal : runner_is_off(runner) ? runner->why : NULL;
    return (struct host_choice){runner->found, topic->how, is_view(runner), trouble};
}

bool host_retry(struct host *host, const char *name) {
    struct runner *runner = runner_named(host, name);
    if (runner == NULL || !runner->is_out) return false;
    runner_retry(runner);
    return true;
}

/* ---- topics ----------------------------------------------------------------------------------------------------------------- */

static sctx_str append(char **at, const void *text, size_t len) {
    sctx_str str = {*at, len};
    if (len > 0) memcpy(*at, text, len);
    (*at)[len] = '\0';
    *at += len + 1;
    return str;
}

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static bool describe(struct topic *topic, const struct host_topic_is *is) {
    const char *type = strchr(is->encoding, ':'), *kind = or_empty(is->kind), *config = or_empty(is->config);
    size_t lens[] = {strlen(is->topic), strlen(is->encoding), strlen(kind), strlen(config), is->schema_len}, room = 0;
    size_t pin_len = strlen(or_empty(is->pin));
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        if (lens[i] > TEXT_MAX) return false;
        room += lens[i] + 1;
    }
    *topic = (struct topic){.texts = malloc(room)};
    if (topic->texts == NULL) return false;
    char *at = topic->texts;
    topic->schema = (sctx_schema){.size = sizeof topic->schema};
    topic->schema.topic = append(&at, is->topic, lens[0]);
    topic->schema.encoding = append(&at, is->encoding, lens[1]);
    topic->encoding = topic->schema.encoding.p;
    if (type != NULL) topic->schema.type = (sctx_str){topic->encoding + (type + 1 - is->encoding), strlen(type + 1)};
    topic->schema.kind = append(&at, kind, lens[2]);
    topic->schema.config = append(&at, config, lens[3]);
    topic->schema.data = append(&at, is->schema, lens[4]);
    /* A longer name is nobody's: it stays one. */
    if (pin_len < sizeof topic->pin)
        memcpy(topic->pin, or_empty(is->pin), pin_len + 1);
    else
        memcpy(topic->pin, "-", 2);
    return true;
}

bool host_topic_add(struct host *host, const struct host_topic_is *is, uint32_t *number) {
    if (host->topic_count == host->topic_room) {
        uint32_t room = host->topic_room > 0 ? host->topic_room * 2 : 16;
        struct topic *larger = realloc(host->topics, room * sizeof *larger);
        if (larger == NULL) return false;
        host->topics = larger;
        host->topic_room = room;
    }
    if (!describe(&host->topics[host->topic_count], is)) return false;
    *number = host->topic_count++;
    choose(host, &host->topics[*number]);
    return true;
}

/* ---- decoding --------------------------------------------------------------------------------------------------------------- */

/* Which one decodes it; with an outcome already where nothing does. */
static struct runner *runner_for(struct host *host, struct host_item *item) {
    struct topic *topic = &host->topics[item->topic];
    item->outcome = HOST_UNDECODED;
    if (item->len > SCTX_PLUGIN_PAYLOAD_MAX) return NULL;
    choose(host, topic);
    if (!topic->is_chosen) sniff(host, topic, item->data, item->len);
    if (topic->runner != NULL) item->outcome = HOST_LATER;
    return topic->runner;
}

/* Where nothing was declared, what the guessed decoder does not understand is something else. */
static void drop_wrong_guesses(const struct host *host, struct host_item *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (items[i].outcome == HOST_DECODED && host->topics[items[i].topic].how == HOST_SNIFFED && items[i].tree->status != SCTX_PLUGIN_OK)
            items[i].outcome = HOST_UNDECODED;
}

enum { AT_ONCE = 64 };

static void decode_some(struct host *host, struct host_item *items, size_t count, int64_t deadline_ms) {
    struct runner *runners[AT_ONCE];
    size_t which[AT_ONCE];
    for (size_t i = 0; i < count; i++) runners[i] = runner_for(host, &items[i]);
    /* First what runs here: it waits for nobody. */
    for (int there = 0; there <= 1; there++) {
        for (size_t i = 0; i < count; i++) {
            struct runner *runner = runners[i];
            size_t of_it = 0;
            if (runner == NULL || runner->is_here == (there != 0)) continue;
            for (size_t k = i; k < count; k++) {
                if (runners[k] != runner) continue;
                which[of_it++] = k;
                runners[k] = NULL;
            }
            runner_decode(runner, host->topics, items, which, of_it, deadline_ms, &host->teller);
        }
    }
    drop_wrong_guesses(host, items, count);
}

void host_decode(struct host *host, struct host_item *items, size_t count, bool patient) {
    look_at_files(host);
    int64_t deadline_ms = patient ? 0 : runner_now_ms() + WORKERS_MS;
    for (size_t i = 0; i < count; i += AT_ONCE) decode_some(host, items + i, count - i < AT_ONCE ? count - i : AT_ONCE, deadline_ms);
}

enum host_encoded host_encode(struct host *host, uint32_t number, const char *json, size_t len, struct tree *tree,
                              struct emitted *emitted) {
    struct topic *topic = &host->topics[number];
    tree_clear(tree);
    emitted->len = 0;
    emitted->too_many = false;
    look_at_files(host);
    choose(host, topic);
    if (topic->runner == NULL) return HOST_NO_ENCODER;
    if (!json_parse(json, len, SCTX_WANT_TREE, &host->parsed)) {
        tree->status = SCTX_PLUGIN_MALFORMED;
        tree->failed = true;
        tree->fault_off = host->parsed.fault_off;
        (void)snprintf(tree->reason, sizeof tree->reason, "%s", host->parsed.cut ? "more than can be encoded" : host->parsed.reason);
        return HOST_NOT_JSON;
    }
    return runner_encode(topic->runner, topic, number, json, len, &host->parsed, tree, emitted, &host->teller);
}
