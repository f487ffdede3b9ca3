#!/bin/bash
# The commands as other users, in the standard place: kind of context x user x command, each with its exit code. As root only; skipped otherwise.
sctx=${SCTX_BUILD_DIR:?}/bin/sctx
. "$(dirname "$0")/../fault/lib.sh"
[ "$(id -u)" = 0 ] || skip "it takes root to become other users"
command -v setpriv >/dev/null || skip "setpriv is not installed"
unset SCTX_DIR

# The users are the machine's, not one build's: another run of these tests waits.
exec 9</dev/shm && flock 9

# A copy where everybody may run it: the build folder may be somebody's own.
bin=$(mktemp -d) || exit 1
trap 'rm -rf "$bin" /dev/shm/sctx-64001 /dev/shm/sctx-64002 /dev/shm/sctx-64003' EXIT
trap 'exit 143' INT TERM
chmod 755 "$bin"
cp "$sctx" "$SCTX_BUILD_DIR"/lib/libsctx.so* "$bin" || exit 1
export LD_LIBRARY_PATH=$bin
rm -rf /dev/shm/sctx-64001 /dev/shm/sctx-64002 /dev/shm/sctx-64003

as() { # as owner|member|stranger COMMAND...
    local uid groups=--groups=64010
    case $1 in
    owner) uid=64001 ;;
    member) uid=64002 ;;
    *) uid=64003 groups=--clear-groups ;;
    esac
    shift
    timeout -k 5 30 setpriv --reuid=$uid --regid=$uid $groups "$bin/sctx" "$@"
}

# cell KIND WHO EXIT COMMAND...
cell() {
    local kind=$1 who=$2 want=$3 code=0
    shift 3
    tried=$((tried + 1))
    as "$who" "$@" >"$T/out" 2>"$T/err" </dev/null || code=$?
    [ $code -eq "$want" ] || bad "$kind, $who: sctx $*: exit $code, not $want"
    [ $code -eq 0 ] || [ -s "$T/err" ] || bad "$kind, $who: sctx $*: exit $code without a word"
    [ $code -eq 0 ] || [ ! -s "$T/out" ] || bad "$kind, $who: sctx $*: exit $code with output"
}

# May WHO look at, and join, the owner's context? 0 or 1, as exit codes.
look_and_join() {
    case $1.$2 in
    *.owner | join.member) echo 0 0 ;;
    tap.member) echo 0 1 ;;
    *) echo 1 1 ;;
    esac
}

for kind in private join tap; do
    options=()
    [ $kind = private ] || options=(--group 64010 --mode "$kind")
    as owner create c "${options[@]}" || exit 1
    rm -f "$T/lines" && mkfifo "$T/lines"
    exec 5<>"$T/lines"
    as owner -c c pub --as host of/owner <"$T/lines" 5>&- & # stays until its input ends
    host=$!
    echo hello >&5
    until_true as owner -c c sub --tap --from start -n 1 --timeout 10 || exit 1
    as owner -c c set level 5
    for who in owner member stranger; do
        read -r look join <<<"$(look_and_join $kind $who)"
        c=64001:c
        cell $kind $who "$look" -c $c info --json
        cell $kind $who "$look" -c $c topics --json
        cell $kind $who "$look" -c $c ps --json
        if [ "$look" = 0 ]; then
            # Who may not open `alive` judges by pid, and the table says so.
            [ "$(jq -r 'select(.name == "host").alive' "$T/out")" = true ] || bad "$kind, $who: ps does not see the living"
            cell $kind $who 0 -c $c ps
            by_pid=0
            [ $kind.$who = tap.member ] && by_pid=1
            [ "$(grep host "$T/out" | grep -c 'by pid')" = $by_pid ] || bad "$kind, $who: ps does not say how it knows"
        fi
        cell $kind $who "$look" -c $c get level
        cell $kind $who "$look" -c $c markers
        cell $kind $who "$look" -c $c sub --tap --from start -n 1 --timeout 10
        cell $kind $who "$join" -c $c sub --from start -n 1 --timeout 10
        cell $kind $who "$join" -c $c pub of/$who hi
        [ "$join" = 0 ] && cell $kind owner 0 -c c sub --tap --from start -n 1 --timeout 10 of/$who
        cell $kind $who "$join" -c $c set level 6
        cell $kind $who "$join" -c $c add sum 1
        if [ $who != owner ]; then
            cell $kind $who 1 -c 64001:more create
            cell $kind $who 1 -c 64001:more pub t x # joining makes no context of another's
            cell $kind $who 1 -c $c rm
            cell $kind $who 1 rm $c
        fi
    done
    # Nobody stops the processes of others: not one who may join, nor root.
    for who in member root; do
        [ "$who.$kind" = member.private ] && continue
        tried=$((tried + 1))
        mkdir -m 777 "$bin/out"
        code=0
        if [ $who = root ]; then breaks=(timeout -k 5 30 "$bin/sctx"); else breaks=(as member); fi
        "${breaks[@]}" -c 64001:c break 'from == "host"' --from start --within 10s --hold 0 -o "$bin/out/at.mcap" >"$T/out" 2>"$T/err" </dev/null || code=$?
        pid=$(as owner -c c ps --json | jq -r 'select(.name == "host").pid')
        [ $code = 1 ] && grep -q "'host' is not stopped: it is another user's" "$T/err" || bad "$kind, $who: break: exit $code: $(cat "$T/err")"
        grep -q '^State:.T' "/proc/$pid/status" && bad "$kind, $who: break stopped a process of another user"
        rm -rf "$bin/out"
    done
    # Its own context of the same name is another.
    cell $kind member 0 -c c pub mine hello
    cell $kind member 0 rm c
    cell $kind owner 0 -c c info
    exec 5>&-
    wait "$host" || bad "$kind: the host ended with $?"
    cell $kind owner 0 rm 64001:c
    rm -rf /dev/shm/sctx-64001 # the next one begins private again
done
tried=$((tried + 1))
[ "$(as owner -c nobody-of-that-name:c info 2>&1 | grep -c 'no user')" = 1 ] || bad "a user who does not exist"
finish 100
