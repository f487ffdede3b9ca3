#!/bin/bash
# fuzz.sh --seconds N|--runs N [--seed N] [--jobs N] [--first FOLDER] PROGRAM MAX_LEN [FOLDER...]: runs a libFuzzer program, first on each input in one folder,
# then on what it makes of those in the others, and says in one line what came of it. An input that crashes it is kept in crashes/ beside the folder
# of the program; $SCTX_FUZZ_FOUND: a folder for all that reached something new.
set -u
seconds=10 runs=0 seed=0 jobs=1 first=
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2 && shift ;;
    --runs) runs=$2 && shift ;; # by all jobs together, however long it takes
    --seed) seed=$2 && shift ;;
    --jobs) jobs=$2 && shift ;;
    --first) first=$2 && shift ;;
    *) break ;;
    esac
    shift
done
program=$1 max_len=$2 name=$(basename "$1")
shift 2
inputs=()
for folder in "$@"; do [ -d "$folder" ] && inputs+=("$folder"); done
keep=$(dirname "$(dirname "$(readlink -f "$program")")")/crashes
work=$(mktemp -d "${SCTX_DIR:-/dev/shm}/fuzz.XXXXXX") && mkdir -p "$keep" "$work/found" || exit 1
pids=()
tidy() {
    [ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
    rm -rf "$work"
}
trap tidy EXIT
trap 'exit 130' INT TERM
[ "$seed" -gt 0 ] || seed=$((RANDOM * 32768 + RANDOM + 1))

if [ -d "$first" ] && ! SCTX_DIR=$work "$program" -timeout=20 -rss_limit_mb=3000 "$first"/* >"$work/first" 2>&1; then
    printf '%s: what was once mended is broken again: %s\n' "$name" "$first"
    grep -a '^Running: ' "$work/first" | tail -n 1
    tail -n 40 "$work/first"
    exit 1
fi
end=(-max_total_time="$seconds")
[ "$runs" -eq 0 ] || end=(-runs=$((runs / jobs + 1)))
began=$SECONDS failed=0
for ((job = 0; job < jobs; job++)); do # they share what they find, through the folder
    SCTX_DIR=$work "$program" "${end[@]}" -seed=$((seed + job)) -max_len="$max_len" -timeout=20 -rss_limit_mb=3000 -reload=5 \
        -print_final_stats=1 -artifact_prefix="$keep/$name-" "$work/found" "${inputs[@]}" >"$work/log.$job" 2>&1 &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
pids=()

took=$((SECONDS - began))
executions=$(awk '/stat::number_of_executed_units/ { sum += $2 } END { print sum + 0 }' "$work"/log.*)
edges=$(awk '{ for (i = 1; i < NF; i++) if ($i == "cov:" && $(i + 1) > most) most = $(i + 1) } END { print most + 0 }' "$work"/log.*)
printf '%s: %d executions, %d/s, coverage %d edges, %d crashes (seed %d, %d s, %d jobs)\n' "$name" "$executions" \
    $((executions / (took > 0 ? took : 1))) "$edges" "$failed" "$seed" "$took" "$jobs"
[ -z "${SCTX_FUZZ_FOUND:-}" ] || { mkdir -p "$SCTX_FUZZ_FOUND" && cp -r "$work/found/." "$SCTX_FUZZ_FOUND"; }
[ "$failed" -eq 0 ] && exit 0
for log in "$work"/log.*; do
    grep -a -A 30 -m 1 'fuzz: not so\|ERROR: \|runtime error' "$log"
    grep -a 'Test unit written to' "$log" || tail -n 3 "$log"
done
exit 1
