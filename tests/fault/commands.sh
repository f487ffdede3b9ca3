#!/bin/bash
# The commands whose context is cut, unlinked or replaced under them: they say that it is lost, and exit 1. And all commands where their output goes nowhere.
sctx=${SCTX_BUILD_DIR:?}/bin/sctx
. "$(dirname "$0")/lib.sh"

# ---- the context is lost ----------------------------------------------------------------------------------------------------------

harm() {
    local ring=$SCTX_DIR/c/ring
    case $1 in
    cut:*) truncate -s "${1#cut:}" "$ring" ;;
    unlinked) rm "$ring" ;;
    replaced) cp "$ring" "$ring.new" && mv "$ring.new" "$ring" ;;
    folder) mv "$SCTX_DIR/c" "$SCTX_DIR/old" && "$sctx" create c ;;
    esac
}

reads() { [ "$("$sctx" -c c info --json | jq .readers)" = 1 ]; }

for what in cut:0 cut:1 cut:4096 cut:12288 cut:200000 cut:1000000 unlinked replaced folder; do
    for command in sub pub; do
        tried=$((tried + 1))
        rm -rf "${SCTX_DIR:?}"/*
        "$sctx" create c --cells 64 --arena 64KiB || exit 1
        rm -f "$T/lines" && mkfifo "$T/lines"
        exec 5<>"$T/lines"
        if [ $command = sub ]; then
            timeout -k 5 30 "$sctx" -c c sub >"$T/out" 2>"$T/err" </dev/null 5>&- &
            pid=$!
            until_true reads
        else
            timeout -k 5 30 "$sctx" -c c pub t <"$T/lines" >"$T/out" 2>"$T/err" 5>&- &
            pid=$!
            echo first >&5
            until_true [ "$("$sctx" -c c sub --tap --raw --from start -n 1 --timeout 20)" = first ]
        fi
        harm $what || exit 1
        # A writer notices by what it publishes, at the latest about a second after the harm.
        if [ $command = pub ]; then
            for _ in {1..300}; do
                kill -0 "$pid" 2>/dev/null || break
                echo more >&5
                sleep 0.05
            done
        fi
        code=0
        wait "$pid" || code=$?
        exec 5>&-
        [ $code -eq 1 ] || bad "$command whose ring was $what: exit $code"
        grep -qE 'lost|damaged|removed' "$T/err" || bad "$command whose ring was $what says something else"
    done
done

# ---- output that goes nowhere -----------------------------------------------------------------------------------------------------

rm -rf "${SCTX_DIR:?}"/*
for i in {1..300}; do echo "$i"; done | "$sctx" pub t
"$sctx" set level 5
commands=("info" "info --json" "topics" "topics --json" "ps" "ps --json" "markers" "markers --json" "get level" "get level --json" "add level 1"
    "watch -n 1 level" "sub --from start -n 300" "sub --tap --json --from start -n 300" "sub --tap --raw --from start -n 300"
    "pub t x --json --count 300" "help" "help sub" "help --json" "--help" "--version" "doctor" "create new --json" "rm new --json")

run_to() { # run_to FULL|CLOSED COMMAND...: prints the exit code
    local to=$1 code=0
    shift
    case $to in
    FULL) timeout -k 5 20 "$sctx" "$@" >/dev/full 2>"$T/err" </dev/null || code=$? ;;
    CLOSED) timeout -k 5 20 "$sctx" "$@" >&- 2>"$T/err" </dev/null || code=$? ;;
    esac
    echo "$code"
}

# A level that is there when a watch begins is no change: so there is another, and another, until it has seen one.
add_until_noticed() {
    while [ ! -e "$T/noticed" ]; do
        "$sctx" add level 1 >/dev/null
        sleep 0.05
    done
}

for command in "${commands[@]}"; do
    read -ra words <<<"$command"
    for to in FULL CLOSED; do
        tried=$((tried + 1))
        [ "${words[0]}" = create ] && "$sctx" rm new 2>/dev/null
        [ "${words[0]}" = rm ] && "$sctx" create new 2>/dev/null
        rm -f "$T/noticed"
        [ "${words[0]}" = watch ] && add_until_noticed &
        code=$(run_to $to "${words[@]}")
        : >"$T/noticed"
        wait
        # What prints nothing has nothing to complain of.
        prints=1
        [ "${words[0]}" = add ] && prints=0
        [ "$code" = 1 ] || [ $prints$code = 00 ] || bad "$command > $to: exit $code"
        [ "$code" = 0 ] || grep -q 'cannot write to standard output' "$T/err" || bad "$command > $to: says something else"
    done
    # head is quiet.
    tried=$((tried + 1))
    [ "${words[0]}" = create ] && "$sctx" rm new 2>/dev/null
    [ "${words[0]}" = rm ] && "$sctx" create new 2>/dev/null
    rm -f "$T/noticed"
    [ "${words[0]}" = watch ] && add_until_noticed &
    { timeout -k 5 20 "$sctx" "${words[@]}" 2>"$T/err" </dev/null; echo $? >"$T/code"; } | head -n 1 >/dev/null
    : >"$T/noticed"
    wait
    code=$(cat "$T/code")
    case $command in doctor) [ "$code" -le 1 ] ;; *) [ "$code" = 0 ] ;; esac || bad "$command | head -1: exit $code"
    [ -s "$T/err" ] && [ "${words[0]}" != watch ] && bad "$command | head -1: is not quiet"
done
"$sctx" sub --tap --from start -n 300 --raw 2>/dev/null | grep -q . || bad "the context was written into"
finish 80
