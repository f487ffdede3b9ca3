#!/bin/bash
# run.sh TOOLS: files go from our writer to the reader of MCAP's authors (@mcap/core, on node) and from their writer to ours, and both find the same,
# record by record. TOOLS: the folder of mcapdump and mcapmake. What npm needs is kept in the build folder.
#
# Skipped (77) only if npm can reach no registry.
set -u
tools=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2034 # lib.sh uses it
cache=${SCTX_BUILD_DIR:?}/mcap-interop
work=${SCTX_TEST_DIR:?}
passed=0 failed=0

# shellcheck source=lib.sh
. "$here/lib.sh"

kinds='"type":"\(Message\|Attachment\|Metadata\|Unknown\)"'

from=1795600000100000000 to=1795600000600000000

# How one reader's list of everything compares with the other's and with what was handed to the writer. The file `wrote` is there already.
compare() { # compare NAME FILE [by_index]
    rm -f "$work"/theirs.*
    must nothing node read.mjs "$2" "$work" ${3:+$from $to shop/order log}
    must ours "$tools/mcapdump" "$2"
    must piped sh -c "cat '$2' | '$tools/mcapdump' -"
    same "$1: all records" "$work/ours" "$work/theirs.stream"
    same "$1: through a pipe" "$work/ours" "$work/piped"
    # Private records stand before their chunk, the messages come after it.
    sort "$work/wrote" >"$work/wanted"
    grep "$kinds" "$work/ours" | sort >"$work/found"
    same "$1: what was written" "$work/wanted" "$work/found"
}
by_summary() { # by_summary NAME FILE: and then message by message in the order of time
    local topic
    compare "$1" "$2" by_index
    must ours "$tools/mcapdump" --index "$2"
    same "$1: by time" "$work/ours" "$work/theirs.forwards"
    must ours "$tools/mcapdump" --index --memory 1 "$2"
    same "$1: by time, a chunk at a time" "$work/ours" "$work/theirs.forwards"
    must ours "$tools/mcapdump" --index --scan "$2"
    same "$1: by time, scanned" "$work/ours" "$work/theirs.forwards"
    must ours "$tools/mcapdump" --index --reverse "$2"
    same "$1: backwards" "$work/ours" "$work/theirs.backwards"
    for topic in shop/order log; do
        must ours "$tools/mcapdump" --index --from $from --to $to --topic $topic "$2"
        same "$1: a part of $topic" "$work/ours" "$work/theirs.${topic/\//.}"
        [ -s "$work/ours" ] || { failed=$((failed + 1)) && echo "$1: no part of $topic"; }
    done
}
scanned() { # scanned NAME FILE: without what it takes to go by the summary
    compare "$1" "$2"
    "$tools/mcapdump" --index "$2" >/dev/null 2>"$work/errors" && failed=$((failed + 1)) && echo "$1: there should be no way by its summary"
    grep -q 'scanned' "$work/errors" || { failed=$((failed + 1)) && echo "$1: $(cat "$work/errors")"; }
    must ours "$tools/mcapdump" --index --scan "$2"
    grep '"type":"Message"' "$work/wrote" | sort -t : -k 5 >"$work/wanted"
    same "$1: by time, scanned" "$work/ours" "$work/wanted"
}

install
file=$work/file.mcap
# enum mcap_write_flags: 1 unchunked, 2 no message index, 4 no chunk index, 8 no schemas, 16 no channels, 32 no statistics, 64 no summary offsets,
# 128 no attachment index, 256 no metadata index, 512 to 4096 no crc of chunk, data, summary, attachment; 8192 chunks alone.
for compression in lz4 zstd none; do
    for chunk in 1 3000 1000000; do
        must wrote "$tools/mcapmake" $compression 0 $chunk "$file"
        compare "ours, $compression, chunks of $chunk" "$file"
    done
    for flags in 0 7680 8192 $((32 | 64 | 128 | 256)); do
        must wrote "$tools/mcapmake" $compression $flags 3000 "$file"
        by_summary "ours, $compression, flags $flags" "$file"
    done
    must wrote "$tools/mcapmake" $compression $((2 | 512)) 3000 "$file"
    compare "ours, $compression, no message indexes" "$file"
    for flags in 4 $((8 | 16)) 511; do
        must wrote "$tools/mcapmake" $compression $flags 3000 "$file"
        scanned "ours, $compression, flags $flags" "$file"
    done
done
for flags in 1 $((1 | 7680)) 511; do
    must wrote "$tools/mcapmake" none $flags 3000 "$file"
    scanned "ours, unchunked, flags $flags" "$file"
done

for compression in lz4 zstd none; do
    for options in '{"chunkSize":3000}' '{}' '{"chunkSize":3000,"useSummaryOffsets":false,"useAttachmentIndex":false,"useMetadataIndex":false}' \
        '{"chunkSize":3000,"useStatistics":false}'; do
        must wrote node write.mjs $compression "$options" "$file"
        by_summary "theirs, $compression, $options" "$file"
    done
    for options in '{"useChunks":false}' '{"chunkSize":3000,"useChunkIndex":false}' '{"chunkSize":3000,"repeatSchemas":false,"repeatChannels":false}' \
        '{"chunkSize":3000,"useMessageIndex":false,"useChunkIndex":false,"repeatSchemas":false,"repeatChannels":false,"useStatistics":false,
           "useSummaryOffsets":false,"useAttachmentIndex":false,"useMetadataIndex":false}'; do
        must wrote node write.mjs $compression "$options" "$file"
        scanned "theirs, $compression, $options" "$file"
    done
done
echo "mcap_interop: $passed comparisons are the same, $failed failed"
[ $failed -eq 0 ]
