#include "transport.h"

const struct transport *const transport_peers[] = {
    &transport_pipe,
    &transport_seqpacket,
    &transport_mq,
#if SCTX_BENCH_BOOST
    &transport_boost,
#endif
    NULL,
};
