#define _GNU_SOURCE
#include "worker.h"
#include "search.h"
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool worker_init(struct worker *worker, const char *path) {
    *worker = (struct worker){.path = strdup(path), .pid = -1, .socket = -1};
    return worker->path != NULL;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */

static void say_why(struct worker *worker, const char *what, const char *which) {
    (void)snprintf(worker->why, sizeof worker->why, "%s%s", what, which);
}

static const char *signal_words(int number) {
    switch (number) {
    case SIGSEGV: return "segmentation fault, or its stack is full";
    case SIGBUS: return "bus error";
    case SIGFPE: return "arithmetic error";
    case SIGILL: return "illegal instruction";
    case SIGABRT: return "abort";
    case SIGSYS: return "forbidden system call";
    case SIGKILL: return "killed: out of memory, or of processor time";
    default: return sigdescr_np(number);
    }
}

/* Why it ended, from its status and what it left in the shared memory. */
static void say_end(struct worker *worker, int status) {
    uint32_t denied = atomic_load_explicit(&worker->wire->denied, memory_order_relaxed);
    char text[96];
    if (atomic_load_explicit(&worker->wire->state, memory_order_acquire) == WIRE_NOT_LOADED && WIFEXITED(status)) {
        char reason[sizeof worker->wire->reason];
        memcpy(reason, worker->wire->reason, sizeof reason);
        reason[sizeof reason - 1] = '\0';
        say_why(worker, "", reason);
    } else if (denied != 0 && WIFEXITED(status)) {
        say_why(worker, "tried a system call that plugins may not make: ", syscall_name(denied - 1));
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(text, sizeof text, "crashed (%s)", signal_words(WTERMSIG(status)));
        say_why(worker, text, "");
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == WIRE_EXIT_CLOSED) {
        say_why(worker, "closed its channel to us", "");
    } else {
        (void)snprintf(text, sizeof text, "called exit(%d)", WIFEXITED(status) ? WEXITSTATUS(status) : 0);
        say_why(worker, text, "");
    }
}

/* Ends the process and waits for it; `why` stays as it is if there is one. */
static void reap(struct worker *worker) {
    int status = 0;
    (void)kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {}
    if (worker->why[0] == '\0') say_end(worker, status);
}

/* The memory stays: what it answered before its end can still be taken. */
void worker_stop(struct worker *worker) {
    if (worker->pid <= 0) return;
    reap(worker);
    (void)close(worker->socket);
    worker->pid = worker->socket = -1;
    worker->is_busy = false;
}

static void unmap(struct worker *worker) {
    if (worker->wire != NULL) (void)munmap(worker->wire, WIRE_BYTES);
    worker->wire = NULL;
}

void worker_free(struct worker *worker) {
    worker_stop(worker);
    unmap(worker);
    free(worker->path);
    worker->path = NULL;
}

/* By itself, or because we say so. It may have closed its socket and live on. */
static enum worker_end died(struct worker *worker, const char *why) {
    struct timespec moment = {.tv_nsec = 1000000};
    siginfo_t info = {.si_pid = 0};
    worker->why[0] = '\0';
    if (why != NULL) say_why(worker, why, "");
    for (int tries = 0; why == NULL && tries < 50 && info.si_pid == 0; tries++) {
        if (waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) break;
        if (info.si_pid == 0) (void)nanosleep(&moment, NULL);
    }
    if (why == NULL && info.si_pid == 0) say_why(worker, "closed its channel to us", "");
    worker_stop(worker);
    return WORKER_DIED;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t cpu_ms(const struct worker *worker) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(worker->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* Does it sleep, though it owes us an answer? */
static bool is_asleep(const struct worker *worker) {
    char path[32], text[128];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)worker->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) (void)close(fd);
    if (len <= 0) return false;
    text[len] = '\0';
    const char *paren = strrchr(text, ')');
    return paren != NULL && paren[1] == ' ' && (paren[2] == 'S' || paren[2] == 'T' || paren[2] == 't');
}

static const char *const too_long = "took more than 100 ms of processor time";

struct patience {
    int64_t began, step_began, step_cpu;
    uint32_t step; /* items done when the step began */
    int asleep;    /* times in a row that it slept when looked at */
};

/* NULL: it may go on. */
static const char *overdue(struct worker *worker, struct patience *patience) {
    int64_t now = now_ms(), cpu = cpu_ms(worker);
    uint32_t done = atomic_load_explicit(&worker->wire->done, memory_order_relaxed);
    if (done != patience->step) {
        patience->step = done;
        patience->step_began = now;
        patience->step_cpu = cpu;
        patience->asleep = 0;
    }
    if (now - patience->step_began < WORKER_STEP_MS) return NULL;
    if (cpu - patience->step_cpu >= WORKER_STEP_MS) return too_long;
    patience->asleep = is_asleep(worker) ? patience->asleep + 1 : 0;
    if (patience->asleep >= 3) return "waits for something, instead of answering";
    return now - patience->step_began >= WORKER_LAST_MS ? "did not answer within 2 s" : NULL;
}

static const char *const too_early = "answered before it was done";

/* Something has come: the one byte that is due, after all that it stands for, or else the plugin has sent it. */
static enum worker_end take_answer(struct worker *worker) {
    struct wire *wire = worker->wire;
    char bytes[2];
    ssize_t count = recv(worker->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0) return died(worker, NULL);
    bool is_due = atomic_load_explicit(&wire->state, memory_order_acquire) == WIRE_READY &&
                  atomic_load_explicit(&wire->answered, memory_order_acquire) == worker->asked;
    bool is_whole = worker->is_busy || atomic_load_explicit(&wire->done, memory_order_acquire) == worker->count;
    return count == 1 && is_due && is_whole ? WORKER_DONE : died(worker, too_early);
}

/* Until it answers. The time for a whole batch counts only where `batch`. */
static enum worker_end await(struct worker *worker, bool batch) {
    enum { LOOK_EVERY_MS = 10 };
    struct patience patience = {.began = now_ms(), .step_began = now_ms(), .step_cpu = cpu_ms(worker)};
    patience.step = atomic_load_explicit(&worker->wire->done, memory_order_relaxed);
    for (;;) {
        struct pollfd answer = {.fd = worker->socket, .events = POLLIN};
        if (poll(&answer, 1, LOOK_EVERY_MS) > 0) return take_answer(worker);
        const char *why = overdue(worker, &patience);
        if (why != NULL) return died(worker, why);
        if (batch && patience.step > 0 && now_ms() - patience.began >= WORKER_BATCH_MS) {
            atomic_store_explicit(&worker->wire->stop, 1, memory_order_relaxed);
            worker->is_busy = true;
            worker->busy_cpu_ms = cpu_ms(worker);
            return WORKER_PARTLY;
        }
    }
}

/* ---- the beginning ---------------------------------------------------------------------------------------------------------- */

/* Beyond the numbers that the worker gets them under, so that none overwrites the other. */
static int moved_up(int fd) {
    int moved = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 16) : -1;
    if (fd >= 0) (void)close(fd);
    return moved;
}

