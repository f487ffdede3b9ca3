#!/bin/bash
# Checks the protocol's four models with Spin: the sizes below without an error, and every seeded mistake found.
#
#   check.sh [--full] [--self-test] [-j JOBS] [FILTER]
#
#   --full       also the larger sizes (about ten minutes more, up to 8 GB each)
#   --self-test  only shows that a wrong verdict is noticed: a search cut short, a mistake not found, a model that does not compile
#   FILTER       a regular expression on "model -Dname=value ..."
#
# Needs spin and a C compiler (CC, default cc). Writes to a temporary folder only, and removes it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
jobs_max=$(nproc 2>/dev/null || echo 2)
[ "$jobs_max" -gt 2 ] && jobs_max=2 # memory, not processors, is what a search runs out of
full=0 self_test=0 filter=.
while [ $# -gt 0 ]; do
    case $1 in
    --full) full=1 ;;
    --self-test) self_test=1 ;;
    -j) jobs_max=$2 && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
    -*) echo "check.sh: unknown option $1" >&2 && exit 2 ;;
    *) filter=$1 ;;
    esac
    shift
done
cc=${CC:-cc}
for tool in spin "$cc"; do
    command -v "$tool" >/dev/null || { echo "check.sh: $tool is not installed" >&2 && exit 1; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

# One line a search: EXPECTED MEGABYTES MODEL OPTIONS. EXPECTED: holds = every state visited, no error; mistake = the seeded mistake is found.
# The longest first, so that none runs alone at the end.
holds() {
    cat <<'LIST'
holds 5000 publish
holds 1500 wait -DR=2 -DDEATHS=1 -DWDEATHS=1 -DSPUR=1
holds 1500 gate -DARENA=1 -DR=2 -DDEATHS=1
holds 1500 gate -DK=3 -DDEATHS=1
holds 1500 publish -DK=2
holds 1000 adopt -DREPL=1
holds 1000 wait -DR=2 -DCOUNT
holds 1000 wait -DW=1 -DDEATHS=2 -DWDEATHS=1 -DSPUR=1 -DCOUNT
holds 1000 wait -DR=2 -DFAN=1
holds 1000 wait -DW=1 -DFAN=1 -DDEATHS=1 -DWDEATHS=1 -DSPUR=1 -DCOUNT
holds 1000 publish -DK=2 -DARENA=2
holds 1000 gate
holds 1000 gate -DG=2 -DR=2 -DW=1 -DK=4 -DARENA=1 -DDEATHS=1
holds 1000 adopt -DW=2 -DK=2 -DREPL=1
LIST
}

holds_full() {
    cat <<'LIST'
holds 8000 wait
holds 8000 gate -DG=2 -DR=2 -DARENA=1
holds 8000 gate -DARENA=1 -DR=2 -DDEATHS=1 -DEVICT=1
holds 8000 adopt -DS=2 -DREPL=1
holds 8000 adopt -DK=2 -DREPL=1
holds 8000 wait -DW=1 -DK=2 -DDEATHS=1 -DWDEATHS=1 -DSPUR=1
holds 8000 wait -DR=4 -DW=1 -DDEATHS=1
LIST
}

mistakes() {
    local m
    for m in 1 2 3 4; do echo "mistake 1000 publish -DMUTANT=$m"; done

    for m in 1 2 3 4; do echo "mistake 1000 wait -DR=2 -DW=1 -DMUTANT=$m"; done
    echo "mistake 1500 wait -DMUTANT=5"
    echo "mistake 1000 wait -DW=1 -DFAN=1 -DMUTANT=6"
    for m in 7 8 9; do echo "mistake 1000 wait -DR=2 -DFAN=1 -DMUTANT=$m"; done

    for m in 1 2 3 4; do echo "mistake 1000 gate -DMUTANT=$m"; done
    for m in 5 7; do echo "mistake 1000 gate -DARENA=1 -DMUTANT=$m"; done
    echo "mistake 1000 gate -DARENA=1 -DDEATHS=1 -DR=2 -DMUTANT=6"
    echo "mistake 1000 gate -DARENA=1 -DDEATHS=1 -DMUTANT=8"
    echo "mistake 1000 gate -DARENA=1 -DEVICT=1 -DMUTANT=9"

    for m in 1 2 3 5 6; do echo "mistake 1000 adopt -DW=2 -DK=2 -DMUTANT=$m"; done
    for m in 4 7; do echo "mistake 1000 adopt -DW=2 -DK=2 -DREPL=1 -DMUTANT=$m"; done
}

# search N EXPECTED MEGABYTES MODEL [OPTIONS]: prints one line that begins with ok or WRONG. A search that ended early for want of memory or
# depth proves nothing, although Spin then says "errors: 0" too.
search() {
    local n=$1 want=$2 megabytes=$3 model=$4 verdict states
    shift 4
    mkdir "$work/$n" && cd "$work/$n" || exit 1
    local begin=$SECONDS
    if spin -a "$@" "$here/$model.pml" >spin.txt 2>&1 && "$cc" -O1 -w -DSAFETY -DCOLLAPSE "-DMEMLIM=$megabytes" -o pan pan.c >cc.txt 2>&1; then
        (ulimit -v $((megabytes * 1024 + 524288)) && ./pan -m300000 -w24 >pan.txt 2>&1)
        verdict=$(grep -o 'errors: [0-9]*' pan.txt)
        states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.txt)
        if grep -qE 'max search depth too small|reached -DMEMLIM|out of memory|Search not completed' pan.txt && [ "$verdict" = "errors: 0" ]; then
            verdict="cut short"
        fi
    else
        verdict="does not compile"
    fi
    case "$want/$verdict" in
    "holds/errors: 0" | mistake/errors:\ [1-9]*) verdict="ok     $want" ;;
    *) verdict="WRONG  $want: ${verdict:-no answer}" ;;
    esac
    echo "$verdict  $model $*  (${states:-?} states, $((SECONDS - begin)) s)"
    cd "$work" && rm -rf "${work:?}/$n"
}

# run_all: takes the list on stdin, JOBS at a time; counts by the lines printed.
run_all() {
    local n=0 line
    while read -r line; do
        while [ "$(jobs -pr | wc -l)" -ge "$jobs_max" ]; do wait -n; done
        n=$((n + 1))
        # shellcheck disable=SC2086 # the line is a list of words
        search "$n" $line </dev/null &
    done
    wait
}

if [ $self_test -eq 1 ]; then
    jobs_max=1
    got=$(printf '%s\n' "mistake 1000 adopt -DW=2 -DK=2" "holds 1000 adopt -DW=2 -DK=2 -DMUTANT=3" "holds 40 publish" "holds 1000 adopt -DW=nonsense(" | run_all)
    echo "$got"
    [ "$(grep -c '^WRONG' <<<"$got")" -eq 4 ] && grep -q 'cut short' <<<"$got" && grep -q 'does not compile' <<<"$got"
    exit
fi

list=$({ if [ $full -eq 1 ]; then holds_full; fi && holds && mistakes; } | grep -E -- " .*($filter)")
[ -n "$list" ] || { echo "check.sh: nothing matches $filter" >&2 && exit 2; }
run_all <<<"$list" | tee "$work/result"
passed=$(grep -c '^ok' "$work/result")
failed=$(($(wc -l <<<"$list") - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
