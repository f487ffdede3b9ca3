/* Who may do what: kind of context x user x operation, each with the status that it must have, under $SCTX_DIR and in the standard place. */
#define _GNU_SOURCE
#include "users.h"
#include <string.h>
#include <unistd.h>

enum kind { PRIVATE, JOIN, TAP, KIND_COUNT };
static const char *const kind_name[KIND_COUNT] = {"private", "group", "group-tap"};

enum operation {
    OP_TAP,
    OP_READ,     /* by tap: the owner's message */
    OP_ALIVE,    /* how the owner's life is known: an enum sctx_alive */
    OP_REGISTER, /* by tap, a new topic */
    OP_JOIN,
    OP_PUBLISH, /* joins, registers a topic, publishes; the owner reads it */
    OP_LISTEN,  /* joins, reads the owner's message */
    OP_MARKER,
    OP_AGAIN,     /* creates the same context */
    OP_CREATE,    /* creates another beside it */
    OP_CREATE_IN, /* in the standard place: another one as "UID:NAME" */
    OP_REMOVE,
    OP_COUNT
};
static const char *const operation_name[OP_COUNT] = {"tap",    "read",   "alive", "register",       "join",      "publish",
                                                     "listen", "marker", "again", "create another", "create in", "remove"};

#define OK SCTX_OK
#define NO SCTX_ERR_ACCESS
#define RO SCTX_ERR_READ_ONLY
#define EX SCTX_ERR_EXISTS
static const int expected[KIND_COUNT][WHO_COUNT][OP_COUNT] = {
    /* tap read alive register join publish listen marker again create create-in remove */
    [PRIVATE] = {{OK, OK, SCTX_ALIVE, RO, OK, OK, OK, OK, EX, OK, OK, OK},
                 {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
                 {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO}},
    [JOIN] = {{OK, OK, SCTX_ALIVE, RO, OK, OK, OK, OK, EX, OK, OK, OK},
              {OK, OK, SCTX_ALIVE, RO, OK, OK, OK, OK, EX, NO, NO, NO},
              {NO, NO, NO, NO, NO, NO, NO, NO, EX, NO, NO, NO}},
    [TAP] = {{OK, OK, SCTX_ALIVE, RO, OK, OK, OK, OK, EX, OK, OK, OK},
             {OK, OK, SCTX_ALIVE_BY_PID, RO, NO, NO, NO, NO, EX, NO, NO, NO},
             {NO, NO, NO, NO, NO, NO, NO, NO, EX, NO, NO, NO}},
};

/* ---- a process of the owner's that stays in the context -------------------------------------------------------------------------- */

static struct {
    _Atomic uint32_t ready, heard, done;
    _Atomic int32_t status[OP_COUNT];
    uint32_t owner_join;
    char text[OP_COUNT][512];
} * shared;

struct plan {
    enum kind kind;
    enum who who;
    const char *dir; /* NULL: the standard place */
};

static struct sctx_create_options create_options(const struct plan *plan, const char *context) {
    return (struct sctx_create_options){.size = sizeof(struct sctx_create_options),
                                        .context = context,
                                        .cells = 64,
                                        .arena_bytes = 64u << 10,
                                        .group = plan->kind == PRIVATE ? NULL : USERS_GROUP_TEXT,
                                        .flags = plan->kind == TAP ? SCTX_CREATE_TAP_ONLY : 0};
}

static int host(void *argument) {
    const struct plan *plan = argument;
    user_become(OWNER, plan->dir);
    struct sctx_create_options o = create_options(plan, "c");
    MUST_OK(sctx_create(&o));
    sctx *ctx = rig_join("c", "owner");
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, "of/others");
    (void)rig_say(w, rig_topic(ctx, "of/owner"), "hello");
    shared->owner_join = sctx_join_number(ctx);
    atomic_store(&shared->ready, 1);
    while (!atomic_load(&shared->done)) {
        struct sctx_message m;
        (void)sctx_wait(r, 20 * MS);
        while (sctx_read(r, &m) == SCTX_OK) {
            MUST(m.len == 3 && memcmp(m.data, "hi!", 3) == 0);
            atomic_fetch_add(&shared->heard, 1);
        }
    }
    return 0;
}

/* ---- the user -------------------------------------------------------------------------------------------------------------------- */

static int read_hello(sctx *ctx) {
    struct sctx_message m;
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, "of/owner");
    int rc = sctx_read(r, &m);
    MUST(rc != SCTX_OK || (m.len == 5 && memcmp(m.data, "hello", 5) == 0));
    sctx_reader_close(r);
    return rc;
}

static int owner_alive(sctx *ctx) {
    struct sctx_participant p = SCTX_INIT(p);
    for (uint32_t i = 0; i < sctx_participant_slots(ctx); i++)
        if (sctx_participant_get(ctx, i, &p) == SCTX_OK && p.join == shared->owner_join) {
            MUST(p.uid == user_uid[OWNER] && strcmp(p.name, "owner") == 0);
            return (int)p.alive;
        }
    return SCTX_ERR_NOT_FOUND;
}

static int publish_hi(sctx *ctx) {
    sctx_writer *w = NULL;
    uint16_t topic = 0;
    struct sctx_topic_options o = {.size = sizeof o, .name = "of/others"};
    uint32_t heard = atomic_load(&shared->heard);
    int rc = sctx_topic_register(ctx, &o, &topic);
    if (rc == SCTX_OK) rc = sctx_writer_open(ctx, NULL, &w);
    if (rc == SCTX_OK) rc = sctx_publish(w, topic, "hi!", 3, NULL);
    if (rc == SCTX_OK) rig_await(&shared->heard, heard + 1); /* the owner reads this user's arena */
    sctx_writer_close(w);
    return rc;
}

