/* Answers what the host asks, until it goes away. */
#ifndef SCTX_WORKER_SERVE_H
#define SCTX_WORKER_SERVE_H
#include "module.h"
#include "wire.h"

_Noreturn void serve(struct wire *wire, const struct module *module);

#endif
