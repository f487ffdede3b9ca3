#!/bin/bash
# `sctx record` is killed at each of its system calls, and each of them that has to do with the file fails once: what is on disk is whole, or says that it
# is not and gives every message up to its last complete chunk; errors are told with the file and the reason; a signal that came changes nothing; the
# context is as it was. By strace; skipped where it may not trace.
#
# SCTX_RECORDER_STRIDE: only every call of so many (default 1).
sctx=${SCTX_BUILD_DIR:?}/bin/sctx
. "${SCTX_SOURCE_DIR:?}/tests/fault/lib.sh"
command -v strace >/dev/null || skip "strace is not installed"
strace -o /dev/null -e inject=getpid:error=EIO true 2>/dev/null || skip "strace may not trace here"
stride=${SCTX_RECORDER_STRIDE:-1}
cd "$T" || exit 1
messages=30
file=$T/r.mcap

# As one goes, so do all: the chunks of messages that are there already are closed by their size.
"$sctx" create --arena 16MiB --gating allow >/dev/null || exit 1
# Who sent them lives on, so that nobody else takes that place in the table of participants, and its name.
mkfifo to_sender
"$sctx" pub t <to_sender &
sender=$!
exec 5>to_sender
trap 'kill $sender' EXIT
head -c 2250000 /dev/urandom | base64 -w 100000 | head -n $messages >&5
until_true eval '[ "$("$sctx" info --json | jq .tail)" -gt $messages ]' || exit 1
record=("$sctx" record --from start -n "$messages" --compression none)
# Whoever joins measures the clock anew, which moves the times by some nanoseconds: they are not compared.
cat_without_time() { "$sctx" cat "$1" 2>err | sed 's/"time":[0-9]*,//' && return "${PIPESTATUS[0]}"; }
"${record[@]}" -o whole.mcap 2>/dev/null && cat_without_time whole.mcap >lines || bad "a recording without faults"
[ "$(wc -l <lines)" = $messages ] || bad "$(wc -l <lines) lines"
# "END MESSAGES" of each chunk: where it ends in the file, and how many messages there are up to it.
"$SCTX_BUILD_DIR/bin/mcapdump" whole.mcap >dump
paste -d' ' <(jq -r 'select(.type == "ChunkIndex") | .chunkStartOffset + .chunkLength' dump) \
    <(jq -r .type dump | awk '$0 == "Chunk" && n { print n } $0 == "Message" { n++ } END { print n }') >chunks
[ "$(wc -l <chunks)" -ge 3 ] || bad "$(wc -l <chunks) chunks"

# is_left NAME FILE CODE: what such a file, of a recorder that ended so, has to give.
is_left() {
    local size wanted code=0 whole
    [ -e "$2" ] || return 0
    size=$(stat -c %s "$2")
    wanted=$(awk -v size="$size" '$1 <= size { n = $2 } END { print n + 0 }' chunks)
    whole=$(stat -c %s whole.mcap)
    cat_without_time "$2" >out || code=$?
    head -n "$wanted" lines | cmp -s - out || bad "$1: cat gives $(wc -l <out) messages, not the first $wanted"
    if [ $code -eq 0 ] && [ "$size" -ne "$whole" ]; then bad "$1: cat says that all is well"; fi
    [ $code -eq 0 ] || [ $code -eq 3 ] || bad "$1: cat exits with $code"
    [ "$3" -ne 0 ] || [ $code -eq 0 ] || bad "$1: it said that all is well, and cat exits with $code"
    "$sctx" recover "$2" -o saved.mcap --force 2>err
    [ $? -eq $code ] || bad "$1: recover does not exit with $code, as cat does"
    cat_without_time saved.mcap >out || bad "$1: what was recovered is not whole"
    head -n "$wanted" lines | cmp -s - out || bad "$1: recovered $(wc -l <out) messages, not the first $wanted"
}