static int make_memory(void) {
    int fd = moved_up(memfd_create("sctx-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0) return -1;
    /* Its size is fixed: a worker that could cut it would make us crash. */
    if (ftruncate(fd, (off_t)WIRE_BYTES) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) return fd;
    (void)close(fd);
    return -1;
}

/* In a process group of its own, so that a Ctrl-C meant for us is no crash of it; without our environment and our signal mask. */
static int spawn(struct worker *worker, const char *program, int socket, int memory) {
    char *argv[] = {strdup(program), strdup(worker->path), NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&how);
    (void)posix_spawn_file_actions_adddup2(&files, socket, WIRE_SOCKET);
    (void)posix_spawn_file_actions_adddup2(&files, memory, WIRE_MEMORY);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = argv[0] != NULL && argv[1] != NULL ? posix_spawn(&worker->pid, program, &files, &how, argv, environment) : ENOMEM;
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    free(argv[0]);
    free(argv[1]);
    return error;
}

static enum worker_end cannot(struct worker *worker, const char *what, int error) {
    char text[sizeof worker->why];
    (void)snprintf(text, sizeof text, "%s: %s", what, strerror(error));
    say_why(worker, text, "");
    return WORKER_DIED;
}

static enum worker_end begin(struct worker *worker) {
    char program[PATH_MAX];
    int pair[2], memory;
    worker->why[0] = '\0';
    unmap(worker);
    if (!search_own("sctx-plugin-worker", program))
        return cannot(worker, "the program that runs plugins, sctx/sctx-plugin-worker, is not beside this one", ENOENT);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return cannot(worker, "no worker for it can be made", errno);
    pair[1] = moved_up(pair[1]);
    memory = make_memory();
    worker->wire = memory >= 0 && pair[1] >= 0 ? mmap(NULL, WIRE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) : MAP_FAILED;
    int error = worker->wire == MAP_FAILED ? errno : 0;
    if (error != 0) worker->wire = NULL;
    if (error == 0) {
        worker->wire->magic = WIRE_MAGIC;
        error = spawn(worker, program, pair[1], memory);
    }
    if (memory >= 0) (void)close(memory);
    if (pair[1] >= 0) (void)close(pair[1]);
    worker->socket = pair[0];
    if (error == 0) return WORKER_DONE;
    (void)close(pair[0]);
    worker->pid = worker->socket = -1;
    return cannot(worker, "no worker for it can be started", error);
}

/* A batch takes much less than the other half: it is never the kernel that ends one which behaves. */
static bool is_old(const struct worker *worker) {
    struct rlimit life;
    return prlimit(worker->pid, RLIMIT_CPU, NULL, &life) == 0 && (rlim_t)cpu_ms(worker) / 500 >= life.rlim_max;
}

enum worker_end worker_start(struct worker *worker) {
    if (worker->pid > 0 && !worker->is_busy && is_old(worker)) worker_stop(worker);
    if (worker->pid > 0) return WORKER_DONE;
    enum worker_end end = begin(worker);
    if (end != WORKER_DONE) return end;
    worker->generation++;
    worker->is_busy = worker->wrote = false;
    worker->count = worker->done = worker->asked = 0;
    end = await(worker, false);
    if (end != WORKER_DONE) return end;
    worker->has_sniff = (worker->wire->has_slots & 1) != 0;
    worker->has_encode = (worker->wire->has_slots & 2) != 0;
    return WORKER_DONE;
}

/* ---- a batch ---------------------------------------------------------------------------------------------------------------- */

enum worker_end worker_begin(struct worker *worker) {
    if (worker->is_busy) {
        struct pollfd answer = {.fd = worker->socket, .events = POLLIN};
        bool was_asleep = is_asleep(worker); /* looked at first: once it has answered it sleeps rightly */
        if (poll(&answer, 1, 0) <= 0) {
            if (was_asleep) return died(worker, "waits for something, instead of answering");
            if (cpu_ms(worker) - worker->busy_cpu_ms >= WORKER_STEP_MS) return died(worker, too_long);
            return WORKER_PARTLY;
        }
        enum worker_end end = take_answer(worker);
        if (end != WORKER_DONE) return end;
        worker->is_busy = false;
    }
    worker->count = worker->done = worker->request_len = 0;
    return WORKER_DONE;
}

bool worker_add(struct worker *worker, enum wire_kind kind, uint32_t topic, uint32_t want, const struct worker_part *parts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += parts[i].len;
    if (worker->count == WIRE_BATCH || bytes > WIRE_REQUESTS - worker->request_len) return false;
    char *to = wire_requests(worker->wire) + worker->request_len;
    worker->items[worker->count].want = want;
    worker->items[worker->count].len = (uint32_t)bytes;
    worker->wire->items[worker->count++] =
        (struct wire_item){.kind = kind, .topic = topic, .want = want, .off = worker->request_len, .len = (uint32_t)bytes};
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) memcpy(to, parts[i].data, parts[i].len);
        to += parts[i].len;
    }
    worker->request_len += ((uint32_t)bytes + 7) & ~7u;
    if (worker->request_len > WIRE_REQUESTS) worker->request_len = WIRE_REQUESTS;
    return true;
}

