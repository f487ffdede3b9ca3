#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

static struct wire *noted_in;

/* ---- limits ----------------------------------------------------------------------------------------------------------------- */

static bool limit(int resource, rlim_t most) {
    struct rlimit both = {most, most}, now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max < most) return true;
    return setrlimit(resource, &both) == 0;
}

static bool set_limits(unsigned life_s) {
    bool all = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 32) && limit(RLIMIT_NPROC, 1) &&
               limit(RLIMIT_STACK, 8u << 20) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_CPU, life_s);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* these reserve terabytes */
    all = all && limit(RLIMIT_AS, (rlim_t)WIRE_BYTES + (512u << 20));
#endif
    return all;
}

/* ---- Landlock --------------------------------------------------------------------------------------------------------------- */

static void allow_below(int rules, const char *path, uint64_t access) {
    struct landlock_path_beneath_attr beneath = {.allowed_access = access, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (beneath.parent_fd < 0) return; /* what is not there needs no rule */
    (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    (void)close(beneath.parent_fd);
}

/* Everything that version 1 of Landlock knows is handled; what later ones add (truncate, network) seccomp refuses anyway. */
static bool enter_landlock(const char *plugin) {
    const uint64_t file = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE, folder = file | LANDLOCK_ACCESS_FS_READ_DIR;
    static const char *const libraries[] = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"};
    struct landlock_ruleset_attr handled = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0) return errno == ENOSYS || errno == EOPNOTSUPP;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) allow_below(rules, libraries[i], folder);
    allow_below(rules, "/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE);
    allow_below(rules, plugin, file);
    bool entered = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    (void)close(rules);
    return entered;
}

/* ---- seccomp ---------------------------------------------------------------------------------------------------------------- */

/* Asked for by a plugin, and harmless to refuse: it goes on. */
static const int refused_softly[] = {
    SYS_write,        SYS_writev,
    SYS_pwrite64,     SYS_openat,
    SYS_ioctl,        SYS_fcntl,
    SYS_getcwd,       SYS_sysinfo,
    SYS_uname,        SYS_getuid,
    SYS_geteuid,      SYS_getgid,
    SYS_getegid,      SYS_getppid,
    SYS_newfstatat,   SYS_fstat,
    SYS_statx,        SYS_lseek,
    SYS_readlinkat,   SYS_faccessat,
    SYS_faccessat2,   SYS_prlimit64,
    SYS_getrusage,    SYS_times,
    SYS_rt_sigaction, SYS_sched_getaffinity,
    SYS_prctl,        SYS_sigaltstack,
    SYS_rseq,
#ifdef SYS_open
    SYS_open,         SYS_stat,
    SYS_lstat,        SYS_access,
    SYS_readlink,     SYS_getrlimit,
#endif
};

static bool is_soft(int number) {
    for (size_t i = 0; i < sizeof refused_softly / sizeof *refused_softly; i++)
        if (refused_softly[i] == number) return true;
    return false;
}

#if defined(__x86_64__)
#define REGISTER(context, what) ((context)->uc_mcontext.gregs[what])
#define ARGUMENT_0(context) REGISTER(context, REG_RDI)
#define SET_RESULT(context, value) (REGISTER(context, REG_RAX) = (value))
#else
#define ARGUMENT_0(context) ((context)->uc_mcontext.regs[0])
#define SET_RESULT(context, value) ((context)->uc_mcontext.regs[0] = (unsigned long long)(value))
#endif

static void on_refused(int signal_number, siginfo_t *info, void *context) {
    (void)signal_number;
    ucontext_t *at = context;
    int number = info->si_syscall;
    if (number == SYS_write || number == SYS_writev || number == SYS_pwrite64) {
        atomic_store_explicit(&noted_in->wrote, (uint32_t)ARGUMENT_0(at) + 1, memory_order_relaxed);
    } else if (is_soft(number)) {
        atomic_store_explicit(&noted_in->softly, (uint32_t)number + 1, memory_order_relaxed);
    } else {
        atomic_store_explicit(&noted_in->denied, (uint32_t)number + 1, memory_order_relaxed);
        _exit(128 + SIGSYS);
    }
    SET_RESULT(at, -EPERM);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define LOAD_LOW(argument) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[argument]))
#define LOAD_HIGH(argument) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[argument]) + 4)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* The call, if its argument is this; the number is in the accumulator before and after. */
#define ALLOW_IF(number, argument, value)                                                                                             \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 6), LOAD_HIGH(argument), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3), \
        LOAD_LOW(argument), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, 1), RETURN(SECCOMP_RET_ALLOW), LOAD(nr)
/* The call, if none of these bits is in its argument. */
#define ALLOW_WITHOUT(number, argument, bits)                                          \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 4), LOAD_LOW(argument), \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 1, 0), RETURN(SECCOMP_RET_ALLOW), LOAD(nr)

/* Both begin with it: what is no call of this architecture ends the process. x32 calls have bit 30. */
#define PROLOGUE                                                                                                  \
    LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr), \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS)

/* Memory that is not run, the socket, a look at the clock, the end, and what abort() does. */
#define MEMORY_AND_END                                                                                                             \
    ALLOW_IF(SYS_read, 0, WIRE_SOCKET), ALLOW_IF(SYS_write, 0, WIRE_SOCKET), ALLOW(SYS_brk), ALLOW(SYS_munmap), ALLOW(SYS_mremap), \
        ALLOW(SYS_madvise), ALLOW(SYS_futex), ALLOW(SYS_clock_gettime), ALLOW(SYS_gettimeofday), ALLOW(SYS_getrandom),             \
        ALLOW(SYS_rt_sigprocmask), ALLOW(SYS_rt_sigreturn), ALLOW(SYS_restart_syscall), ALLOW(SYS_exit), ALLOW(SYS_exit_group),    \
        ALLOW(SYS_getpid), ALLOW(SYS_gettid), ALLOW(SYS_sched_yield), ALLOW(SYS_close), ALLOW_IF(SYS_tgkill, 0, self)

static bool install(struct sock_filter *filter, size_t count) {
    struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
#define INSTALL(filter) install(filter, sizeof(filter) / sizeof *(filter))

/* What the dynamic linker does on top: opening for reading, mapping code. */
static bool enter_first_filter(void) {
    uint32_t self = (uint32_t)getpid();
    struct sock_filter filter[] = {
        PROLOGUE,
        MEMORY_AND_END,
        ALLOW(SYS_read),
        ALLOW(SYS_pread64),
        ALLOW(SYS_mmap),
        ALLOW(SYS_mprotect),
        ALLOW(SYS_fstat),
        ALLOW(SYS_newfstatat),
        ALLOW(SYS_lseek),
        ALLOW(SYS_seccomp), /* for the second one */
        ALLOW_WITHOUT(SYS_openat, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND),
        RETURN(SECCOMP_RET_TRAP),
    };
    return INSTALL(filter);
}

bool sandbox_tighten(void) {
    uint32_t self = (uint32_t)getpid();
    struct sock_filter filter[] = {
        PROLOGUE,
        MEMORY_AND_END,
        ALLOW_WITHOUT(SYS_mmap, 2, PROT_EXEC),
        ALLOW_WITHOUT(SYS_mprotect, 2, PROT_EXEC),
        RETURN(SECCOMP_RET_TRAP),
    };
    return INSTALL(filter);
}

bool sandbox_enter(struct wire *wire, const char *plugin, unsigned life_s) {
    struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_NODEFER};
    noted_in = wire;
    return sigaction(SIGSYS, &action, NULL) == 0 && set_limits(life_s) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           enter_landlock(plugin) && enter_first_filter();
}