static int in_context(enum operation op, sctx *ctx) {
    struct sctx_topic_options topic = {.size = sizeof topic, .name = "not/there"};
    struct sctx_marker_options marker = {.size = sizeof marker, .kind = SCTX_MARKER_I64, .name = "m"};
    sctx_marker *m = NULL;
    uint16_t id;
    int rc = SCTX_OK;
    if (op == OP_READ || op == OP_LISTEN) rc = read_hello(ctx);
    if (op == OP_ALIVE) rc = owner_alive(ctx);
    if (op == OP_REGISTER) rc = sctx_topic_register(ctx, &topic, &id);
    if (op == OP_PUBLISH) rc = publish_hi(ctx);
    if (op == OP_MARKER && (rc = sctx_marker_open(ctx, &marker, &m)) == SCTX_OK) rc = sctx_marker_set(m, (sctx_level){.i64 = 7});
    sctx_marker_close(m);
    return rc;
}

/* In the standard place the owner's contexts are "UID:NAME"; to create there by path is tried, too. */
static int operate(const struct plan *plan, enum operation op, struct sctx_error *error) {
    char context[32], in[32], dir[64];
    (void)snprintf(context, sizeof context, plan->dir ? "c" : "%u:c", (unsigned)user_uid[OWNER]);
    (void)snprintf(in, sizeof in, plan->dir ? "in" : "%u:in", (unsigned)user_uid[OWNER]);
    (void)snprintf(dir, sizeof dir, "/dev/shm/sctx-%u", (unsigned)user_uid[OWNER]);
    struct sctx_create_options create = create_options(plan, op == OP_AGAIN ? "c" : op == OP_CREATE_IN ? in : "beside");
    create.error = error;
    create.dir = plan->dir || op == OP_CREATE_IN ? NULL : dir;
    if (op == OP_AGAIN || op == OP_CREATE || op == OP_CREATE_IN) return sctx_create(&create);
    if (op == OP_REMOVE) return sctx_remove(context, NULL, error);
    sctx *ctx = NULL;
    struct sctx_options open = {.size = sizeof open, .context = context, .name = "user", .error = error};
    int rc = op <= OP_REGISTER ? sctx_tap_open(&open, &ctx) : sctx_open(&open, &ctx);
    if (rc) return rc;
    rc = in_context(op, ctx);
    sctx_close(ctx);
    return rc;
}

static int user(void *argument) {
    const struct plan *plan = argument;
    user_become(plan->who, plan->dir);
    for (int op = 0; op < OP_COUNT; op++) {
        struct sctx_error error = {""};
        shared->status[op] = operate(plan, (enum operation)op, &error);
        memcpy(shared->text[op], error.text, sizeof error.text);
    }
    return 0;
}

static int owner_removes(void *argument) {
    const struct plan *plan = argument;
    static const char *const names[] = {"c", "beside", "in"};
    user_become(OWNER, plan->dir);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int rc = sctx_remove(names[i], NULL, NULL);
        MUST(rc == SCTX_OK || rc == SCTX_ERR_NOT_FOUND);
    }
    return 0;
}

static int cells, wrong;

static void try_user(struct plan *plan) {
    const char *place = plan->dir ? "$SCTX_DIR" : "the standard place";
    memset(shared, 0, sizeof *shared);
    pid_t owner = rig_child(host, plan);
    rig_await(&shared->ready, 1);
    wrong += !fault_case("a user", user, plan);
    atomic_store(&shared->done, 1);
    MUST(rig_child_result(owner) == 0);
    for (int op = 0; op < OP_COUNT; op++, cells++) {
        int want = expected[plan->kind][plan->who][op], got = shared->status[op];
        /* Another's standard place, called by its path, is none. */
        if (!plan->dir && plan->who != OWNER && (op == OP_AGAIN || op == OP_CREATE)) want = SCTX_ERR_UNSAFE;
        bool told = got >= 0 || got == SCTX_ERR_READ_ONLY || shared->text[op][0];
        if (got == want && told) continue;
        (void)fprintf(stderr, "FAIL %s context in %s: %s: %s: %d (%s%s%s), not %d\n", kind_name[plan->kind], place, user_name[plan->who],
                      operation_name[op], got, sctx_strerror(got), *shared->text[op] ? ": " : ", no text", shared->text[op], want);
        wrong++;
    }
    MUST(rig_child_result(rig_child(owner_removes, plan)) == 0);
}

int main(void) {
    users_begin();
    shared = rig_shared(sizeof *shared);
    for (int standard = 0; standard < 2; standard++)
        for (int kind = 0; kind < KIND_COUNT; kind++)
            for (int who = 0; who < WHO_COUNT; who++) {
                char name[32];
                (void)snprintf(name, sizeof name, "up.%d.%d", kind, who);
                struct plan plan = {(enum kind)kind, (enum who)who, standard ? NULL : users_folder(name)};
                try_user(&plan);
                if (standard) users_end(); /* the next folder above begins private again */
            }
    (void)printf("%d cells, %d wrong\n", cells, wrong);
    return wrong == 0 && cells == 2 * KIND_COUNT * WHO_COUNT * OP_COUNT ? 0 : 1;
}
