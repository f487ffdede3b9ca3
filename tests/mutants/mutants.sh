#!/bin/bash
# mutants.sh BUILD_DIR [ID...]: seeds each mistake of mutants.tsv into a copy of core/src and runs the test that has to find it. The tests must pass without.
# What it builds is in BUILD_DIR/mutants. Prints a line for each, and fails if one of them survives, or if one's place in the source is not found.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
table=$here/mutants.tsv

prepare() { # the library and the tests as they are
    mkdir -p "$work/base" "$work/out" || exit 1
    local source
    for source in "$root"/core/src/*.c "$root"/tests/crash/{bus,race,proto_publish,proto_gate,proto_wait,proto_shared}.c; do
        printf '%s\n' "$source"
    done | xargs -P 2 -I{} sh -c '"$0" $1 -c "$2" -o "$3/$(basename "$2" .c).o"' "$CC" "$FLAGS" {} "$work/base" || exit 1
    for program in publish gate wait shared; do
        link "$work/base" "$program" "$work/base/$program" || exit 1
        mkdir -p "$SCTX_TEST_DIR/base.$program"
        SCTX_DIR=$SCTX_TEST_DIR/base.$program timeout 60 "$work/base/$program" >"$work/out/base.$program" 2>&1 || {
            cat "$work/out/base.$program"
            echo "without any mistake, proto_$program fails"
            exit 1
        }
    done
}

link() { # link OBJECTS PROGRAM OUT: objects that are not in OBJECTS come from base
    local object name list=()
    for object in "$work"/base/*.o; do
        name=$(basename "$object")
        case $name in proto_*) [ "$name" = "proto_$2.o" ] || continue ;; esac
        if [ -e "$1/$name" ]; then list+=("$1/$name"); else list+=("$object"); fi
    done
    "$CC" -pthread "${list[@]}" -lm -o "$3"
}

seed() { # seed ID: copies the source, seeds the mistake, builds what differs
    local id file sed rest source
    rm -rf "${work:?}/$1" && mkdir -p "$work/$1" && cp -r "$root/core/src" "$work/$1/src" || return 2
    while IFS=$'\t' read -r id file sed rest; do
        [ "$id" = "$1" ] || continue
        cp "$work/$1/src/$file" "$work/$1/before"
        sed -i -e "$sed" "$work/$1/src/$file" || return 2
        if cmp -s "$work/$1/before" "$work/$1/src/$file"; then
            echo "$1: nothing to change in $file: mend mutants.tsv"
            return 2
        fi
    done <"$table"
    for source in "$work/$1"/src/*.c; do
        # A header that was changed goes into everything.
        if diff -q "$root/core/src" "$work/$1/src" | grep -q '\.h ' || ! cmp -s "$source" "$root/core/src/$(basename "$source")"; then
            # shellcheck disable=SC2086
            "$CC" $FLAGS -I"$work/$1/src" -c "$source" -o "$work/$1/$(basename "$source" .c).o" || return 2
        fi
    done
}

try() { # try ID: 0 found, 1 survived, 2 cannot be tried
    local _ test program what status
    test=$(awk -F'\t' -v id="$1" '$1 == id { print $4; exit }' "$table")
    what=$(awk -F'\t' -v id="$1" '$1 == id { print $5; exit }' "$table")
    program=${test%% *}
    seed "$1" && link "$work/$1" "$program" "$work/$1/$program" || {
        echo "BROKEN    $1"
        return 2
    }
    mkdir -p "$SCTX_TEST_DIR/$1"
    # shellcheck disable=SC2086
    SCTX_DIR=$SCTX_TEST_DIR/$1 timeout 40 "$work/$1/$program" ${test#* } >"$work/out/$1" 2>&1
    status=$?
    rm -rf "${SCTX_TEST_DIR:?}/$1" "${work:?}/$1"
    if [ $status -eq 0 ]; then
        echo "SURVIVED  $1 ($what): proto_$test passes"
        return 1
    fi
    echo "found     $1 ($what): proto_$test"
}

if [ "${1:-}" = --try ]; then
    try "$2"
    exit
fi
[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: mutants.sh BUILD_DIR [ID...]" >&2 && exit 2; }
work=$(cd "$1" && pwd)/mutants
shift
CC=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$work/../CMakeCache.txt" 2>/dev/null)
export work CC=${CC:-cc}
export FLAGS="-std=gnu11 -O1 -w -pthread -D_GNU_SOURCE -DSCTX_TESTPOINTS -I$root/core/include -iquote $root/core/src -I$root/core/src -I$root/tests/crash"
own=
[ -n "${SCTX_TEST_DIR:-}" ] || own=$(mktemp -d /dev/shm/sctx-mutants.XXXXXX)
export SCTX_TEST_DIR=${SCTX_TEST_DIR:-$own}
trap '[ -z "$own" ] || rm -rf "$own"' EXIT

prepare
[ $# -gt 0 ] || mapfile -t ids < <(grep -v '^#' "$table" | cut -f1 | awk '!seen[$0]++')
[ $# -gt 0 ] && ids=("$@")
printf '%s\n' "${ids[@]}" | xargs -P 2 -I{} "$0" --try {} >"$work/out/all"
sort "$work/out/all"
found=$(grep -c '^found' "$work/out/all")
echo "$found of ${#ids[@]} seeded mistakes found"
[ "$found" -eq "${#ids[@]}" ]