static enum worker_end ask(struct worker *worker) {
    char byte = 0;
    if (recv(worker->socket, &byte, 1, MSG_DONTWAIT) > 0) return died(worker, too_early);
    worker->asked++;
    return send(worker->socket, &byte, 1, MSG_NOSIGNAL) == 1 ? await(worker, true) : died(worker, NULL);
}

enum worker_end worker_run(struct worker *worker) {
    struct wire *wire = worker->wire;
    wire->count = worker->count;
    atomic_store_explicit(&wire->done, 0, memory_order_relaxed);
    atomic_store_explicit(&wire->stop, 0, memory_order_release);
    enum worker_end end = ask(worker);
    worker->wrote |= atomic_exchange_explicit(&wire->wrote, 0, memory_order_relaxed) != 0;
    uint32_t done = atomic_load_explicit(&wire->done, memory_order_acquire);
    worker->done = done < worker->count ? done : worker->count;
    return end;
}

/* The item as it is now; it may change under us, so this is looked at once. */
static struct wire_item copy_item(const struct worker *worker, uint32_t item) {
    struct wire_item copy;
    memcpy(&copy, &worker->wire->items[item], sizeof copy);
    return copy;
}

static void take_outcome(const struct wire_item *item, struct tree *tree) {
    tree->status = item->status;
    tree->fault_off = item->fault_off;
    tree->findings = item->findings & ((1u << TREE_FINDINGS) - 1);
    tree->cut = item->cut != 0;
    tree->failed = item->failed != 0;
    memcpy(tree->reason, item->reason, sizeof tree->reason);
}

