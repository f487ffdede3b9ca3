#!/usr/bin/env bash
# live.sh BUILD_DIR: what sctx-top counts, beside what was said.
set -u
build=$(cd -- "${1:?live.sh BUILD_DIR}" && pwd)
base=$(mktemp -d /dev/shm/sctx-tui.XXXXXX) || exit 1
export SCTX_DIR=$base/bus PATH=$build/bin:$PATH TZ=UTC LC_ALL=C.UTF-8
unset SCTX_CONTEXT
mkdir -m 700 "$SCTX_DIR"
trap 'rm -rf "$base"' EXIT
passed=0 failed=0
same() { # same WHAT IS WANTED
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED: %s: %s instead of %s\n' "$1" "$2" "$3"
        failed=$((failed + 1))
    fi
}

sctx-top --batch -n 1 >"$base/out" 2>"$base/err"
same 'no context: exit code' $? 4
sctx-top --view nowhere >/dev/null 2>"$base/err"
same 'a wrong view' "$? $(grep -c nowhere "$base/err")" '2 1'
sctx-top --filter 'len >' --batch -n 1 >/dev/null 2>"$base/err"
same 'a wrong filter' "$? $(grep -c '\^' "$base/err")" '1 1'
sctx-top "$base/none.mcap" --batch -n 1 >/dev/null 2>"$base/err"
same 'no such file' "$? $(grep -c none.mcap "$base/err")" '1 1'
sctx-top </dev/null >"$base/out" 2>"$base/err"
same 'no terminal' "$? $(grep -c -- --batch "$base/err")" '1 1'
head -c 3000 /dev/urandom >"$base/noise.mcap"
sctx-top "$base/noise.mcap" --batch -n 1 >/dev/null 2>"$base/err"
same 'a file that is no recording' "$? $(grep -c noise.mcap "$base/err")" '1 1'

seq 1 5000 | sctx pub numbers/all --as one
seq 1 1234 | sctx pub numbers/all --as two
seq 1 700 | sctx pub numbers/other --as two
sctx-top --batch -n 1 --json >"$base/topics"
same 'messages of a topic' "$(jq -r 'select(.topic == "numbers/all").count' "$base/topics")" 6234
same 'who says it' "$(jq -r 'select(.topic == "numbers/all").by' "$base/topics")" 2
sctx-top --batch -n 1 --json --view participants >"$base/people"
same 'messages of a participant' "$(jq -r 'select(.name == "two").sent' "$base/people" | paste -sd+ | bc 2>/dev/null || jq -s 'map(select(.name == "two").sent) | add' "$base/people")" 1934
sctx-top --batch -n 2 -d 0.1 >"$base/out"
same 'text, twice' "$(grep -c '^TOPIC' "$base/out")" 2

# A recording counts the same as cat does, topic by topic.
sctx snapshot -o "$base/all.mcap" 2>/dev/null
sctx cat --json "$base/all.mcap" | jq -r .topic | sort | uniq -c | awk '{ print $2, $1 }' >"$base/wanted"
sctx-top --batch -n 1 --json "$base/all.mcap" | jq -r '"\(.topic) \(.count)"' | sort >"$base/is"
same 'a recording, by topic' "$(cat "$base/is")" "$(cat "$base/wanted")"

sctx-top --batch --json 2>/dev/null | head -n 1 >"$base/out"
same 'a closed pipe' "${PIPESTATUS[0]} $(wc -l <"$base/out")" '0 1'
# It is not noticed: nobody joined but the three that wrote, and nothing was published.
same 'it joins nothing' "$(sctx ps --json | jq -r .name | sort | paste -sd' ')" 'one two two'
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
