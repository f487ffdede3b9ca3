#include "search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SCTX_BIN_TO_LIB
#define SCTX_BIN_TO_LIB "../lib"
#endif

const char *found_origin_name(enum found_origin origin) {
    static const char *const names[] = {"--plugin", "$SCTX_PLUGIN_PATH", "user", "system", "bundled"};
    return names[origin];
}

/* ---- trust ------------------------------------------------------------------------------------------------------------------ */

static bool check_one(const char *path, bool is_folder_above, struct manifest_fault *fault) {
    struct stat st;
    if (lstat(path, &st) < 0) {
        (void)snprintf(fault->text, sizeof fault->text, "%s", strerror(errno));
        return false;
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        (void)snprintf(fault->text, sizeof fault->text, "refused: %.150s belongs to user %u, neither to you nor to root", path,
                       (unsigned)st.st_uid);
        return false;
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (is_folder_above && (st.st_mode & S_ISVTX) != 0)) return true;
    (void)snprintf(fault->text, sizeof fault->text, "refused: others may write to %.150s; mend it: chmod go-w", path);
    return false;
}

bool search_is_safe(const char *path, struct manifest_fault *fault) {
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof part || path[0] != '/') {
        (void)snprintf(fault->text, sizeof fault->text, "refused: its path is %s", path[0] != '/' ? "not absolute" : "too long");
        return false;
    }
    memcpy(part, path, len + 1);
    if (!check_one(part, false, fault)) return false;
    /* The folder that a plugin lies in may not even be sticky: others could put theirs beside it. */
    for (bool own_folder = true; len > 1; own_folder = false) {
        char *slash = strrchr(part, '/');
        slash[slash == part] = '\0';
        len = strlen(part);
        if (!check_one(part, !own_folder, fault)) return false;
    }
    return true;
}

/* What came with sctx is trusted as far as this program itself is; only that just anybody can write to it is refused. */
static bool check_bundled(const char *path, struct manifest_fault *fault) {
    struct stat st;
    if (lstat(path, &st) == 0 && (st.st_mode & S_IWOTH) == 0) return true;
    (void)snprintf(fault->text, sizeof fault->text, "refused: anybody may write to it; mend it: chmod o-w");
    return false;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

static void version_from(const struct stat *st, struct file_version *version) {
    *version = (struct file_version){st->st_dev, st->st_ino, st->st_size, st->st_mtim};
}

bool file_version_of(const char *path, struct file_version *version) {
    struct stat st;
    if (stat(path, &st) < 0) return false;
    version_from(&st, version);
    return true;
}

bool file_version_same(const struct file_version *a, const struct file_version *b) {
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct found *add(struct search *search, const char *path, enum found_origin origin) {
    if (search->count == search->room) {
        size_t room = search->room > 0 ? search->room * 2 : 16;
        struct found *larger = realloc(search->found, room * sizeof *larger);
        if (larger == NULL) {
            search->out_of_memory = true;
            return NULL;
        }
        search->found = larger;
        search->room = room;
    }
    struct found *found = &search->found[search->count];
    *found = (struct found){.path = strdup(path), .origin = origin};
    search->out_of_memory |= found->path == NULL;
    if (found->path != NULL) search->count++;
    return found->path != NULL ? found : NULL;
}

static void refuse(struct search *search, struct found *found, const char *why) {
    found->refused = strdup(why);
    search->out_of_memory |= found->refused == NULL;
    if (found->refused == NULL) search->count--;
}

/* An open descriptor of a file that may be used, or -1. What is checked is what is opened: by the path without links, whose folders nobody
 * else can write to. */
static int open_checked(const char *path, enum found_origin origin, struct file_version *version, struct manifest_fault *fault) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        (void)snprintf(fault->text, sizeof fault->text, "cannot be opened: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        (void)snprintf(fault->text, sizeof fault->text, "no regular file");
    } else if (origin == FOUND_BUNDLED ? check_bundled(path, fault) : search_is_safe(path, fault)) {
        version_from(&st, version);
        return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

static void take_file(struct search *search, const char *path, enum found_origin origin) {
    char real[PATH_MAX];
    struct manifest_fault fault = {""};
    const char *known = realpath(path, real);
    struct found *found = add(search, known != NULL ? real : path, origin);
    if (found == NULL) return;
    if (known == NULL) {
        refuse(search, found, strerror(errno));
        return;
    }
    int fd = open_checked(real, origin, &found->version, &fault);
    if (fd < 0 || !manifest_read(fd, &found->manifest, &fault)) refuse(search, found, fault.text);
    if (fd >= 0) close(fd);
}

bool search_again(struct found *found) {
    struct manifest_fault fault = {""};
    struct manifest manifest;
    int fd = open_checked(found->path, found->origin, &found->version, &fault);
    bool usable = fd >= 0 && manifest_read(fd, &manifest, &fault);
    if (fd >= 0) close(fd);
    if (fd < 0 && !file_version_of(found->path, &found->version)) found->version = (struct file_version){.bytes = -1};
    free(found->refused);
    found->refused = usable ? NULL : strdup(fault.text);
    if (usable) found->manifest = manifest;
    return usable;
}

static int is_plugin_name(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 3, ".so") == 0;
}

static void take_folder(struct search *search, const char *folder, enum found_origin origin) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_plugin_name, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (len > 0 && (size_t)len < sizeof path) take_file(search, path, origin);
        free(entries[i]);
    }
    free(entries);
}

