#include "picture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whether each of a thousand lives is asked of the kernel, which takes a while: that may take a fiftieth of the time, and no more. */
static bool look_at_people(struct picture *picture, sctx *ctx) {
    enum { SHARE = 50 };
    int64_t from = monotonic_ns();
    uint32_t slots = sctx_participant_slots(ctx), count = 0;
    struct sctx_info info = SCTX_INIT(info);
    if (picture->has_info && from < picture->people_next_ns) return true;
    if (sctx_info_get(ctx, &info) < 0) return false;
    if (picture->people == NULL) picture->people = calloc(slots, sizeof *picture->people);
    if (picture->people == NULL) return false;
    picture->info = info;
    picture->has_info = true;
    picture->people[0] = (struct sctx_participant)SCTX_INIT(picture->people[0]);
    if (sctx_participants_get(ctx, picture->people, slots, &count) == SCTX_OK) picture->people_count = count < slots ? count : slots;
    int64_t behind = monotonic_ns();
    picture->people_next_ns = behind + SHARE * (behind - from);
    return true;
}

bool picture_look(struct picture *picture, sctx *ctx, int64_t now_ns) {
    if (!look_at_people(picture, ctx)) return false;
    picture->now_ns = now_ns;
    levels_look(&picture->levels, ctx, now_ns);
    return true;
}

bool picture_hold(struct picture *picture, const struct counter *counter) {
    picture->held_stats = stats_copy(counter_stats(counter));
    picture->held_flow = flow_copy(counter_flow(counter));
    if (picture->held_stats != NULL && picture->held_flow != NULL) return true;
    picture_let_go(picture);
    return false;
}

void picture_let_go(struct picture *picture) {
    stats_close(picture->held_stats);
    flow_close(picture->held_flow);
    picture->held_stats = NULL;
    picture->held_flow = NULL;
}

void picture_forget(struct picture *picture) {
    picture_let_go(picture);
    levels_reset(&picture->levels);
    free(picture->people);
    free(picture->values);
    picture->people = NULL;
    picture->values = NULL;
    picture->people_count = picture->value_count = 0;
    picture->has_info = false;
}

void picture_free(struct picture *picture) {
    picture_forget(picture);
}

bool picture_values(struct picture *picture, size_t count) {
    if (count <= picture->value_count) return true;
    size_t room = 2 * count;
    struct value_text *values = realloc(picture->values, room * sizeof *values);
    if (values == NULL) return false;
    memset(values + picture->value_count, 0, (room - picture->value_count) * sizeof *values);
    picture->values = values;
    picture->value_count = room;
    return true;
}

const struct sctx_participant *picture_person(const struct picture *picture, uint32_t join) {
    for (size_t i = 0; i < picture->people_count; i++)
        if (picture->people[i].join == join) return &picture->people[i];
    return NULL;
}
