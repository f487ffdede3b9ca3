#include "judge.h"

void judge_open(struct judge *judge, struct decoding *decoding) {
    *judge = (struct judge){.decoding = decoding};
    tree_init(&judge->tree, (struct tree_limits){0, 0});
}

void judge_close(struct judge *judge) {
    filter_free(judge->filter);
    tree_free(&judge->tree);
    judge->filter = NULL;
}

void judge_set_filter(struct judge *judge, struct filter *filter) {
    filter_free(judge->filter);
    judge->filter = filter;
}

bool judge_may_want(struct judge *judge, const struct source_message *message) {
    if (!scope_has(&judge->scope, message)) return false;
    if (judge->filter == NULL) return true;
    const struct filter_message asked = {.seq = message->seq,
                                         .time_ns = message->time_ns,
                                         .cause = message->cause,
                                         .topic = message->topic->name,
                                         .from = message->from,
                                         .encoding = message->topic->encoding,
                                         .pid = message->pid,
                                         .len = message->len,
                                         .topic_id = message->topic->id,
                                         .has_cause = message->has_cause};
    return filter_ask(judge->filter, &asked) != FILTER_NO;
}

struct host_choice judge_decode(struct judge *judge, const struct source_topic *topic, const void *data, size_t len, uint32_t want,
                                struct tree *tree, enum host_outcome *outcome) {
    const struct decoding_topic is = {topic->name, topic->encoding, topic->kind, topic->schema, topic->schema_len, topic->id};
    struct host_item item = {.want = want, .data = data, .len = len, .tree = tree, .outcome = HOST_UNDECODED};
    tree_clear(tree);
    *outcome = HOST_UNDECODED;
    if (!decoding_topic(judge->decoding, &is, &item.topic)) return (struct host_choice){.decoder = NULL};
    host_decode(decoding_host(judge->decoding), &item, 1, true);
    *outcome = item.outcome;
    return host_choice(decoding_host(judge->decoding), item.topic);
}

bool judge_wants(struct judge *judge, const struct kept *kept) {
    if (judge->filter == NULL) return true;
    enum host_outcome outcome;
    const struct filter_message asked = {.seq = kept->seq,
                                         .time_ns = kept->time_ns,
                                         .cause = kept->cause,
                                         .topic = kept->topic->name,
                                         .from = kept->from,
                                         .encoding = kept->topic->encoding,
                                         .pid = kept->pid,
                                         .len = kept->len,
                                         .topic_id = kept->topic->id,
                                         .has_cause = kept->has_cause};
    if (!filter_needs_data(judge->filter)) return filter_decide(judge->filter, &asked, NULL);
    (void)judge_decode(judge, kept->topic, kept->data, kept->held, SCTX_WANT_TREE, &judge->tree, &outcome);
    return filter_decide(judge->filter, &asked, &judge->tree);
}
