#!/bin/bash
# mutants.sh BUILD_DIR [ID...]: seeds each mistake of mutants.tsv into a copy of core/src and runs the test, or relacy's scenario, that has to find it.
# They must pass without. What it builds is in BUILD_DIR/mutants, and so is table.md. Fails if a mistake survives, or if its place in the source is not found.
# Those that Spin finds are in tests/model, whose check.sh demands the same of them.
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
    rm -f "$work/checker.o"
    RELACY_CHECKER=$work/checker.o "$root/tests/relacy/build.sh" "$root/core/src" "$work/relacy" || exit 1
    "$work/relacy/relacy_ring" all 20000 >"$work/out/base.relacy" 2>&1 || {
        tail -n 100 "$work/out/base.relacy"
        echo 'without any mistake, relacy finds one'
        exit 1
    }
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

seed() { # seed ID: copies the source, seeds the mistake
    local id file sed rest
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
}

compile() { # compile ID: what differs
    local source
    for source in "$work/$1"/src/*.c; do
        # A header that was changed goes into everything.
        if diff -q "$root/core/src" "$work/$1/src" | grep -q '\.h ' || ! cmp -s "$source" "$root/core/src/$(basename "$source")"; then
            # shellcheck disable=SC2086
            "$CC" $FLAGS -I"$work/$1/src" -c "$source" -o "$work/$1/$(basename "$source" .c).o" || return 2
        fi
    done
}

built() { # built ID PROGRAM
    if [ "$2" = relacy ]; then
        RELACY_CHECKER=$work/checker.o "$root/tests/relacy/build.sh" "$work/$1/src" "$work/$1"
    else
        compile "$1" && link "$work/$1" "$2" "$work/$1/$2"
    fi
}

escape() { printf '%s' "${1//|/\\|}"; } # for a cell of a table

try() { # try ID: 0 found, 1 survived, 2 cannot be tried
    local test program what status where after
    test=$(awk -F'\t' -v id="$1" '$1 == id { print $4; exit }' "$table")
    what=$(awk -F'\t' -v id="$1" '$1 == id { print $5; exit }' "$table")
    program=${test%% *}
    seed "$1" && built "$1" "$program" || {
        printf '| %s | %s | | **CANNOT BE TRIED** |\n' "$1" "$what"
        return 2
    }
    mkdir -p "$SCTX_TEST_DIR/$1"
    if [ "$program" = relacy ]; then
        timeout 120 "$work/$1/relacy_ring" "${test#* }" "$EXECUTIONS" >"$work/out/$1" 2>&1
    else
        # shellcheck disable=SC2086
        SCTX_DIR=$SCTX_TEST_DIR/$1 timeout 40 "$work/$1/$program" ${test#* } >"$work/out/$1" 2>&1
    fi
    status=$?
    rm -rf "${SCTX_TEST_DIR:?}/$1" "${work:?}/$1"
    case $program in
    relacy) where="relacy, ${test#* }" after=$(sed -n 's/.* \([0-9]* executions\),.*: \(.*\)$/\2 after \1/p' "$work/out/$1" | tail -n 1) ;;
    *) where="proto_$program, ${test#* }" after=$(grep -o 'not so: .*' "$work/out/$1" | head -n 1) ;;
    esac
    [ $status -ne 124 ] || after='it does not end'
    [ $status -ne 124 ] || [ "$program" != relacy ] || status=0 # whose executions end: it was not given the time to find anything
    if [ $status -eq 0 ]; then
        printf '| %s | %s | %s | **SURVIVED** |\n' "$1" "$what" "$where"
        return 1
    fi
    printf '| %s | %s | %s | %s |\n' "$1" "$what" "$where" "$(escape "${after:-it ends with status $status}")"
}

if [ "${1:-}" = --try ]; then
    try "$2"
    exit
fi
[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: mutants.sh BUILD_DIR [ID...]" >&2 && exit 2; }
work=$(cd "$1" && pwd)/mutants
shift
CC=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$work/../CMakeCache.txt" 2>/dev/null)
export work CC=${CC:-cc} EXECUTIONS=${SCTX_RELACY_EXECUTIONS:-300000}
export FLAGS="-std=gnu11 -O1 -w -pthread -D_GNU_SOURCE -DSCTX_TESTPOINTS -I$root/core/include -iquote $root/core/src -I$root/core/src -I$root/tests/crash"
own=
[ -n "${SCTX_TEST_DIR:-}" ] || own=$(mktemp -d /dev/shm/sctx-mutants.XXXXXX)
export SCTX_TEST_DIR=${SCTX_TEST_DIR:-$own}
trap '[ -z "$own" ] || rm -rf "$own"' EXIT

prepare
[ $# -gt 0 ] || mapfile -t ids < <(grep -v '^#' "$table" | cut -f1 | awk '!seen[$0]++')
[ $# -gt 0 ] && ids=("$@")
printf '%s\n' "${ids[@]}" | xargs -P 2 -I{} "$0" --try {} >"$work/out/all"
{
    printf '| seeded mistake | what is removed | looked for by | found |\n|---|---|---|---|\n'
    sort "$work/out/all"
} | tee "$work/table.md"
found=$(grep -v -c -F '**' "$work/out/all")
echo "$found of ${#ids[@]} seeded mistakes found, $((${#ids[@]} - found)) survive"
[ "$found" -eq "${#ids[@]}" ]
