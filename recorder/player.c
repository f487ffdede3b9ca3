#include "player.h"
#include "level.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sender {
    char *name;
    sctx *ctx;
    sctx_writer *writer;
};

struct rename {
    char *from, *to;
};

struct cause {
    uint64_t then, now;
};

struct player {
    char *context, *as, *map;
    struct rename *renames;
    size_t rename_count;
    struct sender senders[PLAYER_SENDERS];
    uint32_t sender_count, last_sender;
    uint16_t
        *topics; /* by the source's topic id: the id there plus 1; 0: not registered yet. Ids are the context's: the same for all senders */
    uint32_t topic_count;
    struct cause *causes; /* a ring, `then` grows along it */
    uint64_t cause_count;
    bool no_markers;
    struct levels *levels;
    struct player_state state;
    char error[400];
};

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

static bool take_map(struct player *player, const char *map) {
    size_t most = 1;
    player->map = strdup(map != NULL ? map : "");
    if (player->map == NULL) return false;
    for (const char *at = player->map; *at != '\0'; at++) most += *at == ',';
    player->renames = calloc(most, sizeof *player->renames);
    if (player->renames == NULL) return false;
    char *rest = player->map;
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        char *equals = strchr(word, '=');
        if (equals == NULL) continue;
        *equals = '\0';
        player->renames[player->rename_count++] = (struct rename){word, equals + 1};
    }
    return true;
}

const char *player_topic(const struct player *player, const char *name, char text[static SCTX_TOPIC_MAX + 1]) {
    for (size_t i = 0; i < player->rename_count; i++) {
        size_t len = strlen(player->renames[i].from);
        if (strncmp(name, player->renames[i].from, len) != 0 || (name[len] != '\0' && name[len] != '/')) continue;
        int bytes = snprintf(text, SCTX_TOPIC_MAX + 1, "%s%s", player->renames[i].to, name + len);
        return bytes > 0 && bytes <= (int)SCTX_TOPIC_MAX ? text : NULL;
    }
    return name;
}

/* ---- senders ---------------------------------------------------------------------------------------------------------------- */

static int fail(struct player *player, int status, const char *detail) {
    (void)snprintf(player->error, sizeof player->error, "%s", detail != NULL && detail[0] != '\0' ? detail : sctx_strerror(status));
    return status;
}

static int join(struct player *player, const char *name, uint32_t *index) {
    struct sctx_error error = {""};
    const struct sctx_options options = {.size = sizeof options, .context = player->context, .name = name, .error = &error};
    struct sctx_writer_options how = {.size = sizeof how, .error = &error};
    struct sender *sender = &player->senders[player->sender_count];
    *sender = (struct sender){.name = strdup(name)};
    int status = sender->name != NULL ? sctx_open(&options, &sender->ctx) : SCTX_ERR_NO_MEMORY;
    if (status == SCTX_OK) status = sctx_writer_open(sender->ctx, &how, &sender->writer);
    if (status != SCTX_OK) {
        sctx_close(sender->ctx);
        free(sender->name);
        return fail(player, status, error.text);
    }
    *index = player->sender_count++;
    player->state.senders = player->sender_count;
    return SCTX_OK;
}

/* Sender 0 is the one that we joined as, and stands in for those that cannot join: without a name that may be one, or one too many. */
static struct sender *sender_of(struct player *player, const char *name) {
    uint32_t index = 0;
    if (player->as != NULL || name[0] == '\0') return &player->senders[0];
    if (strcmp(player->senders[player->last_sender].name, name) == 0) return &player->senders[player->last_sender];
    for (index = 0; index < player->sender_count && strcmp(player->senders[index].name, name) != 0;) index++;
    if (index == player->sender_count && (index == PLAYER_SENDERS || join(player, name, &index) != SCTX_OK)) return &player->senders[0];
    player->last_sender = index;
    return &player->senders[index];
}

static int register_topic(struct player *player, const struct source_topic *topic, uint16_t *id) {
    char text[SCTX_TOPIC_MAX + 1];
    if (topic->id < player->topic_count && player->topics[topic->id] != 0) {
        *id = (uint16_t)(player->topics[topic->id] - 1);
        return SCTX_OK;
    }
    if (topic->id >= player->topic_count) {
        uint32_t count = ((uint32_t)topic->id | 63) + 1;
        uint16_t *larger = realloc(player->topics, count * sizeof *larger);
        if (larger == NULL) return fail(player, SCTX_ERR_NO_MEMORY, NULL);
        memset(larger + player->topic_count, 0, (count - player->topic_count) * sizeof *larger);
        player->topics = larger;
        player->topic_count = count;
    }
    struct sctx_topic_options options = SCTX_INIT(options);
    options.name = player_topic(player, topic->name, text);
    options.encoding = topic->encoding;
    options.schema = topic->schema;
    options.schema_bytes = topic->schema_len;
    if (options.name == NULL) return fail(player, SCTX_ERR_NAME, "the topic's new name is too long");
    int status = sctx_topic_register(player->senders[0].ctx, &options, id);
    if (status != SCTX_OK) return fail(player, status, NULL);
    player->topics[topic->id] = (uint16_t)(*id + 1);
    return SCTX_OK;
}

