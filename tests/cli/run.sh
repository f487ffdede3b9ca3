#!/bin/bash
# run.sh BUILD_DIR [PATTERN]: tests of the command `sctx`, which is BUILD_DIR/bin/sctx. Each function test_* of the files beside this one is a case; it
# runs in a shell of its own with a new $SCTX_DIR in shared memory and passes if it returns 0. PATTERN: only the cases whose name has it.
#
# SCTX_CLI_PUBS      how many `sctx pub` in a row in that case (default 500; 10000 is the full count)
# SCTX_CLI_SENDERS   how many programs send, where one case records them (default 500; ./run soak: 70000)
# SCTX_CLI_PATIENCE  what all time limits are multiplied by (default 1)
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?run.sh BUILD_DIR [PATTERN]}" && pwd) || exit 2
pattern=${2:-}
sctx_bin=$build/bin/sctx
[ -x "$sctx_bin" ] || { echo "run.sh: $sctx_bin is not there: build it first" >&2; exit 2; }
command -v jq >/dev/null || { echo "run.sh: jq is missing" >&2; exit 2; }
unset SCTX_CONTEXT NO_COLOR
export LC_ALL=C.UTF-8 TZ=UTC

base=$(mktemp -d "/dev/shm/sctx-cli.XXXXXX") || exit 1
trap 'rm -rf "$base"' EXIT
trap 'exit 130' INT TERM

# shellcheck source=lib.sh
. "$here/lib.sh"
for file in "$here"/test_*.sh; do . "$file"; done

# In a shell of its own, which has 60 seconds (times SCTX_CLI_PATIENCE). Not a condition, or `set -e` would do nothing in it.
run_case() {
    local shell watch status
    (set -e; trap stop_all EXIT; trap 'exit 143' TERM; cd "$T"; "$1") &
    shell=$!
    (
        trap 'kill $nap; exit' TERM
        sleep $((60 * ${SCTX_CLI_PATIENCE:-1})) &
        nap=$!
        wait $nap && echo "takes too long" && kill -TERM $shell && sleep 1 && kill -KILL $shell
    ) 2>/dev/null &
    watch=$!
    wait $shell
    status=$?
    kill $watch
    wait $watch
    return $status
}

passed=0 failed=0
for name in $(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p'); do
    [[ $name == *"$pattern"* ]] || continue
    export SCTX_DIR=$base/$name/dir T=$base/$name/tmp
    mkdir -p "$SCTX_DIR" "$T" && chmod 700 "$SCTX_DIR"
    run_case "$name" >"$base/$name/log" 2>&1
    if [ $? -eq 0 ]; then
        echo "ok    ${name#test_}"
        passed=$((passed + 1))
    else
        echo "FAIL  ${name#test_}"
        tail -n 15 "$base/$name/log" | cut -c 1-300 | sed 's/^/      | /'
        failed=$((failed + 1))
    fi
    rm -rf "${base:?}/$name"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
