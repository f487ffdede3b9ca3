#!/bin/bash
# recordings.sh FOLDER: what the command `sctx` in it writes (record, snapshot, recover) is read by the reader of MCAP's authors, and what their writer writes
# by `sctx cat` and `sctx stat`: the same, message by message.
#
# Skipped (77) only if npm can reach no registry.
set -u
sctx=$(readlink -f "$1")/sctx
here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2034 # lib.sh uses it
cache=${SCTX_BUILD_DIR:?}/mcap-interop
work=${SCTX_TEST_DIR:?}/work
passed=0 failed=0
mkdir -p "$work" "$SCTX_TEST_DIR/up" && chmod 700 "$SCTX_TEST_DIR/up"
export SCTX_DIR=$SCTX_TEST_DIR/up LC_ALL=C.UTF-8
unset SCTX_CONTEXT

# shellcheck source=lib.sh
. "$here/lib.sh"

bad() { failed=$((failed + 1)) && echo "$*"; }

# is_read NAME FILE MESSAGES CODE: both find so many messages in it, the same ones; cat exits with CODE, from a pipe as well.
is_read() {
    local name=$1 file=$2 wanted=$3 code=0 said
    "$sctx" cat "$file" --samples --no-decode >"$work/cat" 2>"$work/errors" || code=$?
    [ $code -eq "$4" ] || bad "$name: cat exits with $code, not $4: $(head -n 3 "$work/errors")"
    "$sctx" cat - --samples --no-decode <"$file" >"$work/piped" 2>/dev/null
    same "$name: through a pipe" "$work/cat" "$work/piped"
    said=$(node compare.mjs "$file" "$work/cat" 2>&1) || { bad "$name: $(printf '%s' "$said" | grep Error)" && return; }
    case $said in
    "$wanted messages, "*) passed=$((passed + 1)) ;;
    *) bad "$name: $said, not $wanted messages" ;;
    esac
}

install
# Texts, bytes, nothing, schemas, causes, senders with and without names that need care, markers.
"$sctx" create --arena 8MiB --gating allow >/dev/null || die 'no context'
{
    for i in {1..30}; do
        "$sctx" pub --as till --encoding json shop/order "{\"n\":$i}"
        "$sctx" pub --as 'stöck "1"' --encoding msgpack --cause $((3 * i - 2)) shop/answer "{\"to\":$i}"
        "$sctx" pub --encoding struct:Order --schema "$here/order.struct" o "{\"id\":$i}"
    done
    "$sctx" pub empty ''
    head -c 2000000 /dev/urandom | base64 -w 1000 | "$sctx" pub big
    printf 'a\nb\377c\n' | "$sctx" pub bytes
    "$sctx" set shop/open 5 --unit till && "$sctx" set exact 9007199254740993 --kind i64
} >"$work/out" 2>"$work/errors" || die "cannot publish: $(cat "$work/errors")"
messages=$(("$("$sctx" info --json | jq .tail)" - 1))
[ $messages -gt 2000 ] || die "only $messages messages"

for compression in lz4 zstd none; do
    "$sctx" record -o "$work/record.mcap" --force --from start -n $messages --markers 0 --compression $compression 2>/dev/null || bad "record $compression"
    is_read "record, $compression" "$work/record.mcap" $messages 0
    "$sctx" snapshot -o "$work/snapshot.mcap" --force --compression $compression 2>/dev/null || bad "snapshot $compression"
    is_read "snapshot, $compression" "$work/snapshot.mcap" $((messages + 2)) 0
    "$sctx" record -o "$work/row.mcap" --force --split 500kB --from start -n $messages --markers 0 --compression $compression 2>/dev/null || bad 'a row of files'
    [ -e "$work/row-0002.mcap" ] || bad 'a row of one file'
    for file in "$work"/row-*.mcap; do is_read "$(basename "$file"), $compression" "$file" "$("$sctx" cat "$file" | wc -l)" 0; done
    rm -f "$work"/row-*
done

# Chunks of a quarter of a second, cut: what is recovered is whole for both.
for ((i = 0; i < 8; i++)); do
    head -c 7000 /dev/urandom | base64 -w 700 | "$sctx" -c slow pub t
    sleep 0.3
done &
timeout 30 "$sctx" -c slow record -o "$work/slow.mcap" --from start --timeout 3 2>"$work/errors" || bad "record: $(cat "$work/errors")"
wait
size=$(stat -c %s "$work/slow.mcap") last=-1 grown=0
for ((cut = size / 40; cut < size; cut += size / 40)); do
    head -c $cut "$work/slow.mcap" >"$work/cut.mcap"
    "$sctx" recover "$work/cut.mcap" -o "$work/saved.mcap" --force --json >"$work/out" 2>/dev/null
    [ $? -eq 3 ] || bad "recover, cut at $cut: not exit 3"
    saved=$(jq .messages "$work/out")
    [ "$saved" -ge $last ] || bad "cut at $cut: $saved messages, fewer than of a shorter file"
    [ "$saved" -gt $last ] && grown=$((grown + 1))
    last=$saved
    is_read "recovered, cut at $cut of $size" "$work/saved.mcap" "$saved" 0
done
[ $grown -ge 4 ] || bad "all cuts were within $grown chunks"

file=$work/theirs.mcap
for compression in lz4 zstd none; do
    for options in '{"chunkSize":3000}' '{}' '{"useChunks":false}' \
        '{"chunkSize":3000,"useMessageIndex":false,"useChunkIndex":false,"repeatSchemas":false,"repeatChannels":false,"useStatistics":false,
           "useSummaryOffsets":false,"useAttachmentIndex":false,"useMetadataIndex":false}'; do
        must wrote node write.mjs $compression "$options" "$file"
        is_read "theirs, $compression, $options" "$file" 500 0
        "$sctx" stat "$file" --json >"$work/stat" 2>"$work/errors" || bad "stat, $compression, $options: $(cat "$work/errors")"
        jq -c '[.messages, .damaged, (.topics | map([.topic, .encoding, .messages]))]' "$work/stat" >"$work/found"
        echo '[500,0,[["shop/order","json",250],["log","",250]]]' >"$work/wanted"
        same "stat, $compression, $options" "$work/found" "$work/wanted"
    done
done
echo "recordings: $passed comparisons are the same, $failed failed"
[ $failed -eq 0 ]
