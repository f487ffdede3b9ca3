/* The two ways in which a runner's plugin is asked, and what both need. Private to runner*.c. */
#ifndef SCTX_HOST_RUNNER_WAYS_H
#define SCTX_HOST_RUNNER_WAYS_H
#include "runner.h"

void runner_tell(const struct runner *runner, const struct teller *teller, const char *what);
/* It died, for the reason that its worker tells; `topic`: on whose payload, or NULL. */
void runner_strike(struct runner *runner, const struct topic *topic, bool took_long, const struct teller *teller);
/* What it did that it may not, each thing once. */
void runner_tell_findings(struct runner *runner, const struct tree *tree, const struct teller *teller);

/* open() said no, as the tree tells. */
void topic_refuse(struct topic *topic, const struct tree *tree);
/* HOST_FAILED, an empty tree with this reason. */
void item_fail(struct host_item *item, const char *why);

bool encoded_is_good(const struct tree *tree, const struct emitted *emitted);

void here_close(struct runner *runner, struct topic *topic);
void here_decode(struct runner *runner, struct topic *topic, struct host_item *item, const struct teller *teller);
enum host_encoded here_encode(struct runner *runner, struct topic *topic, size_t len, const struct tree *parsed, struct tree *tree,
                              struct emitted *emitted);

void there_decode(struct runner *runner, struct topic *topics, struct host_item *items, const size_t *which, size_t count,
                  int64_t deadline_ms, const struct teller *teller);
int there_sniff(struct runner *runner, const void *data, size_t len, const struct teller *teller);
enum host_encoded there_encode(struct runner *runner, struct topic *topic, uint32_t number, const char *json, size_t len, struct tree *tree,
                               struct emitted *emitted, const struct teller *teller);

#endif
