#!/bin/bash
# build.sh CORE_SRC OUT: relacy_ring of the sources in CORE_SRC (core/src, or a copy with a mistake in it) into the folder OUT.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$1" && pwd) out=$2
mkdir -p "$out"
export CC=${CC:-cc} CXX=${CXX:-c++}
flags=(-std=gnu11 -O1 -w -ffunction-sections -D_GNU_SOURCE -DSCTX_MODEL -D_Atomic= -Dsyscall=model_syscall -Dnanosleep=model_nanosleep
    -Dclock_gettime=model_clock_gettime -I"$here/include" -I"$here/../../core/include" -I"$src")
for file in "$src"/{writer,reader,reader_wait,gate,wait,ring,marker,cause,clock,status,filter}.c "$here/world.c"; do
    "$CC" "${flags[@]}" -c "$file" -o "$out/$(basename "$file" .c).o"
done
if [ ! -e "${RELACY_CHECKER:-$out/checker.o}" ]; then # it knows nothing of core/src: one will do for all copies
    "$CXX" -std=c++17 -O2 -w -fno-access-control -c "$here/ring.cpp" -o "${RELACY_CHECKER:-$out/checker.o}"
fi
# What no scenario comes to is left out; a call to it would end the program.
objects=()
for object in "$out"/*.o; do [ "$object" = "$out/checker.o" ] || objects+=("$object"); done
"$CXX" -no-pie -Wl,--gc-sections,--unresolved-symbols=ignore-all "${objects[@]}" "${RELACY_CHECKER:-$out/checker.o}" -lm -o "$out/relacy_ring"
