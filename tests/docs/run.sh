#!/bin/bash
# run.sh BUILD_DIR: what README.md and docs/*.md show is run, as it stands there.
#
# What stands after ``` decides what is done with a block; the first word is for those who show the page:
#
#   sh test              run, by bash -eu; it must exit with 0
#   sh test exits N      the same, but it must exit with N
#   sh test background   started, and left running until its page ends; it must be a reader that joins
#   text output          what the block before printed, stdout and stderr
#   text output background   these lines come from the one that runs in the background, in this order
#   c test FILE          written to FILE
#
# Of outputs, numbers, units of time and the width of gaps are not compared: times, pids and columns differ. All else must be the same.
#
# The blocks of a page share a context folder of their own, in shared memory, and a working folder that looks like the project's: core/ is there,
# and build/ is BUILD_DIR. At the end both are removed, and what still runs is ended.
set -u
build=$(cd -- "${1:?usage: run.sh BUILD_DIR}" && pwd) || exit 2
root=$(cd -- "$(dirname -- "$0")/../.." && pwd) || exit 2
[[ -x $build/bin/sctx ]] || { echo "$build/bin/sctx is not there: build it first" >&2 && exit 2; }

unset SCTX_CONTEXT
export PATH="$build/bin:$PATH" NO_COLOR=1 LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
base=$(mktemp -d /dev/shm/sctx-docs.XXXXXX) || exit 1
background=''
passed=0 failed=0

end_background() {
    [[ -n $background ]] || return 0
    kill -TERM -- "-$background" 2>/dev/null
    wait "$background" 2>/dev/null
    background=''
}
trap 'end_background; rm -rf -- "$base"' EXIT
trap 'exit 143' INT TERM HUP

pass() { passed=$((passed + 1)); }
fail() { # WHERE WHAT [FILE]
    failed=$((failed + 1))
    printf 'FAILED: %s: %s\n' "$1" "$2"
    [[ -z ${3:-} ]] || head -c 3000 -- "$3" | sed 's/^/    | /'
}

# The blocks of a page: NNN.LINE.txt, and in `kinds` for each "NNN LINE KIND". Fences within a block are not looked for.
split() { # PAGE FOLDER
    awk -v folder="$2" '
        !inside && /^```/ { inside = 1; n++; kind = substr($0, 4); at = NR; file = sprintf("%s/%03d", folder, n); printf "" > file
                            printf "%03d %d %s\n", n, at, kind > (folder "/kinds"); next }
        inside && /^```$/ { inside = 0; close(file); next }
        inside { print > file }' "$1"
}

alike() { sed -E 's/[0-9]+(\.[0-9]+)?/0/g; s/\<0 (ns|µs|ms|s)\>/0 s/g; s/[[:space:]]+/ /g; s/ $//' -- "$1"; }

# Are the lines of the first among those of the second, in their order?
among() {
    awk 'NR == FNR { want[++n] = $0; next } at < n && $0 == want[at + 1] { at++ } END { exit at < n }' <(alike "$1") <(alike "$2")
}

readers() { sctx info --json 2>/dev/null | grep -o '"readers":[0-9]*' | tr -dc 0-9; }

start_background() { # SCRIPT OUTPUT; true once it reads
    local before tries
    before=$(readers)
    setsid bash -eu -- "$1" </dev/null >"$2" 2>&1 &
    background=$!
    for ((tries = 0; tries < 250; tries++)); do
        [[ $(readers) -gt ${before:-0} ]] && return 0
        sleep 0.02
    done
    return 1
}

comes() { # EXPECTED OUTPUT: within five seconds
    local tries
    for ((tries = 0; tries < 250; tries++)); do
        among "$1" "$2" && return 0
        sleep 0.02
    done
    return 1
}

run_block() { # SCRIPT OUTPUT CODE
    local status=0
    timeout 20 bash -eu -- "$1" </dev/null >"$2" 2>&1 || status=$?
    [[ $status -eq $3 ]] && return 0
    echo "it exited with $status, not with $3" >>"$2"
    return 1
}

check_page() { # PAGE
    local page=$1 blocks=$base/blocks work=$base/work number line kind file where
    rm -rf -- "$blocks" "$work" "$base/bus"
    mkdir -m 700 -- "$blocks" "$work" "$base/bus"
    ln -s -- "$root/core" "$work/core"
    ln -s -- "$root/examples" "$work/examples"
    ln -s -- "$build" "$work/build"
    ln -s -- "$root/plugins" "$work/plugins"
    ln -s -- "$root/tests" "$work/tests"
    ln -s -- "$root/bindings" "$work/bindings"
    export SCTX_DIR=$base/bus CMAKE_PREFIX_PATH=$build # as if it were installed
    cd -- "$work" || exit 1
    : >"$blocks/kinds"
    : >"$blocks/out"
    split "$page" "$blocks"
    while read -r number line kind; do
        file=$blocks/$number
        where=${page#"$root"/}:$line
        case $kind in
        'sh test') if run_block "$file" "$blocks/out" 0; then pass; else fail "$where" 'the commands fail' "$blocks/out"; fi ;;
        'sh test exits '*)
            if run_block "$file" "$blocks/out" "${kind##* }"; then pass; else fail "$where" 'another exit status' "$blocks/out"; fi
            ;;
        'sh test background')
            if start_background "$file" "$blocks/heard"; then pass; else fail "$where" 'it does not join' "$blocks/heard"; fi
            ;;
        'text output background')
            if comes "$file" "$blocks/heard"; then pass; else fail "$where" 'other output' "$blocks/heard"; fi
            ;;
        'text output')
            if diff -u --label "$where" --label 'what it prints' <(alike "$file") <(alike "$blocks/out") >"$blocks/diff"; then
                pass
            else
                fail "$where" 'other output' "$blocks/diff"
            fi
            ;;
        'c test '*) if cp -- "$file" "$work/${kind##* }"; then pass; else fail "$where" 'cannot be written'; fi ;;
        *test* | *output*) fail "$where" "no such kind of block: $kind" ;;
        esac
    done <"$blocks/kinds"
    end_background
    cd / || exit 1
}

# A link to a file of the project must lead to one.
check_links() { # PAGE
    local page=$1 target broken=0
    while read -r target; do
        case $target in http://* | https://* | '#'* | '') continue ;; esac
        [[ -e $(dirname -- "$page")/${target%%#*} ]] && continue
        fail "${page#"$root"/}" "the link to '$target' leads nowhere"
        broken=1
    done < <(grep -oE '\]\([^)[:space:]]+\)' -- "$page" | sed 's/^](//; s/)$//')
    [[ $broken -eq 0 ]] && pass
}

for page in "$root"/README.md "$root"/plugins.md "$root"/docs/*.md; do
    check_links "$page"
    check_page "$page"
done
[[ $passed -gt 0 ]] || failed=1
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
