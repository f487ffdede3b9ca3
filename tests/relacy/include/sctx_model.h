/* What atomics.h has in assembler, for relacy. Included there, after struct cell. */
#ifndef SCTX_MODEL_H
#define SCTX_MODEL_H

bool model_cell_swap(void *seq, void *ref, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1, const struct model_place *place);
void model_pause(void);
uint64_t model_ticks(void);

#define cell_swap(c, seq0, ref0, seq1, ref1) model_cell_swap(&(c)->seq, &(c)->ref, seq0, ref0, seq1, ref1, MODEL_HERE)

static inline void cpu_pause(void) {
    model_pause();
}
static inline void fetch_to_write(const void *p) {
    (void)p;
}
/* Of the processor, not of the language: the counter is read when its turn comes, in the model as well. */
static inline void load_fence(void) {}
static inline uint64_t cpu_ticks(void) {
    return model_ticks();
}
#endif
