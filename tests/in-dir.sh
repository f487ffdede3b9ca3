#!/bin/bash
# in-dir.sh --seconds N [--soak] NAME -- COMMAND...: runs a test in a new folder in shared memory, $SCTX_TEST_DIR and $SCTX_DIR, and removes it.
# The test fails if it takes longer than N seconds (with --soak: $SCTX_SOAK_MINUTES more), or if it leaves a process of its own running.
set -u
seconds=60 soak=0 name=test
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2 && shift ;;
    --soak) soak=1 ;;
    --) shift && break ;;
    *) name=$1 ;;
    esac
    shift
done
# Time to prepare and to check what was measured comes on top, hence 66 seconds a minute.
[ $soak -eq 1 ] && seconds=$(awk -v s="$seconds" -v m="${SCTX_SOAK_MINUTES:-0}" 'BEGIN { print int(s + m * 66) }')

SCTX_TEST_DIR=$(mktemp -d "/dev/shm/sctx-test.$name.XXXXXX") || exit 1
chmod 0711 "$SCTX_TEST_DIR" # another user may pass through, where a test puts something for it
export SCTX_TEST_DIR SCTX_DIR=$SCTX_TEST_DIR
unset SCTX_CONTEXT
trap 'kill_all; rm -rf "$SCTX_TEST_DIR"' EXIT
trap 'exit 143' INT TERM HUP

session=0
# The living processes of the test's session, as "PID STATE NAME".
alive() {
    local stat pid rest
    for stat in /proc/[0-9]*/stat; do
        { read -r rest <"$stat"; } 2>/dev/null || continue
        pid=${rest%% *} name_of=${rest#*\(}
        name_of=${name_of%)*} rest=${rest##*) }
        read -r state _ _ sid _ <<<"$rest"
        [ "$sid" = "$session" ] && [ "$state" != Z ] && [ "$state" != X ] && echo "$pid $state $name_of"
    done
}
kill_all() {
    local pid _
    [ "$session" -gt 0 ] || return 0
    while read -r pid _; do kill -KILL "$pid" 2>/dev/null; done < <(alive)
}

# A session of its own: what it starts can be found by that.
setsid "$@" </dev/null &
session=$!
(
    exec {never}<> <(:) # reading from it waits, in this process: nothing to tidy up when it is ended
    read -r -t "$seconds" -u "$never"
    echo "$name: not done after $seconds s" >&2
    kill_all
) &
watch=$!
wait "$session"
status=$?
kill "$watch" 2>/dev/null
wait "$watch" 2>/dev/null

for _ in {1..20}; do # what was killed at the end needs a moment
    left=$(alive)
    [ -z "$left" ] && break
    sleep 0.05
done
if [ -n "$left" ]; then
    printf '%s: left running:\n%s\n' "$name" "$left" >&2
    [ $status -eq 0 ] && status=1
fi
exit $status
