#include "topic.h"
#include "intern.h"
#include "name.h"
#include "options.h"
#include "testpoint.h"
#include "wait.h"
#include <stdlib.h>
#include <string.h>

enum { PART_NAME, PART_ENCODING, PART_SCHEMA };

/* Ids 0 to count-1 as seen so far, and a hash of (name) -> chain of ids. A damaged entry stays known as damaged. */
struct cached_topic {
    struct sctx_topic topic; /* name NULL: damaged */
    void *buffer;
    uint32_t next; /* next id + 1 with this hash */
};
#define CHUNK 256u
struct topic_cache {
    struct cached_topic *chunks[LAYOUT_TOPIC_SLOTS / CHUNK + 1]; /* pointers handed out stay valid */
    uint32_t count;
    uint64_t taken; /* bytes of all of them in the heap */
    struct bucket {
        uint32_t first, last; /* id + 1 of a chain's ends */
    } * buckets;
    uint32_t bucket_count;
};

struct topic_cache *topic_cache_new(void) {
    return calloc(1, sizeof(struct topic_cache));
}

static struct cached_topic *cached(struct topic_cache *c, uint32_t id) {
    return &c->chunks[id / CHUNK][id % CHUNK];
}

void topic_cache_free(struct topic_cache *c) {
    if (!c) return;
    for (uint32_t i = 0; i < c->count; i++) free(cached(c, i)->buffer);
    for (uint32_t i = 0; i * CHUNK < c->count; i++) free(c->chunks[i]);
    free(c->buckets);
    free(c);
}

static struct intern_table table_of(const struct sctx *ctx) {
    return (struct intern_table){ctx->topics, 1, (uint32_t)ctx->header.section[SECTION_TOPICS].count, SCTX_SCHEMA_MAX + 1024,
                                 &ctx->topic_cache->taken};
}

static uint32_t hash_name(const char *name) {
    return (uint32_t)hash_bytes(name, strlen(name), 1);
}

/* At the end, so that chains begin with the lowest id; without walking there, since a chain may be as long as somebody makes it. */
static void link_last(struct topic_cache *c, uint32_t id) {
    struct cached_topic *t = cached(c, id);
    if (!t->topic.name) return;
    struct bucket *b = &c->buckets[hash_name(t->topic.name) & (c->bucket_count - 1)];
    t->next = 0;
    if (b->first)
        cached(c, b->last - 1)->next = id + 1;
    else
        b->first = id + 1;
    b->last = id + 1;
}

static bool rehash(struct topic_cache *c) {
    uint32_t n = c->bucket_count ? c->bucket_count * 4 : 64;
    struct bucket *b = calloc(n, sizeof *b);
    if (!b) return false;
    free(c->buckets);
    c->buckets = b;
    c->bucket_count = n;
    for (uint32_t i = 0; i < c->count; i++) link_last(c, i);
    return true;
}

/* As if it were just being registered. */
static bool is_topic(const struct intern_parts *p) {
    const char *name = p->data[PART_NAME], *encoding = p->data[PART_ENCODING];
    return strlen(name) == p->bytes[PART_NAME] && name_is_topic(name) && strlen(encoding) == p->bytes[PART_ENCODING] &&
           (!*encoding || name_is_text(encoding, SCTX_ENCODING_MAX)) && p->bytes[PART_SCHEMA] <= SCTX_SCHEMA_MAX;
}

/* Reads the entries that came since the last time. */
static int sync_topics(struct sctx *ctx) {
    struct topic_cache *c = ctx->topic_cache;
    struct intern_table table = table_of(ctx);
    while (c->count < table.slots && load_acquire(&ctx->topics[c->count])) {
        /* First of all: one that is counted is found. */
        if ((c->count + 1) * 2 > c->bucket_count && !rehash(c)) return SCTX_ERR_NO_MEMORY;
        if (!c->chunks[c->count / CHUNK] && !(c->chunks[c->count / CHUNK] = calloc(CHUNK, sizeof(struct cached_topic))))
            return SCTX_ERR_NO_MEMORY;
        struct cached_topic *t = cached(c, c->count);
        struct intern_parts p;
        int rc = intern_get(ctx, &table, c->count, &p, &t->buffer);
        if (rc == SCTX_ERR_NO_MEMORY) return rc;
        if (rc == SCTX_ERR_NOT_FOUND) return context_usable(ctx);
        t->topic.id = (uint16_t)c->count;
        if (rc == SCTX_OK && is_topic(&p)) {
            t->topic.name = p.data[PART_NAME];
            t->topic.encoding = p.data[PART_ENCODING];
            t->topic.schema = p.bytes[PART_SCHEMA] ? p.data[PART_SCHEMA] : NULL;
            t->topic.schema_bytes = p.bytes[PART_SCHEMA];
        }
        link_last(c, c->count);
        c->count++;
    }
    return SCTX_OK;
}

