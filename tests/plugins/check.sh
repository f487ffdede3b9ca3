#!/bin/bash
# check.sh BUILD_DIR [NAME...]: `sctx plugin check` finds in each plugin of wrong/wrong.c exactly what is wrong with it, in the case that it names
# it finds it again, and in what is right it finds nothing.
#
# A line: the plugin, the rule that it breaks, a test in which that is seen.
set -u
plugins='
nothing        -          -
type           type       decode
text           text       decode
number         number     decode
span           span       decode
balance        balance    decode
no_root        no-root    decode
roots          roots      decode
status         status     decode
silent         silent     decode
manifest       manifest   load
load           load       load
crash          crash      decode
stack          crash      decode
exit           exit       decode
hang           hang       decode
read           read       decode
before         before     decode
write          write      decode
struct         struct     decode
schema_struct  struct     decode
size           size       sizes
repeat         repeat     decode
unset          repeat     decode
order          order      order
want           want       want
trailing       trailing   trailing
stop           stop       stop
leak           leak       decode
growth         growth     growth
heap           heap       decode
twice          heap       decode
alloc          alloc      alloc
alloc_crash    crash      alloc
softly         syscall    decode
denied         syscall    decode
early          syscall    load
print          print      decode
slow           slow       decode
quadratic      quadratic  speed
round          round      encode
sniff_range    sniff      sniff
sniff_other    sniff      sniff
encode_crash   crash      json
schema_read    read       schema
'
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?check.sh BUILD_DIR [NAME...]}" && pwd) || exit 2
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
sctx=$build/bin/sctx
passed=0 failed=0

check() { "$sctx" plugin check --json --seconds 100ms --corpus "$here/wrong/corpus" --save "$work/kept" "$@" >"$work/out" 2>"$work/err"; }
wrong() {
    echo "FAILED: $name: $*"
    head -c 2000 "$work/out" "$work/err"
    failed=$((failed + 1))
}
found() { jq -r 'select(has("finding")).finding' "$work/out" | sort -u | paste -sd' '; }

one() { # NAME RULE TEST
    local name=$1 rule=$2 test=$3 file=$build/wrong/$1.so want=1 command
    [ "$rule" = - ] && want=0
    check "$file"
    [ $? -eq $want ] || { wrong "another exit status" && return; }
    [ "$(found)" = "${rule#-}" ] || { wrong "it should be '$rule'" && return; }
    jq -se '.[-1].plugin == "wrong" and .[-1].findings == (length - 1) and .[-1].seed == 1' "$work/out" >/dev/null || { wrong "the summary" && return; }
    [ "$rule" = - ] && passed=$((passed + 1)) && return
    command=$(jq -r "select(.test == \"$test\").reproduce" "$work/out" | head -n 1)
    [ -n "$command" ] || { wrong "not seen in the test '$test'" && return; }
    # The line for people is the same command.
    "$sctx" plugin check --seconds 100ms --corpus "$here/wrong/corpus" --save "$work/kept" "$file" >"$work/out" 2>"$work/err"
    # (In which of the stretched payloads time is first seen to grow differs from run to run.)
    [ "$rule" = quadratic ] || grep -qF "$command" "$work/out" || { wrong "the command for people is another" && return; }
    read -ra command <<<"$command"
    "$sctx" "${command[@]:1}" --json >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] || { wrong "not reproduced: ${command[*]}" && return; }
    jq -se "any(.[]; .finding == \"$rule\" and .test == \"$test\") and .[-1].cases <= 1" "$work/out" >/dev/null ||
        { wrong "not reproduced: ${command[*]}" && return; }
    passed=$((passed + 1))
}

while read -r name rule test; do
    [ -n "$name" ] || continue
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    one "$name" "$rule" "$test"
done <<<"$plugins"

# The same seed, the same mutations; what came with sctx keeps the rules.
for decoder in "$build"/lib/sctx/decoders/*.so; do
    name=$(basename "$decoder" .so)
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    if "$sctx" plugin check --json --seconds 1 --corpus "$here/../../plugins/decoders/$name/corpus" "$decoder" >"$work/out" 2>"$work/err"; then
        passed=$((passed + 1))
    else
        wrong "a decoder that came with sctx"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
