# sctx_warnings: link it PRIVATE to every target of ours.
add_library(sctx_warnings INTERFACE)
target_compile_options(sctx_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -fno-common -fvisibility=hidden
    $<$<BOOL:${SCTX_WERROR}>:-Werror>)