void worker_take_outcome(struct worker *worker, uint32_t index, struct tree *tree) {
    struct wire_item item = copy_item(worker, index);
    tree_clear(tree);
    take_outcome(&item, tree);
}

static bool lies_within_answers(uint32_t off, uint64_t bytes) {
    return off <= WIRE_ANSWERS && bytes <= WIRE_ANSWERS - off;
}

void worker_take_tree(struct worker *worker, uint32_t index, size_t payload_len, struct tree *tree) {
    struct wire_item item = copy_item(worker, index);
    tree_clear(tree);
    take_outcome(&item, tree);
    tree->summary = item.summary;
    memcpy(tree->keys, item.keys, sizeof tree->keys);
    uint64_t node_bytes = (uint64_t)item.node_count * sizeof *tree->nodes;
    if (!lies_within_answers(item.node_off, node_bytes) || !lies_within_answers(item.pool_off, item.pool_len)) {
        tree->findings |= TREE_SPOILT;
        item.node_count = item.pool_len = 0;
    }
    if (!tree_reserve(tree, item.node_count, item.pool_len)) {
        tree->cut = true;
        item.node_count = item.pool_len = 0;
    }
    tree->count = item.node_count;
    tree->pool_len = item.pool_len;
    const char *answers = wire_answers(worker->wire);
    if (tree->count > 0) memcpy(tree->nodes, answers + item.node_off, tree->count * sizeof *tree->nodes);
    if (tree->pool_len > 0) memcpy(tree->pool, answers + item.pool_off, tree->pool_len);
    tree_check(tree, worker->items[index].want, payload_len);
}

bool worker_take_bytes(struct worker *worker, uint32_t index, struct tree *tree, struct emitted *emitted) {
    struct wire_item item = copy_item(worker, index);
    tree_clear(tree);
    take_outcome(&item, tree);
    tree_check(tree, 0, worker->items[index].len);
    emitted->len = 0;
    if (!lies_within_answers(item.pool_off, item.pool_len) || item.pool_len > SCTX_PLUGIN_PAYLOAD_MAX) {
        tree->status = SCTX_PLUGIN_INTERNAL;
        tree->findings |= TREE_SPOILT;
        return true;
    }
    if (item.pool_len > emitted->room) {
        char *larger = realloc(emitted->data, item.pool_len);
        if (larger == NULL) return false;
        emitted->data = larger;
        emitted->room = item.pool_len;
    }
    if (item.pool_len > 0) memcpy(emitted->data, wire_answers(worker->wire) + item.pool_off, item.pool_len);
    emitted->len = item.pool_len;
    return true;
}

int worker_sniffed(const struct worker *worker, uint32_t index) {
    int sure = copy_item(worker, index).status;
    return sure < 0 || sure > 100 ? 0 : sure;
}