is_undisturbed() { timeout 10 "$sctx" sub --tap --from start -n 1 --raw >out 2>&1 || bad "$1: the context is spoilt"; }

# The loader's calls come before the first one that names the folder of contexts.
calls_of() { awk -v dir="$SCTX_DIR" '{ sub(/^[0-9]+ +/, "") } /^[a-z_0-9]+\(/ { name = $0; sub(/\(.*/, "", name); n[name]++
    if (index($0, dir) && !found) { found = 1; for (each in n) before[each] = n[each] - (each == name) } }
    END { for (each in n) print each, before[each] + 1, n[each] }' "$1"; }

killed_at_each_call() { # killed_at_each_call OPTION...
    local kind first last n code
    strace -f -o trace "${record[@]}" -o traced.mcap "$@" 2>/dev/null
    rm -f traced.mcap
    while read -r kind first last; do
        [ "$kind" != exit ] && [ "$kind" != exit_group ] || continue
        for ((n = first; n <= last && n < first + 60; n += stride)); do
            rm -f "$file"
            tried=$((tried + 1)) code=0
            { timeout -k 5 20 strace -f -o /dev/null -e "inject=$kind:signal=KILL:when=$n" "${record[@]}" -o "$file" "$@"; } >out 2>err || code=$?
            [ $code -eq 137 ] || [ $code -eq 0 ] || bad "killed at $kind $n: exit $code"
            is_left "killed at $kind $n" "$file" $code
            is_undisturbed "killed at $kind $n"
        done
    done < <(calls_of trace) 2>/dev/null
}

# fails KIND ERROR REASON: each call of that kind that has to do with the file.
fails() {
    local kind=$1 error=$2 reason=$3 n=0 code hit=1
    while [ $hit -eq 1 ] && [ $((++n)) -lt 60 ]; do
        rm -f "$file"
        tried=$((tried + 1)) code=0
        timeout -k 5 20 strace -f -P "$file" -o trace -e "inject=$kind:error=$error:when=$n" "${record[@]}" -o "$file" >out 2>err || code=$?
        grep -q INJECTED trace || hit=0
        if [ $hit -eq 0 ] || [ "$error" = EINTR ]; then
            [ $code -eq 0 ] || bad "$kind $n $error: exit $code"
            [ "$(stat -c %s "$file")" = "$(stat -c %s whole.mcap)" ] || bad "$kind $n $error: another file"
        else
            [ $code -eq 1 ] || bad "$kind $n $error: exit $code"
            grep -qF "$file" err || bad "$kind $n $error: it does not name the file"
            grep -qF "$reason" err || bad "$kind $n $error: it does not say '$reason'"
        fi
        is_left "$kind $n $error" "$file" $code
        is_undisturbed "$kind $n $error"
    done
    [ $n -gt 1 ] || bad "no call of $kind: nothing was tried"
}

killed_at_each_call
stride=$((stride * 5)) killed_at_each_call --lossless # writers do not wait for the dead
timeout 20 "$sctx" pub t last </dev/null || bad "writers wait for a recorder that was killed"
for error in ENOSPC:'No space left on device' EIO:'Input/output error' EINTR:; do
    for kind in openat writev close; do fails $kind "${error%%:*}" "${error#*:}"; done
done

# A disk that takes a part of what is written: not at a border.
for blocks in 1 700 1100 1500 2200 2900; do
    rm -f "$file"
    tried=$((tried + 1)) code=0
    (trap '' XFSZ && ulimit -f $blocks && "${record[@]}" -o "$file") >out 2>err || code=$?
    [ $code -eq 1 ] || bad "a file of $blocks KiB: exit $code"
    grep -qF "$file: " err && grep -qF 'File too large' err || bad "a file of $blocks KiB: it does not say why"
    [ "$(stat -c %s "$file")" -eq $((blocks * 1024)) ] || bad "a file of $blocks KiB has $(stat -c %s "$file") bytes"
    is_left "a file of $blocks KiB" "$file" $code
done
finish 40
