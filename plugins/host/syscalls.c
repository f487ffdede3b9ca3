#include "syscalls.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>

#define CALL(name) \
    { SYS_##name, #name }

static const struct {
    uint32_t number;
    const char *name;
} names[] = {
    CALL(clone),
    CALL(clone3),
    CALL(execve),
    CALL(execveat),
    CALL(kill),
    CALL(tkill),
    CALL(tgkill),
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(socket),
    CALL(socketpair),
    CALL(connect),
    CALL(bind),
    CALL(listen),
    CALL(accept4),
    CALL(sendto),
    CALL(sendmsg),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(openat),
    CALL(unlinkat),
    CALL(renameat2),
    CALL(mkdirat),
    CALL(dup),
    CALL(dup3),
    CALL(pipe2),
    CALL(eventfd2),
    CALL(epoll_create1),
    CALL(inotify_init1),
    CALL(memfd_create),
    CALL(mmap),
    CALL(mprotect),
    CALL(mount),
    CALL(setuid),
    CALL(setgid),
    CALL(unshare),
    CALL(setns),
    CALL(close_range),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(ppoll),
    CALL(pselect6),
    CALL(wait4),
    CALL(setsid),
    CALL(setpgid),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(io_uring_setup),
    CALL(pidfd_open),
    CALL(pidfd_send_signal),
    CALL(rt_sigqueueinfo),
    CALL(rt_sigaction),
    CALL(prctl),
    CALL(seccomp),
    CALL(read),
    CALL(write),
    CALL(writev),
    CALL(fcntl),
    CALL(ioctl),
    CALL(ftruncate),
    CALL(timer_create),
    CALL(setitimer),
    CALL(prlimit64),
    CALL(getdents64),
    CALL(fstat),
    CALL(newfstatat),
    CALL(sysinfo),
    CALL(uname),
    CALL(getrusage),
#ifdef SYS_fork
    CALL(fork),
    CALL(vfork),
    CALL(open),
    CALL(dup2),
    CALL(pipe),
    CALL(poll),
    CALL(select),
    CALL(pause),
    CALL(alarm),
    CALL(unlink),
    CALL(rename),
    CALL(mkdir),
    CALL(creat),
    CALL(accept),
    CALL(stat),
#endif
};

const char *syscall_name(uint32_t number) {
    static _Thread_local char other[24];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number) return names[i].name;
    (void)snprintf(other, sizeof other, "number %" PRIu32, number);
    return other;
}
