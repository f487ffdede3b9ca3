# sctx_warnings: link it PRIVATE to every target of ours. What sanitizers put into the code misleads those warnings that follow values through it.
add_library(sctx_warnings INTERFACE)
target_compile_options(sctx_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -fno-common -fvisibility=hidden
    $<$<BOOL:${SCTX_WERROR}>:-Werror>)
if(SCTX_SANITIZE)
    target_compile_options(sctx_warnings INTERFACE -Wno-unknown-warning-option
        -Wno-format-truncation -Wno-format-overflow -Wno-maybe-uninitialized -Wno-null-dereference -Wno-stringop-overflow)
endif()
