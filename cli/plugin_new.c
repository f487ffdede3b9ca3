/* `sctx plugin new`: the template's project under another name. */
#define _GNU_SOURCE
#include "embedded.h"
#include "manifest.h"
#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The word in the template, in files and in their names, that the project's name takes the place of. */
static const char word[] = "barometer";

static int check_name(const struct call *call, const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    if (name[0] < 'a' || name[0] > 'z' || name[strspn(name, allowed)] != '\0')
        return say_usage(call, "'%s' is no name of a plugin: those are of a-z 0-9 _ - and begin with a letter", name);
    if (strlen(name) >= sizeof((struct manifest *)0)->name)
        return say_usage(call, "'%s' is too long: at most %zu bytes", name, sizeof((struct manifest *)0)->name - 1);
    return EXIT_DONE;
}

/* The text with the name in place of the word. */
static void put_renamed(struct out *out, const unsigned char *text, size_t len, const char *name) {
    for (size_t at = 0; at < len;) {
        const unsigned char *next = memmem(text + at, len - at, word, strlen(word));
        size_t until = next != NULL ? (size_t)(next - text) : len;
        out_put(out, text + at, until - at);
        if (next != NULL) out_text(out, name);
        at = until + (next != NULL ? strlen(word) : 0);
    }
}

/* Where a file of the template goes. */
static void path_of(const struct embedded *file, const char *name, char path[PATH_MAX]) {
    struct out renamed = {.fd = -1};
    put_renamed(&renamed, (const unsigned char *)file->path, strlen(file->path), name);
    (void)snprintf(path, PATH_MAX, "%s/%.*s", name, (int)renamed.len, renamed.data);
    out_free(&renamed);
}

static bool cannot(const struct call *call, const char *path, int error) {
    say(call, "cannot write %s: %s", path, strerror(error));
    return false;
}

/* Nobody else may write to it, whatever the umask: a plugin in a folder that others can write to is refused. */
static bool make_folder(const struct call *call, const char *path) {
    return mkdir(path, 0755) == 0 || errno == EEXIST || cannot(call, path, errno);
}

static bool write_file(const struct call *call, const char *name, const struct embedded *file) {
    char path[PATH_MAX];
    path_of(file, name, path);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (!make_folder(call, path)) return false;
    *slash = '/';

    struct out out = {.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
    if (out.fd < 0) return cannot(call, path, errno);
    put_renamed(&out, file->data, file->len, name);
    out_flush(&out);
    int error = out.error;
    if (close(out.fd) != 0 && error == 0) error = errno;
    out_free(&out);
    if (error != 0) return cannot(call, path, error);
    if (call->json) {
        out_text(call->out, "{\"wrote\":");
        inert_json_name(call->out, path);
        out_text(call->out, "}\n");
    } else {
        out_format(call->out, "wrote %s\n", path);
    }
    return true;
}

int plugin_new(const struct call *call) {
    const char *name = call->operands[1];
    int code = check_name(call, name);
    if (code != EXIT_DONE) return code;
    if (mkdir(name, 0755) != 0) {
        if (errno == EEXIST)
            say(call, "%s is there already; nothing was written", name);
        else
            (void)cannot(call, name, errno);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < plugin_template_count; i++)
        if (!write_file(call, name, &plugin_template[i])) return EXIT_FAILED;
    if (!call->json)
        out_format(call->out,
                   "\nIt works as it is. Next:\n"
                   "  cmake -S %s -B %s/build && cmake --build %s/build\n"
                   "  sctx plugin check %s/build/%s.so\n",
                   name, name, name, name, name);
    return EXIT_DONE;
}