/* A file, a folder, or nothing: which is worth a word if somebody asked for it. */
static void take_path(struct search *search, const char *path, enum found_origin origin) {
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        take_folder(search, path, origin);
    else
        take_file(search, path, origin);
}

static void take_list(struct search *search, const char *list) {
    while (*list != '\0') {
        char path[PATH_MAX];
        size_t len = strcspn(list, ":");
        if (len > 0 && len < sizeof path) {
            memcpy(path, list, len);
            path[len] = '\0';
            take_path(search, path, FOUND_ENVIRONMENT);
        }
        list += len + (list[len] == ':');
    }
}

bool search_own(const char *name, char path[PATH_MAX]) {
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) return false;
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    static const char *const ways[] = {"../lib", SCTX_BIN_TO_LIB};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int bytes = snprintf(path, PATH_MAX, "%s/%s/sctx/%s", self, ways[i], name);
        if (bytes > 0 && bytes < PATH_MAX && access(path, F_OK) == 0) return true;
    }
    return false;
}

static void take_own(struct search *search, const char *name, enum found_origin origin) {
    char path[PATH_MAX];
    if (search_own(name, path)) take_folder(search, path, origin);
}

void search_settle(struct search *search) {
    for (size_t i = 0; i < search->count; i++) {
        search->found[i].shadowed = false;
        for (size_t k = 0; k < i && !search->found[i].shadowed; k++)
            search->found[i].shadowed = search->found[k].refused == NULL && search->found[i].refused == NULL &&
                                        strcmp(search->found[k].manifest.name, search->found[i].manifest.name) == 0;
    }
}

void search_all(struct search *search, const struct search_options *options) {
    static const char *const system_folders[] = {"/usr/local/lib/sctx/plugins", "/usr/lib/sctx/plugins"};
    *search = (struct search){.found = NULL};
    for (size_t i = 0; i < options->path_count; i++) take_path(search, options->paths[i], FOUND_OPTION);
    bool privileged = geteuid() == 0 || geteuid() != getuid() || getegid() != getgid();
    const char *list = privileged ? NULL : getenv("SCTX_PLUGIN_PATH"), *home = privileged ? NULL : getenv("HOME");
    if (!options->bundled_only) {
        char path[PATH_MAX];
        if (list != NULL) take_list(search, list);
        if (home != NULL && home[0] == '/' && snprintf(path, sizeof path, "%s/.local/lib/sctx/plugins", home) < (int)sizeof path)
            take_folder(search, path, FOUND_USER);
        for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) take_folder(search, system_folders[i], FOUND_SYSTEM);
        take_own(search, "plugins", FOUND_SYSTEM);
    }
    take_own(search, "decoders", FOUND_BUNDLED);
    search_settle(search);
}

void search_free(struct search *search) {
    for (size_t i = 0; i < search->count; i++) {
        free(search->found[i].path);
        free(search->found[i].refused);
    }
    free(search->found);
    *search = (struct search){.found = NULL};
}
