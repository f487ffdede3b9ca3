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

# Every figure of the tables of a recording against a count of its own, from what cat prints. jq's numbers are doubles, so times are a little off.
session=$(cd -- "$(dirname -- "$0")" && pwd)/session.mcap
sctx cat --json "$session" >"$base/said"
close='def close($a; $b): ($a - $b | fabs) <= 1000 + ($b | fabs) / 1000;'
# The mean of the first 16, from then on each new value is a 16th of it.
moving='def moving: reduce range(length) as $i ({all: ., is: 0}; .is += (.all[$i] - .is) / ([$i + 1, 16] | min)) | .is;'
span=$(sctx-top --batch -n 1 --json --view ring "$session" | jq .span)
same 'topics of a recording' "$(sctx-top --batch -n 1 --json "$session" | jq -c --argjson span "$span" --slurpfile said "$base/said" "$close $moving"'
    . as $row | [$said[] | select(.topic == $row.topic)] as $of
    | [range(1; $of | length) as $i | $of[$i].time - $of[$i - 1].time] as $gaps
    | [range(1; $gaps | length) as $i | $gaps[$i] - ($gaps[:$i] | moving) | fabs] as $changes
    | [ .count == ($of | length), close(.size; ([$of[].len] | add) / ($of | length)), .by == ([$of[] | [.from, .pid]] | unique | length),
        (if $gaps == [] then .every == null else close(.every; $gaps | moving) end),
        (if $changes == [] then .jitter == null else close(.jitter; $changes | moving) end),
        close(.age; $said[0].time + $span - $of[-1].time), .encoding == $of[-1].encoding ]' | sort | uniq -c | tr -s ' ')" ' 7 [true,true,true,true,true,true,true]'
same 'senders of a recording' "$(sctx-top --batch -n 1 --json --view participants "$session" | jq -c --slurpfile said "$base/said" '
    . as $row | [$said[] | select(.from == $row.name and .pid == $row.pid)] as $of
    | [.sent == ($of | length), .on == ([$of[].topic] | unique | length)]' | sort | uniq -c | tr -s ' ')" " $(jq -s 'map([.from, .pid]) | unique | length' "$base/said") [true,true]"
same 'flow of a recording' "$(sctx-top --batch -n 1 --json --view flow "$session" | jq -c --slurpfile said "$base/said" "$close"'
    . as $row | ($said | INDEX(.seq)) as $by
    | [$said[] | select(.cause != null) | . as $answer | $by[.cause | tostring] | select(. != null and .from == $row.who and .topic == $row.said)
        | select($answer.from == $row.answered_by and $answer.topic == $row.with) | $answer.time - .time] as $times
    | [.count == ($times | length), close(.max; $times | max), .p50 <= .p99 and .p99 <= .max,
        ($times | sort | .[(length + 1) / 2 - 1 | floor]) <= .p50 + 1000]' | sort | uniq -c | tr -s ' ' | head -n 1 | sed 's/^ [0-9]* //')" '[true,true,true,true]'
same 'totals of a recording' "$(sctx-top --batch -n 1 --json --view ring "$session" | jq -c '[.messages, .bytes, .topics, .lost]')" \
    "$(jq -sc '[length, (map(.len) | add), (map(.topic) | unique | length), 0]' "$base/said")"
same 'messages of a recording' "$(sctx-top --batch -n 1 --json --view messages "$session" | jq -c '[.seq, .topic, .from, .pid, .len, .cause]')" \
    "$(jq -c '[.seq, .topic, .from, .pid, .len, .cause]' "$base/said")"

sctx-top --batch --json 2>/dev/null | head -n 1 >"$base/out"
same 'a closed pipe' "${PIPESTATUS[0]} $(wc -l <"$base/out")" '0 1'
# It is not noticed: nobody joined but the three that wrote, and nothing was published.
same 'it joins nothing' "$(sctx ps --json | jq -r .name | sort | paste -sd' ')" 'one two two'
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
