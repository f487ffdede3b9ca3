# Words for the tests of commands under faults: in a folder of its own, $SCTX_DIR, where $sctx is the command. Each wrong case is told, and makes the exit 1.
set -u
T=$SCTX_TEST_DIR/tmp
mkdir -p "$T" "$SCTX_TEST_DIR/up"
chmod 700 "$SCTX_TEST_DIR/up"
export SCTX_DIR=$SCTX_TEST_DIR/up LC_ALL=C.UTF-8 TZ=UTC
unset SCTX_CONTEXT NO_COLOR
wrong=0 tried=0

skip() { echo "SKIPPED: $*" && exit 77; }
[ -x "$sctx" ] || skip "the command was not built"

bad() {
    echo "FAIL $*" >&2
    [ -s "$T/err" ] && head -c 500 "$T/err" | sed 's/^/     | /' >&2
    wrong=$((wrong + 1))
}

# until_true COMMAND...: tries for 20 seconds.
until_true() {
    local i
    for i in {1..1000}; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.02
    done
    bad "never came true: $*"
    return 1
}

finish() {
    echo "$tried tried, $wrong wrong"
    [ $wrong -eq 0 ] && [ $tried -ge "$1" ]
    exit
}