/* ---- causes ----------------------------------------------------------------------------------------------------------------- */

static void remember(struct player *player, uint64_t then, uint64_t now) {
    player->causes[player->cause_count++ % PLAYER_CAUSES] = (struct cause){then, now};
}

static bool find_cause(const struct player *player, uint64_t then, uint64_t *now) {
    uint64_t low = player->cause_count > PLAYER_CAUSES ? player->cause_count - PLAYER_CAUSES : 0, high = player->cause_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct cause *cause = &player->causes[middle % PLAYER_CAUSES];
        if (cause->then == then) {
            *now = cause->now;
            return true;
        }
        if (cause->then < then)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- publishing ------------------------------------------------------------------------------------------------------------- */

static int set_marker(struct player *player, const struct source_message *message) {
    if (player->no_markers) return SCTX_OK;
    int status = levels_set(player->levels, player->senders[0].ctx, message);
    if (status == SCTX_OK) player->state.samples++;
    return status < 0 ? fail(player, status, NULL) : status;
}

int player_publish(struct player *player, const struct source_message *message, uint64_t *seq) {
    uint16_t topic = 0;
    player->error[0] = '\0';
    if (message->is_sample) return set_marker(player, message);
    int status = register_topic(player, message->topic, &topic);
    if (status != SCTX_OK) return status;
    struct sctx_outgoing outgoing = {.data = message->data, .len = message->len, .topic = topic, .cause_mode = SCTX_CAUSE_NONE};
    if (message->has_cause && find_cause(player, message->cause, &outgoing.cause)) outgoing.cause_mode = SCTX_CAUSE_SEQ;
    struct sender *sender = sender_of(player, message->from);
    status = sctx_publish_batch(sender->writer, &outgoing, 1, NULL);
    if (status != SCTX_OK) return fail(player, status, sctx_writer_error(sender->writer));
    player->state.causes += outgoing.cause_mode == SCTX_CAUSE_SEQ;
    player->state.unknown_causes += message->has_cause && outgoing.cause_mode != SCTX_CAUSE_SEQ;
    player->state.published++;
    remember(player, message->seq, outgoing.seq);
    if (seq != NULL) *seq = outgoing.seq;
    return SCTX_OK;
}

const char *player_error(const struct player *player) {
    return player->error;
}

struct player_state player_state(const struct player *player) {
    return player->state;
}

void player_rewind(struct player *player) {
    player->cause_count = 0;
}

struct player *player_open(const struct player_options *options, struct source_fault *fault, int *status) {
    struct player *player = calloc(1, sizeof *player);
    uint32_t first = 0;
    *status = SCTX_ERR_NO_MEMORY;
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (player == NULL) return NULL;
    player->context = options->context != NULL ? strdup(options->context) : NULL;
    player->as = options->as != NULL ? strdup(options->as) : NULL;
    player->no_markers = options->no_markers;
    player->causes = calloc(PLAYER_CAUSES, sizeof *player->causes);
    player->levels = levels_open();
    bool made = (player->context != NULL || options->context == NULL) && (player->as != NULL || options->as == NULL) &&
                player->causes != NULL && player->levels != NULL && take_map(player, options->map);
    if (made) {
        *status = join(player, player->as != NULL ? player->as : "replay", &first);
        (void)snprintf(fault->text, sizeof fault->text, "%s", player->error);
        if (*status == SCTX_OK) return player;
    }
    player_close(player);
    return NULL;
}

void player_close(struct player *player) {
    if (player == NULL) return;
    levels_close(player->levels);
    for (uint32_t i = 0; i < player->sender_count; i++) {
        sctx_writer_close(player->senders[i].writer);
        sctx_close(player->senders[i].ctx);
        free(player->senders[i].name);
    }
    free(player->context);
    free(player->as);
    free(player->map);
    free(player->renames);
    free(player->topics);
    free(player->causes);
    free(player);
}
