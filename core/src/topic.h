/* Topics: ids and what they stand for, cached per opened context. */
#ifndef SCTX_TOPIC_H
#define SCTX_TOPIC_H
#include "context.h"

struct topic_cache *topic_cache_new(void);
void topic_cache_free(struct topic_cache *cache);

/* Topics registered by now, without building the cache. */
uint32_t topic_count(struct sctx *ctx);
#endif
