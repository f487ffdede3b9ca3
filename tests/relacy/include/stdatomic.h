/* The macro layer under which core/src is compiled for relacy: C11's atomics, each a call that the checker schedules. `_Atomic` is nothing here
 * (-D_Atomic=): what is shared keeps its layout, and is told by its address. */
#ifndef SCTX_MODEL_STDATOMIC_H
#define SCTX_MODEL_STDATOMIC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATOMIC_LLONG_LOCK_FREE 2
typedef enum {
    memory_order_relaxed,
    memory_order_consume,
    memory_order_acquire,
    memory_order_release,
    memory_order_acq_rel,
    memory_order_seq_cst
} memory_order;

struct model_place {
    const char *function, *file;
    int line;
};
#define MODEL_HERE (&(const struct model_place){__func__, __FILE__, __LINE__})

enum model_rmw { MODEL_EXCHANGE, MODEL_ADD, MODEL_SUB, MODEL_AND, MODEL_OR };

uint64_t model_load(const void *at, size_t size, memory_order order, const struct model_place *place);
void model_store(void *at, size_t size, uint64_t value, memory_order order, const struct model_place *place);
uint64_t model_rmw(void *at, size_t size, enum model_rmw kind, uint64_t value, memory_order order, const struct model_place *place);
bool model_cas(void *at, size_t size, void *expected, uint64_t value, bool weak, memory_order order, memory_order failed,
               const struct model_place *place);
void model_fence(memory_order order, const struct model_place *place);

#define MODEL_TYPE(p) __typeof__(*(p))
#define atomic_load_explicit(p, order) ((MODEL_TYPE(p))model_load((p), sizeof *(p), (order), MODEL_HERE))
#define atomic_store_explicit(p, v, order) model_store((p), sizeof *(p), (uint64_t)(MODEL_TYPE(p))(v), (order), MODEL_HERE)
#define MODEL_RMW(p, kind, v, order) ((MODEL_TYPE(p))model_rmw((p), sizeof *(p), kind, (uint64_t)(MODEL_TYPE(p))(v), (order), MODEL_HERE))
#define atomic_exchange_explicit(p, v, order) MODEL_RMW(p, MODEL_EXCHANGE, v, order)
#define atomic_fetch_add_explicit(p, v, order) MODEL_RMW(p, MODEL_ADD, v, order)
#define atomic_fetch_sub_explicit(p, v, order) MODEL_RMW(p, MODEL_SUB, v, order)
#define atomic_fetch_and_explicit(p, v, order) MODEL_RMW(p, MODEL_AND, v, order)
#define atomic_fetch_or_explicit(p, v, order) MODEL_RMW(p, MODEL_OR, v, order)
#define MODEL_CAS(p, e, v, weak, order, failed) \
    model_cas((p), sizeof *(p), (e), (uint64_t)(MODEL_TYPE(p))(v), weak, (order), (failed), MODEL_HERE)
#define atomic_compare_exchange_strong_explicit(p, e, v, order, failed) MODEL_CAS(p, e, v, false, order, failed)
#define atomic_compare_exchange_weak_explicit(p, e, v, order, failed) MODEL_CAS(p, e, v, true, order, failed)

#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store(p, v) atomic_store_explicit(p, v, memory_order_seq_cst)
#define atomic_exchange(p, v) atomic_exchange_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_add(p, v) atomic_fetch_add_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_sub(p, v) atomic_fetch_sub_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_and(p, v) atomic_fetch_and_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_or(p, v) atomic_fetch_or_explicit(p, v, memory_order_seq_cst)
#define atomic_compare_exchange_strong(p, e, v) MODEL_CAS(p, e, v, false, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_compare_exchange_weak(p, e, v) MODEL_CAS(p, e, v, true, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_thread_fence(order) model_fence(order, MODEL_HERE)
#endif