static bool same_topic(const struct sctx_topic *t, const struct sctx_topic_options *o) {
    if (strcmp(t->name, o->name) != 0) return false;
    if (!o->encoding) return true;
    return strcmp(t->encoding, o->encoding) == 0 && t->schema_bytes == o->schema_bytes &&
           (o->schema_bytes == 0 || memcmp(t->schema, o->schema, o->schema_bytes) == 0);
}

static const struct sctx_topic *find(struct topic_cache *c, const struct sctx_topic_options *o) {
    if (!c->bucket_count) return NULL;
    for (uint32_t at = c->buckets[hash_name(o->name) & (c->bucket_count - 1)].first; at; at = cached(c, at - 1)->next)
        if (same_topic(&cached(c, at - 1)->topic, o)) return &cached(c, at - 1)->topic;
    return NULL;
}

static int register_locked(struct sctx *ctx, const struct sctx_topic_options *o, uint16_t *id) {
    struct topic_cache *c = ctx->topic_cache;
    struct intern_table table = table_of(ctx);
    const char *encoding = o->encoding ? o->encoding : "";
    struct intern_parts parts = {.data = {o->name, encoding, o->schema},
                                 .bytes = {(uint32_t)strlen(o->name), (uint32_t)strlen(encoding), o->schema_bytes}};
    uint64_t claim = 0;
    for (uint32_t tries = 0; tries < 2 * LAYOUT_TOPIC_SLOTS; tries++) {
        int rc = sync_topics(ctx);
        const struct sctx_topic *t = rc ? NULL : find(c, o);
        if (rc == SCTX_OK && !t) rc = ctx->tap ? SCTX_ERR_NOT_FOUND : intern_put(ctx, &table, c->count, &parts, &claim, NULL);
        if (rc == SCTX_OK && t) {
            *id = t->id;
            intern_abandon(ctx, claim);
            return SCTX_OK;
        }
        if (rc == SCTX_OK) { /* made: those who wait for new topics hear of it; the next round finds it */
            TESTPOINT("topic:before-wake");
            wait_published(ctx, WAIT_NEW_TOPIC);
        } else if (rc != SCTX_ERR_EXISTS) {
            intern_abandon(ctx, claim);
            return rc;
        }
    }
    return SCTX_ERR_DAMAGED;
}

int sctx_topic_register(sctx *ctx, const struct sctx_topic_options *options, uint16_t *id) {
    struct sctx_topic_options o;
    if (!ctx || !options || !id || !options_take(&o, sizeof o, options)) return SCTX_ERR_INVALID;
    if (!o.name || !name_is_topic(o.name)) return SCTX_ERR_NAME;
    if (o.encoding && *o.encoding && !name_is_text(o.encoding, SCTX_ENCODING_MAX)) return SCTX_ERR_NAME;
    if (o.schema_bytes > SCTX_SCHEMA_MAX || (o.schema_bytes && !o.schema)) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    if (context_removed(ctx)) return SCTX_ERR_REMOVED;
    pthread_mutex_lock(&ctx->mutex);
    rc = register_locked(ctx, &o, id);
    pthread_mutex_unlock(&ctx->mutex);
    return rc == SCTX_ERR_NOT_FOUND ? SCTX_ERR_READ_ONLY : rc;
}

int sctx_topic_get(sctx *ctx, uint16_t id, const struct sctx_topic **topic) {
    if (!ctx || !topic) return SCTX_ERR_INVALID;
    if (*ctx->fork_token == 0) return SCTX_ERR_FORKED;
    pthread_mutex_lock(&ctx->mutex);
    int rc = id < ctx->topic_cache->count ? SCTX_OK : sync_topics(ctx);
    if (rc == SCTX_OK) {
        rc = id >= ctx->topic_cache->count ? SCTX_ERR_NOT_FOUND : cached(ctx->topic_cache, id)->topic.name ? SCTX_OK : SCTX_ERR_DAMAGED;
        if (rc == SCTX_OK) *topic = &cached(ctx->topic_cache, id)->topic;
    }
    pthread_mutex_unlock(&ctx->mutex);
    return rc;
}

uint32_t topic_count(struct sctx *ctx) {
    uint32_t n = 0, slots = (uint32_t)ctx->header.section[SECTION_TOPICS].count;
    while (n < slots && load_acquire(&ctx->topics[n])) n++;
    return n;
}

uint32_t sctx_topic_count(sctx *ctx) {
    if (!ctx || *ctx->fork_token == 0) return 0;
    pthread_mutex_lock(&ctx->mutex);
    (void)sync_topics(ctx);
    uint32_t n = ctx->topic_cache->count;
    pthread_mutex_unlock(&ctx->mutex);
    return n;
}
