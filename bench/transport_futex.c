/* The floor of any wake-up between processes: one word, one message, one futex. No queue: only for a paced sender and one reader. */
#include "transport.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct page {
    _Atomic uint32_t sent;
    _Alignas(64) unsigned char data[MESSAGE_BYTES];
};

static uint32_t seen;
static unsigned char copy[MESSAGE_BYTES];

static const char *why(void) {
    return strerror(errno);
}

static int create(struct link *link) {
    void *p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return bench_wrong("mmap: %s", why());
    link->state = p;
    return 0;
}

static void destroy(struct link *link) {
    munmap(link->state, sizeof(struct page));
}

static void *open_writer(struct link *link, unsigned first, unsigned count) {
    (void)first;
    (void)count;
    return link->state;
}

static void *open_reader(struct link *link, unsigned first, unsigned index, enum receive_mode mode) {
    (void)first;
    (void)index;
    (void)mode;
    return link->state;
}

static int do_send(void *writer, const void *data, size_t len) {
    struct page *p = writer;
    memcpy(p->data, data, len);
    atomic_fetch_add(&p->sent, 1);
    return syscall(SYS_futex, &p->sent, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -1 : 0;
}

static int receive(void *reader, const void **data) {
    struct page *p = reader;
    uint32_t now;
    while ((now = atomic_load(&p->sent)) == seen)
        if (syscall(SYS_futex, &p->sent, FUTEX_WAIT, now, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR) return -1;
    seen++; /* one for each that was sent, also when two came before we woke */
    memcpy(copy, p->data, sizeof copy);
    *data = copy;
    return MESSAGE_BYTES;
}

const struct transport transport_futex = {"futex", false, false, create, destroy, open_writer, open_reader, do_send, receive, NULL, why};
