#!/bin/bash
# check.sh IN_DIR FAILS PASSES [EMULATOR...]: the test programs say what they should, and in-dir.sh notices what it is there for.
# shellcheck disable=SC2016 # what is in single quotes is meant for the inner shell
set -u
in_dir=$1 fails=$2 passes=$3 bad=0
shift 3
emulator=("$@")
expect() { # expect WHAT WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok    $1"; else echo "WRONG $1: $3, not $2" && bad=1; fi
}
ways=$(grep -c '^Test(' "$(dirname "$0")/fails.c")

out=$("${emulator[@]}" "$fails" -j1 2>&1)
expect "a program with failing tests exits with" 1 $?
expect "tests reported as failed" "$ways" "$(grep -cE '\[FAIL\] fails::' <<<"$out")"
out=$("${emulator[@]}" "$passes" -j1 2>&1)
expect "a program whose tests pass exits with" 0 $?

(exec >/dev/null 2>&1 && "$in_dir" --seconds 1 harness_slow -- sleep 20)
expect "a test that takes too long is ended with" 137 $?
(exec >/dev/null 2>&1 && "$in_dir" --seconds 20 harness_orphan -- sh -c 'sleep 30 & exit 0')
expect "a test that leaves a process running exits with" 1 $?
(exec >/dev/null 2>&1 && "$in_dir" --seconds 20 harness_status -- sh -c 'exit 5')
expect "a test's own status comes through" 5 $?
dir=$("$in_dir" --seconds 20 harness_dir -- sh -c 'touch "$SCTX_TEST_DIR/x" && echo "$SCTX_DIR"')
expect "a test's folder is there during it, and not after" "0 1" "$([ -n "$dir" ]; echo $?) $([ -e "$dir" ]; echo $?)"
exit $bad
