// The ring's shipped source under relacy, a model checker for weak memory: every access to a shared word is a step, steps of threads come in any order, and a
// load may return what C11 allows it to, not only what was stored last. See world.h for what is run, include/ for the layer between.
//
//   relacy_ring --list
//   relacy_ring [SCENARIO|all [EXECUTIONS [FROM]]]    each in 100000 ways; FROM: the number of the first, which is the seed of its choices
//
// A scenario that fails is printed with all its steps and ends with 1.
#include <cstdint>
#include <cstring>
#include <memory>
#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst
#undef atomic_thread_fence
#include "world.h"
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <linux/futex.h>
#include <sstream>
#include <string>
#include <sys/syscall.h>
#include <ctime>
#include <vector>

namespace {

constexpr int THREADS = 4; // of every scenario; what it has no use for ends at once
using word = rl::atomic<uint64_t>;
using data_impl = rl::atomic_data_impl<THREADS>;
using thread_impl = rl::thread_info<THREADS>;

struct place {
    const char *function, *file;
    int line;
};
rl::debug_info info_of(const place *p) {
    return rl::debug_info(p->function, p->file, (unsigned)p->line);
}

[[noreturn]] void wrong(const char *what, rl::debug_info info) {
    rl::ctx().fail_test(what, rl::test_result_user_assert_failed, info);
    abort(); // it does not come back
}
#define MUST(condition)                                    \
    do {                                                   \
        if (!(condition)) wrong(#condition " is not so", $); \
    } while (0)

// ---- shared words ---------------------------------------------------------------------------------------------------------

struct tracked {
    alignas(word) unsigned char room[sizeof(word)];
    alignas(rl::var<uint64_t>) unsigned char race_room[sizeof(rl::var<uint64_t>)];
    bool race, used;
    uint64_t latest;                           // of cells: what the two words of the swap hold
    uint64_t when[rl::atomic_history_size];    // by place in the history: the moment of a sequentially consistent store, 0: none
    word *atomic() { return reinterpret_cast<word *>(room); }
    rl::var<uint64_t> *plain() { return reinterpret_cast<rl::var<uint64_t> *>(race_room); }
};
std::vector<tracked *> by_offset; // of the shared memory, in units of 4
std::vector<tracked> pool(256);
unsigned pool_used;
unsigned char *base;
size_t base_bytes;
unsigned pauses;
uint64_t moment, fenced[THREADS], ticks, nanoseconds; // of the total order of sequentially consistent steps; of each thread's last such fence

tracked *tracked_at(const void *at) {
    size_t off = (size_t)(static_cast<const unsigned char *>(at) - base);
    return off < base_bytes ? by_offset[off / 4] : nullptr;
}

void track(void *at, size_t bytes, bool race, uint64_t value) {
    (void)bytes;
    tracked *t = &pool.at(pool_used++);
    t->race = race;
    t->latest = value;
    std::memset(t->when, 0, sizeof t->when);
    if (race) {
        ::new (t->race_room) rl::var<uint64_t>();
        t->plain()->store(value, $);
    } else {
        ::new (t->room) word();
        t->atomic()->store(value, rl::mo_relaxed, $);
    }
    by_offset[(size_t)(static_cast<unsigned char *>(at) - base) / 4] = t;
}

void untrack() {
    for (unsigned i = 0; i < pool_used; i++) {
        if (pool[i].race)
            pool[i].plain()->~var();
        else
            pool[i].atomic()->~word();
    }
    pool_used = 0;
    std::fill(by_offset.begin(), by_offset.end(), nullptr);
}

data_impl *impl_of(tracked *t) { // relacy keeps it to itself: -fno-access-control
    return static_cast<data_impl *>(t->atomic()->impl_);
}

rl::thread_id_t me() {
    return rl::ctx().threadx_->index_;
}

// C11 7.17.3: a load after a sequentially consistent fence sees the last sequentially consistent store before that fence, or a later one.
// relacy knows this of fences on both sides only.
void see_before_fence(tracked *t) {
    data_impl *d = impl_of(t);
    uint64_t until = fenced[me()], best = 0;
    size_t which = 0;
    for (size_t i = 0; i < rl::atomic_history_size; i++)
        if (t->when[i] && t->when[i] <= until && t->when[i] > best) best = t->when[i], which = i;
    if (!best) return;
    auto *th = static_cast<thread_impl *>(rl::ctx().threadx_);
    auto &record = d->history_[which];
    if (record.first_seen_order_[me()] == (rl::timestamp_t)-1) record.first_seen_order_[me()] = th->acq_rel_order_[me()];
}

void note_store(tracked *t, int order) {
    t->when[impl_of(t)->current_index_ % rl::atomic_history_size] = order == rl::mo_seq_cst ? ++moment : 0;
}

uint64_t cut(uint64_t value, size_t size) {
    return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

} // namespace

extern "C" {

uint64_t model_load(const void *at, size_t size, int order, const place *p) {
    tracked *t = tracked_at(at);
    if (!t) {
        uint64_t value = 0;
        std::memcpy(&value, at, size);
        return value;
    }
    if (t->race) return t->plain()->load(info_of(p));
    see_before_fence(t);
    return cut(t->atomic()->load((rl::memory_order)order, info_of(p)), size);
}

void model_store(void *at, size_t size, uint64_t value, int order, const place *p) {
    tracked *t = tracked_at(at);
    if (!t) {
        std::memcpy(at, &value, size);
    } else if (t->race) {
        t->plain()->store(value, info_of(p));
    } else {
        t->atomic()->store(cut(value, size), (rl::memory_order)order, info_of(p));
        note_store(t, order);
    }
}

uint64_t model_rmw(void *at, size_t size, int kind, uint64_t value, int order, const place *p) {
    enum { EXCHANGE, ADD, SUB, AND, OR };
    tracked *t = tracked_at(at);
    uint64_t was = 0;
    if (t) {
        word *a = t->atomic();
        auto mo = (rl::memory_order)order;
        was = kind == EXCHANGE ? a->exchange(value, mo, info_of(p))
              : kind == ADD    ? a->fetch_add(value, mo, info_of(p))
              : kind == SUB    ? a->fetch_sub(value, mo, info_of(p))
              : kind == AND    ? a->fetch_and(value, mo, info_of(p))
                               : a->fetch_or(value, mo, info_of(p));
        note_store(t, order);
        return cut(was, size);
    }
    std::memcpy(&was, at, size);
    uint64_t now = kind == EXCHANGE ? value : kind == ADD ? was + value : kind == SUB ? was - value : kind == AND ? was & value : was | value;
    std::memcpy(at, &now, size);
    return was;
}

bool model_cas(void *at, size_t size, void *expected, uint64_t value, bool weak, int order, int failed, const place *p) {
    uint64_t seen = 0;
    std::memcpy(&seen, expected, size);
    bool done;
    if (tracked *t = tracked_at(at)) {
        done = weak ? t->atomic()->compare_exchange(rl::bool_t<true>(), seen, value, (rl::memory_order)order, (rl::memory_order)failed, info_of(p))
                    : t->atomic()->compare_exchange(rl::bool_t<false>(), seen, value, (rl::memory_order)order, (rl::memory_order)failed, info_of(p));
        if (done) note_store(t, order);
    } else {
        uint64_t was = 0;
        std::memcpy(&was, at, size);
        done = was == seen;
        if (done) std::memcpy(at, &value, size);
        seen = was;
    }
    if (!done) std::memcpy(expected, &seen, size);
    return done;
}

void model_fence(int order, const place *p) {
    rl::atomic_thread_fence((rl::memory_order)order, info_of(p));
    if (order == rl::mo_seq_cst) fenced[me()] = ++moment;
}

// One step for both words, and each can be seen without the other: who acquires either has acquired both.
bool model_cell_swap(void *seq, void *ref, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1, const place *p) {
    tracked *s = tracked_at(seq), *r = tracked_at(ref);
    rl::context &c = rl::ctx();
    c.sched();
    rl::preemption_disabler whole(c);
    bool same = s->latest == seq0 && r->latest == ref0;
    uint64_t not_there = ~s->latest, seq_seen = same ? seq0 : not_there;
    if (same) {
        uint64_t ref_seen = ref0;
        if (!r->atomic()->compare_exchange(rl::bool_t<false>(), ref_seen, ref1, rl::mo_seq_cst, info_of(p))) wrong("the model's ref is astray", $);
        r->latest = ref1;
    }
    bool done = s->atomic()->compare_exchange(rl::bool_t<false>(), seq_seen, seq1, rl::mo_seq_cst, info_of(p));
    if (done != same) wrong("the model's cell is astray", $);
    if (!done) return false;
    s->latest = seq1;
    note_store(s, rl::mo_seq_cst);
    r->when[impl_of(r)->current_index_ % rl::atomic_history_size] = moment;
    data_impl *ds = impl_of(s), *dr = impl_of(r);
    auto &from = ds->history_[ds->current_index_ % rl::atomic_history_size];
    auto &to = dr->history_[dr->current_index_ % rl::atomic_history_size];
    std::memcpy(to.acq_rel_order_, from.acq_rel_order_, sizeof to.acq_rel_order_);
    return true;
}

void model_pause(void) {
    if (++pauses % 32 == 0) rl::yield(1, $); // or waiting for a gate would be all that happens
}

uint64_t model_ticks(void) {
    return ticks += 2000000; // so far apart that a reader does not smooth it
}

// ---- instead of the kernel ------------------------------------------------------------------------------------------------

struct sleeper {
    bool asleep;
    uint32_t bits;
    rl::event_data *event;
};
static sleeper sleepers[THREADS];

static uint32_t wave_now() { // as the kernel sees it, under its lock
    tracked *t = tracked_at(world_wave());
    uint64_t seen = 0;
    if (t->atomic()->compare_exchange(rl::bool_t<false>(), seen, 0, rl::mo_seq_cst, $)) note_store(t, rl::mo_seq_cst);
    return (uint32_t)seen;
}

// FUTEX_WAIT_BITSET without an end: what only its time-out would wake is a deadlock here. FUTEX_WAKE_BITSET.
long model_syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    (void)va_arg(list, void *);
    int op = va_arg(list, int);
    uint32_t value = va_arg(list, uint32_t);
    (void)va_arg(list, void *);
    (void)va_arg(list, void *);
    uint32_t bits = va_arg(list, uint32_t);
    va_end(list);
    if (number != SYS_futex) abort();
    rl::context &c = rl::ctx();
    c.sched();
    long woken = 0;
    if (op == FUTEX_WAIT_BITSET) {
        sleeper *s = &sleepers[me()];
        {
            rl::preemption_disabler whole(c);
            if (wave_now() != value) {
                *__errno_location() = EAGAIN; // relacy takes the name of errno
                return -1;
            }
            *s = {true, bits, s->event};
        }
        s->event->wait(false, false, $);
        return 0;
    }
    rl::preemption_disabler whole(c);
    (void)wave_now();
    for (unsigned i = 0; i < THREADS && woken < (long)value; i++) {
        if (!sleepers[i].asleep || !(sleepers[i].bits & bits)) continue;
        sleepers[i].asleep = false;
        sleepers[i].event->set($);
        woken++;
    }
    return woken;
}

int model_nanosleep(const struct timespec *, struct timespec *) {
    rl::yield(1, $);
    return 0;
}
int model_clock_gettime(clockid_t, struct timespec *now) {
    *now = {0, (long)++nanoseconds}; // no time passes: nobody's patience ends
    return 0;
}
}

namespace {

// ---- what is expected -----------------------------------------------------------------------------------------------------

// What the threads know of each other without the bus.
struct {
    uint64_t said[WORLD_SAID], published, writers_done;
    struct ear {
        uint64_t start, last_seq, heard, last[WORLD_SIDES];
        int64_t time;
        bool open;
    } ears[WORLD_SIDES];
} known;

constexpr uint64_t HEARD_FIRST = UINT64_C(1) << 63; // before its writer got round to say so

uint64_t id_of(unsigned writer, unsigned count) {
    return (uint64_t)(writer + 1) << 8 | count;
}

void say(unsigned w, unsigned times) {
    for (unsigned i = 1; i <= times; i++) {
        uint64_t seq = 0, id = id_of(w, i);
        MUST(world_say(w, id, &seq) == world_ok);
        MUST(seq >= 1 && seq < WORLD_SAID); // and no two have the same: it may have been heard already, but as this one only
        MUST(known.said[seq] == 0 || known.said[seq] == (id | HEARD_FIRST));
        known.said[seq] = id;
        known.published++;
    }
}

void listen_from(unsigned r, uint64_t seq) {
    known.ears[r] = {};
    known.ears[r].start = seq;
    known.ears[r].last_seq = seq - 1;
    known.ears[r].open = true;
}

// One message that was delivered: whole, in order, in time, what was missed before it counted.
void hear(unsigned r, const world_message &m) {
    auto &e = known.ears[r];
    MUST(m.len == 16 && m.words[0] == m.words[1]);
    MUST(m.seq > e.last_seq && m.seq < WORLD_SAID);
    MUST(m.seq - e.last_seq == 1 + m.lost + m.gone);
    MUST(m.time >= e.time);
    unsigned who = (unsigned)(m.words[0] >> 8) - 1;
    MUST(who < WORLD_SIDES && (m.words[0] & 255) > e.last[who]);
    MUST(known.said[m.seq] == 0 || (known.said[m.seq] & ~HEARD_FIRST) == m.words[0]);
    if (known.said[m.seq] == 0) known.said[m.seq] = m.words[0] | HEARD_FIRST;
    e.last_seq = m.seq;
    e.time = m.time;
    e.last[who] = m.words[0] & 255;
    e.heard++;
}

bool read_one(unsigned r) {
    world_message m{};
    int rc = world_read(r, &m);
    MUST(rc == world_ok || rc == world_again);
    if (rc == world_ok) hear(r, m);
    return rc == world_ok;
}

void read_some(unsigned r, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        if (!read_one(r)) rl::yield(1, $);
}

void read_until(unsigned r, uint64_t heard) {
    while (world_cursor(r) <= heard)
        if (!read_one(r)) rl::yield(1, $);
}

void wait_until(unsigned r, uint64_t heard) {
    while (known.ears[r].heard < heard) {
        MUST(world_wait(r) == world_ok);
        while (read_one(r)) {}
    }
}

// At the end: every seq was given once; a reader that reads on to the end has been given, or told that it missed, every one.
void balance(bool lossless) {
    for (uint64_t seq = 1; seq < WORLD_SAID; seq++) MUST((known.said[seq] != 0) == (seq <= known.published) && (known.said[seq] & HEARD_FIRST) == 0);
    for (unsigned r = 0; r < WORLD_SIDES; r++) {
        auto &e = known.ears[r];
        if (!e.open) continue;
        while (read_one(r)) {}
        uint64_t delivered, lost, gone;
        world_account(r, &delivered, &lost, &gone);
        MUST(world_cursor(r) == known.published + 1);
        MUST(delivered == e.heard && world_cursor(r) - e.start == delivered + lost + gone);
        if (lossless) MUST(lost == 0 && gone == 0);
    }
}
void balanced() {
    balance(false);
}
void nothing_lost() {
    balance(true);
}

// ---- scenarios ------------------------------------------------------------------------------------------------------------

struct scenario {
    const char *name;
    world_plan plan; // cells, writers, readers, records, gating, joining, sleeping, marker
    void (*thread)(unsigned);
    void (*after)();
};
const scenario *current;

void two_writers(unsigned t) {
    if (t < 2) say(t, 2);
    if (t >= 2 && t - 2 < current->plan.readers) read_some(t - 2, 4);
}
void lapped(unsigned t) {
    if (t == 0) say(0, 5);
    if (t == 1) read_some(0, 6);
}
void lapped_late(unsigned t) { // just as it begins to read
    if (t == 0) say(0, 4);
    if (t == 1) {
        while (known.published < 2) rl::yield(1, $);
        read_some(0, 4);
    }
}
void batches(unsigned t) {
    if (t < 2) {
        uint64_t seq = 0, id = id_of(t, 1);
        MUST(world_say_two(t, id, &seq) == world_ok);
        known.said[seq] = id + 1; // the first's seq is found in the ring
        known.published += 2;
    }
    if (t == 2) read_some(0, 5);
}
void batches_balanced() {
    while (read_one(0)) {}
    MUST(world_cursor(0) == 5);
}
void gated(unsigned t) {
    if (t == 0) say(0, 5);
    if (t == 1) read_until(0, 5);
}
void gated_two(unsigned t) {
    if (t < 2) say(t, 2);
    if (t == 2) read_until(0, 4);
}
void gate_joined(unsigned t) {
    if (t < 2) say(t, 3);
    if (t == 2) {
        world_join_gated(0);
        listen_from(0, world_cursor(0));
        while (world_cursor(0) < 7)
            if (!read_one(0)) rl::yield(1, $);
    }
}
void asleep(unsigned t) {
    if (t < 2) say(t, 1);
    if (t >= 2) wait_until(t - 2, 2);
}
void asleep_lapped(unsigned t) {
    if (t == 0) say(0, 3);
    if (t == 1)
        while (world_cursor(0) < 4) {
            MUST(world_wait(0) == world_ok);
            while (read_one(0)) {}
        }
}
void chain(unsigned t) {
    if (t == 0) say(0, 1);
    if (t > 0) wait_until(t - 1, 1);
}
void marker_sum(unsigned t) {
    if (t < 3) MUST(world_marker_add(1 << t) == world_ok);
}
void marker_sum_right() {
    MUST(world_marker_level() == 7);
}
void marker_tells(unsigned t) {
    if (t == 0) {
        world_flag_set(1);
        MUST(world_marker_set(5) == world_ok);
    }
    if (t == 1 && world_marker_level() == 5) MUST(world_flag() == 1);
}
void nothing() {}

const scenario scenarios[] = {
    {"two-writers", {2, 2, 2, 2, false, false, false, false}, two_writers, balanced},
    {"two-writers-room", {4, 2, 1, 4, false, false, false, false}, two_writers, balanced},
    {"lapped", {2, 1, 1, 4, false, false, false, false}, lapped, balanced},
    {"overwritten", {4, 1, 1, 2, false, false, false, false}, lapped, balanced},
    {"lapped-late", {2, 1, 1, 4, false, false, false, false}, lapped_late, balanced},
    {"overwritten-late", {4, 1, 1, 2, false, false, false, false}, lapped_late, balanced},
    {"batches", {4, 2, 1, 4, false, false, false, false}, batches, batches_balanced},
    {"gated", {4, 1, 1, 2, true, false, false, false}, gated, nothing_lost},
    {"gated-two", {2, 2, 1, 4, true, false, false, false}, gated_two, nothing_lost},
    {"gate-joined", {2, 2, 1, 4, true, true, false, false}, gate_joined, nothing_lost},
    {"asleep", {4, 2, 2, 2, false, false, true, false}, asleep, balanced},
    {"asleep-lapped", {2, 1, 1, 2, false, false, true, false}, asleep_lapped, balanced},
    {"chain", {4, 1, 3, 2, false, false, true, false}, chain, balanced},
    {"marker-sum", {2, 0, 0, 2, false, false, false, true}, marker_sum, marker_sum_right},
    {"marker-tells", {2, 0, 0, 2, false, false, false, true}, marker_tells, nothing},
};
struct suite : rl::test_suite<suite, THREADS> {
    void before() {
        moment = ticks = nanoseconds = pauses = 0;
        std::memset(fenced, 0, sizeof fenced);
        known = {};
        world_reset(&current->plan, track);
        for (unsigned r = 0; r < current->plan.readers && !current->plan.joining; r++) listen_from(r, 1);
        for (auto &s : sleepers) s = {false, 0, rl::ctx().event_ctor(false, false)};
    }
    void thread(unsigned t) {
        current->thread(t);
    }
    void after() {
        current->after();
        for (auto &s : sleepers) rl::ctx().event_dtor(s.event);
        untrack();
    }
};

// relacy replaces operator new, which libstdc++'s own string streams do not notice.
struct text_buffer : std::streambuf {
    char *text = nullptr;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    std::streamsize xsputn(const char *from, std::streamsize n) override { return (std::streamsize)std::fwrite(from, 1, (size_t)n, file); }
    int overflow(int c) override { return std::fputc(c, file); }
    ~text_buffer() { std::fclose(file), std::free(text); }
};

bool run(const scenario &s, unsigned long executions, unsigned long from) {
    auto began = std::chrono::steady_clock::now();
    text_buffer said;
    std::ostream out(&said), progress(nullptr);
    rl::test_params p;
    current = &s;
    pool_used = 0;
    std::fill(by_offset.begin(), by_offset.end(), nullptr);
    p.iteration_count = from + executions;
    p.initial_state = std::to_string(from);
    p.execution_depth_limit = 20000;
    p.output_stream = &out;
    p.progress_stream = &progress;
    bool ok = rl::simulate<suite>(p);
    double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::fflush(said.file);
    if (!ok) std::fputs(said.text, stdout);
    std::printf("%-18s %8lu executions, %5.1f s: %s\n", s.name, (unsigned long)(p.stop_iteration - from), took,
                ok ? "nothing found" : rl::test_result_str(p.test_result));
    std::fflush(stdout);
    return ok;
}

} // namespace

int main(int argc, char **argv) {
    base = static_cast<unsigned char *>(world_base(&base_bytes));
    by_offset.assign(base_bytes / 4 + 1, nullptr);
    bool ok = true, any = false;
    if (argc > 1 && std::strcmp(argv[1], "--list") == 0) {
        for (const scenario &s : scenarios) std::puts(s.name);
        return 0;
    }
    for (const scenario &s : scenarios) {
        if (argc > 1 && std::strcmp(argv[1], "all") != 0 && std::strcmp(argv[1], s.name) != 0) continue;
        any = true;
        ok = run(s, argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 100000, argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0) && ok;
    }
    if (!any) std::fputs("relacy_ring: no such scenario\n", stderr);
    return ok && any ? 0 : 1;
}
