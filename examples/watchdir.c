/* Lesson 3: events of another kind (inotify) become messages, and one message names another as its cause.
 *
 * A rename is two events, moved_from and moved_to, which the kernel marks with the same number. Here the second names the first as its
 * cause, so that everybody sees that they belong together: sctx_publish_batch() takes a cause for each message. */
#define _GNU_SOURCE
#include "json.h"
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char help[] = "Usage: watchdir [-c NAME] FOLDER\n"
                           "\n"
                           "Tells a context what happens to the files in FOLDER: messages on files/create, files/delete, ...\n"
                           "\n"
                           "  -c, --context NAME   the context; default: $SCTX_CONTEXT, then 'default'\n"
                           "  --help               this text\n";

static const struct {
    uint32_t mask;
    const char *topic;
} events[] = {
    {IN_CREATE, "files/create"}, {IN_MODIFY, "files/modify"},         {IN_CLOSE_WRITE, "files/close_write"},
    {IN_ATTRIB, "files/attrib"}, {IN_MOVED_FROM, "files/moved_from"}, {IN_MOVED_TO, "files/moved_to"},
    {IN_DELETE, "files/delete"}, {IN_Q_OVERFLOW, "files/overflow"},
};
enum { EVENTS = sizeof events / sizeof *events };

struct watch {
    const char *folder;
    sctx_writer *writer;
    uint16_t topics[EVENTS];
    uint32_t moved_cookie; /* of the last moved_from, and its seq */
    uint64_t moved_seq;
    bool folder_gone;
};

static int publish(sctx_writer *writer, uint16_t topic, const char *text, uint64_t cause, uint64_t *seq) {
    struct sctx_outgoing message = {.data = text, .len = (uint32_t)strlen(text), .topic = topic};

    if (cause) {
        message.cause_mode = SCTX_CAUSE_SEQ;
        message.cause = cause;
    }
    int status = sctx_publish_batch(writer, &message, 1, NULL); /* a batch of one; the cause is only a hint, never an error */
    if (status == SCTX_OK) *seq = message.seq;
    return status;
}

static int tell(struct watch *w, const struct inotify_event *event) {
    size_t i = 0;
    uint64_t seq = 0, cause = 0;

    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) w->folder_gone = true;
    while (i < EVENTS && !(event->mask & events[i].mask)) i++;
    if (i == EVENTS) return SCTX_OK;

    /* A file's name is any bytes but '/' and NUL: line feeds, escape sequences, no UTF-8. In JSON it does no harm. */
    cJSON *object = cJSON_CreateObject();
    if (event->len && !json_add_text(object, "name", event->name)) cJSON_AddTrueToObject(object, "repaired");
    cJSON_AddBoolToObject(object, "is_folder", (event->mask & IN_ISDIR) != 0);
    json_add_text(object, "folder", w->folder);
    char *text = cJSON_PrintUnformatted(object);
    if ((event->mask & IN_MOVED_TO) && event->cookie == w->moved_cookie) cause = w->moved_seq; /* 0: it came from another folder */
    int status = text ? publish(w->writer, w->topics[i], text, cause, &seq) : SCTX_ERR_NO_MEMORY;
    if (event->mask & IN_MOVED_FROM) {
        w->moved_cookie = event->cookie;
        w->moved_seq = seq;
    }
    cJSON_free(text);
    cJSON_Delete(object);
    return status;
}

/* All events that are there now. */
static int drain(struct watch *w, int inotify) {
    _Alignas(struct inotify_event) char buf[16 * 1024];
    ssize_t got;
    int status = SCTX_OK;

    while (status == SCTX_OK && (got = read(inotify, buf, sizeof buf)) > 0) {
        for (char *at = buf; at < buf + got && status == SCTX_OK;) {
            const struct inotify_event *event = (const void *)at;
            status = tell(w, event);
            at += sizeof *event + event->len;
        }
    }
    return status;
}

static int run(struct watch *w, int signals, int inotify) {
    struct pollfd wait[] = {{.fd = signals, .events = POLLIN}, {.fd = inotify, .events = POLLIN}};
    int status = SCTX_OK;

    while (status == SCTX_OK && !w->folder_gone) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) return SCTX_ERR_SYSTEM;
        if (wait[0].revents) break;
        if (wait[1].revents) status = drain(w, inotify);
    }
    return status;
}

static int prepare(struct watch *w, sctx *ctx) {
    int status = sctx_writer_open(ctx, NULL, &w->writer);

    for (size_t i = 0; i < EVENTS && status == SCTX_OK; i++) status = json_topic(ctx, events[i].topic, &w->topics[i]);
    return status;
}

/* The descriptor of an inotify that watches the folder, or -1 with errno. */
static int folder_watch(const char *folder) {
    uint32_t mask = IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF;
    int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    for (size_t i = 0; i < EVENTS; i++) mask |= events[i].mask;
    if (inotify >= 0 && inotify_add_watch(inotify, folder, mask & ~(uint32_t)IN_Q_OVERFLOW) < 0) {
        int error = errno;
        close(inotify);
        errno = error;
        return -1;
    }
    return inotify;
}

int main(int argc, char **argv) {
    struct program program = {.name = "watchdir", .help = help, .operands_wanted = 1};
    struct watch w = {.folder = NULL};
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_error why = {""};
    sctx *ctx = NULL;
    int result = 0;

    program_options(&program, argc, argv);
    int signals = program_signals();
    w.folder = program.operands[0];
    int inotify = folder_watch(w.folder);
    if (inotify < 0) {
        fprintf(stderr, "watchdir: cannot watch '%s': %s\n", w.folder, strerror(errno));
        close(signals);
        return 1;
    }

    options.context = program.context;
    options.name = program.name;
    options.error = &why;
    int status = sctx_open(&options, &ctx);
    if (status == SCTX_OK) status = prepare(&w, ctx);
    if (status == SCTX_OK) status = run(&w, signals, inotify);
    if (status != SCTX_OK) result = program_failed(&program, "cannot go on", status, w.writer ? sctx_writer_error(w.writer) : why.text);
    if (w.folder_gone) {
        fprintf(stderr, "watchdir: the folder is gone\n");
        result = 1;
    }

    sctx_writer_close(w.writer);
    sctx_close(ctx);
    close(inotify);
    close(signals);
    return result;
}
