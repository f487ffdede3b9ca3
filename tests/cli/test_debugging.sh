# trace, expect, react, run.

# An order, answered by two, one of which is answered by a third.
chain() {
    sctx pub --as shop --encoding json order '{"n":1}'
    sctx pub --as till --cause 1 --encoding json bill '{"b":1}'
    sctx pub --as stock --cause 1 --encoding json pick '{"p":1}'
    sctx pub --as bank --cause 2 --encoding msgpack paid '{"ok":true}'
    sctx pub other x
}

test_trace() {
    chain
    exits 0 sctx trace 2 --json
    keys "$T/out" "$message_keys data depth after_ns"
    same "$(jq -c '[.seq, .depth, .cause]' "$T/out" | paste -sd' ')" '[1,0,null] [2,1,1] [4,2,2]'
    jq -se '.[0].after_ns == null and (.[1].after_ns - (.[1].time - .[0].time) | fabs) < 1000' "$T/out"
    exits 0 sctx trace 1 --json
    same "$(jq -c '[.seq, .depth]' "$T/out" | paste -sd' ')" '[1,0] [2,1] [4,2] [3,1]'
    exits 0 sctx trace 4
    same "$(cut -c 1 "$T/out" | tr -d '\n')" '  >'
    exits 0 sctx trace 1 --mermaid
    same "$(sed -E 's/ after .*//' "$T/out" | paste -sd,)" \
        'sequenceDiagram,    Note over shop: 1 order,    shop->>till: 2 bill,    till->>bank: 4 paid,    shop->>stock: 3 pick'
    exits 0 sctx trace 4 --filter 'from == "bank" || data.n == 1' --json
    same "$(jq -c '[.seq, .depth]' "$T/out" | paste -sd' ')" '[1,0] [4,2]'
    exits 0 sctx trace 1 --mermaid --filter 'topic != "bill"'
    same "$(sed -E 's/ after .*//' "$T/out" | paste -sd,)" 'sequenceDiagram,    Note over shop: 1 order,    till->>bank: 4 paid,    shop->>stock: 3 pick'
    exits 2 sctx trace 1 --filter 'from =='
    exits 1 sctx trace 9
    has "$T/err" "there is no message 9 (any more); there are 1 to 5"
    exits 2 sctx trace x
    exits 3 sctx trace 1 --max 2
    same "$(wc -l <"$T/out")" 2
}

test_trace_in_a_recording() {
    chain
    exits 0 sctx trace 2 --json
    cp "$T/out" "$T/live"
    sctx snapshot -o s.mcap
    sctx rm >"$T/out"
    exits 0 sctx trace 2 --json --file s.mcap
    cmp "$T/live" "$T/out"
    exits 1 sctx trace 2 --file no-such-file
}

# Programs that do not use causes, whose messages have ids that their decoder finds.
test_trace_by_ids_of_a_decoder() {
    echo 'struct Call { u32 id @key(self); }; struct Answer { u32 to @key(cause); };' >calls.layout
    sctx pub --encoding struct:Call --schema calls.layout call '{"id":77}'
    sctx pub noise x
    sctx pub --encoding struct:Answer --schema calls.layout answer '{"to":77}'
    exits 0 sctx trace 3 --json
    same "$(jq -c '[.seq, .depth]' "$T/out" | paste -sd' ')" '[1,0] [3,1]'
}

test_trace_of_a_long_chain() {
    sctx pub t 0
    for i in 1 2 3 4 5 6 7 8; do sctx pub --cause "$i" t "$i"; done
    exits 0 sctx trace 9 --json
    same "$(jq -c .depth "$T/out" | paste -sd' ')" '0 1 2 3 4 5 6 7 8'
    exits 0 sctx trace 1 --json
    same "$(wc -l <"$T/out")" 9
}

test_expect() {
    in_background expect sctx expect 'data.n == 3' --within 20s --json
    until_true sleep 0.2
    for i in 1 2 3 4; do sctx pub --encoding json t "{\"n\":$i}"; done
    ends 0 "$pid"
    same "$(jq -c .data.n "$T/expect.out")" 3
    exits 4 sctx expect 'data.n == 3' --within 100ms
    has "$T/err" "'data.n == 3' did not come within 100.0 ms"
    exits 0 sctx expect 'data.n > 2' --count 2 --from start --within 0
    exits 4 sctx expect 'data.n > 2' --count 3 --from start --within 50ms
    has "$T/err" "came 2 times within 50.0 ms, not 3"
    exits 0 sctx expect 'data.n == 1' --then 'data.n == 2' --then 'data.n == 4' --from start --within 0 --json
    same "$(jq -c .data.n "$T/out" | paste -sd' ')" '1 2 4'
    exits 4 sctx expect 'data.n == 2' --then 'data.n == 1' --from start --within 50ms
    has "$T/err" "'data.n == 1' did not come within 50.0 ms; what was to come before it did"
    exits 0 sctx expect 'data.n == 9' --none --within 50ms --from start
    exits 5 sctx expect 'data.n == 4' --none --within 50ms --from start --quiet
    is_empty "$T/out"
    exits 2 sctx expect 'data.n =='
    has "$T/err" "^ expected"
}

test_expect_waits_for_the_context() {
    in_background expect sctx expect 'topic == "t"' --within 20s --quiet
    sleep 0.3
    sctx pub t x
    ends 0 "$pid"
    exits 4 sctx -c nowhere expect 'topic == "t"' --within 100ms
    exits 0 sctx -c nowhere expect 'topic == "t"' --within 100ms --none
}

test_react() {
    in_background react sctx react 'data.n > 1' -n 2 --encoding json --as doubler -- jq -c '{twice: (.n * 2)}'
    until_true readers_are 1
    for i in 1 2 3; do sctx pub --encoding json t "{\"n\":$i}"; done
    ends 0 "$pid"
    exits 0 sctx sub --from start --timeout 0 --json 't/reply'
    same "$(jq -c '[.from, .data.twice, .cause]' "$T/out" | paste -sd' ')" '["doubler",4,2] ["doubler",6,3]'
}

test_react_tells_fields_and_failures() {
    sctx pub --as till --encoding json shop/order '{"n":1}'
    exits 1 sctx react 'topic == "shop/order"' --from start -n 1 --topic told -- sh -c 'echo "$SCTX_MSG_SEQ $SCTX_MSG_TOPIC $SCTX_MSG_FROM $SCTX_MSG_LEN"; cat; echo; echo; exit 3'
    has "$T/err" "'sh' failed on seq 1: exit 3"
    exits 0 sctx sub --from start --timeout 0 --raw told
    same "$(paste -sd, "$T/out")" '1 shop/order till 7,{"n":1}'
    exits 0 sctx sub --from start --timeout 0 --json react/failed
    same "$(jq -c '[.cause, .data.seq, .data.exit, .data.signal]' "$T/out")" '[1,1,3,null]'
    exits 1 sctx react 'true' --from start -n 1 -- /no/such/program
    has "$T/err" "cannot start '/no/such/program': No such file"
    exits 2 sctx react 'data.n >' -- cat
    exits 2 sctx react 'true'
}

# It answers its own topic, and would go on for ever.
test_react_does_not_react_to_itself() {
    in_background react sctx react 'topic ~ "t/**" || topic == "t"' --timeout 1s --topic t/again -- cat
    until_true readers_are 1
    sctx pub t x
    ends 0 "$pid"
    exits 0 sctx sub --from start --timeout 0 --json
    same "$(wc -l <"$T/out")" 2
    in_background react sctx react 'topic == "u"' --reentrant -n 5 --topic u -- cat
    until_true readers_are 1
    sctx pub u x
    ends 0 "$pid"
    exits 0 sctx sub --from start --timeout 0 --json u
    same "$(wc -l <"$T/out")" 6
}

test_react_in_parallel_and_not_too_often() {
    for i in 1 2 3 4; do sctx pub t "$i"; done
    local began=$EPOCHREALTIME
    exits 0 sctx react 'topic == "t"' --from start -n 4 --max-parallel 4 -- sh -c 'sleep 1; cat'
    same "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print (b - a < 3.5) }')" 1
    same "$(sctx sub --from start --timeout 0 --raw t/reply | sort | paste -sd' ')" '1 2 3 4'
    began=$EPOCHREALTIME
    exits 0 sctx react 'topic == "t"' --from start -n 4 --rate 5 -- true
    same "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print (b - a > 0.55) }')" 1
}

test_react_to_many() {
    in_background react sctx react 'topic == "t"' --max-parallel 8 -n 300 -- cat
    until_true readers_are 1
    seq 1 300 | sctx pub t
    ends 0 "$pid"
    same "$(sctx sub --from start --timeout 0 --raw t/reply | sort -n | paste -sd' ')" "$(seq 1 300 | paste -sd' ')"
}

# Far faster than commands start: none is missed, each is answered once.
test_react_to_ten_thousand() {
    in_background react "$sctx_bin" react 'topic == "t"' --max-parallel 8 -n 10000 --topic "done" -- head -c 6
    until_true readers_are 1
    seq 1 10000 | sctx pub t
    ends 0 "$pid"
    same "$(sctx sub --from start --timeout 0 --raw 'done' | sort -n | uniq | wc -l)" 10000
}

# Its commands end with it, or soon: none is left that waits for somebody to read from it.
test_react_that_is_killed() {
    in_background react "$sctx_bin" react 'topic == "t"' --max-parallel 4 -- sh -c 'exec 3<>/dev/null; while echo line; do :; done'
    local react=$pid
    until_true readers_are 1
    seq 1 4 | sctx pub t
    until_true eval '[ "$(pgrep -c -P '"$react"' 2>/dev/null)" = 4 ]'
    local -a commands
    mapfile -t commands < <(pgrep -P "$react")
    kill -KILL "$react"
    ends 137 "$react"
    for each in "${commands[@]}"; do until_true eval "! kill -0 $each || grep -q '^State:.*Z' /proc/$each/status"; done
}

# Nobody reads what it shows any more: the program goes on, its lines are published.
test_run_into_a_closed_pipe() {
    sctx run --as numbers -- seq 1 50000 | head -n 1 >"$T/first" || true
    same "$(cat "$T/first")" 1
    exits 0 sctx sub --from start --timeout 0 --json proc/numbers/events
    same "$(jq -r 'select(.data.event == "end").data | .exit, .signal' "$T/out" | paste -sd,)" 0,null
}

test_run() {
    exits 7 sctx run -- sh -c 'echo "{\"n\":1}"; echo plain; echo "level=info msg=hello n=2" >&2; printf last; exit 7'
    same "$(paste -sd, "$T/out")" '{"n":1},plain,last'
    same "$(cat "$T/err")" 'level=info msg=hello n=2'
    exits 0 sctx sub --from start --timeout 0 --json 'proc/sh/stdout'
    same "$(jq -c '[.encoding, .data // .text, .cause]' "$T/out" | paste -sd' ')" '["json",{"n":1},1] ["text","plain",1] ["text","last",1]'
    exits 0 sctx sub --from start --timeout 0 --json 'proc/sh/stderr'
    same "$(jq -c '[.encoding, .data, .from]' "$T/out")" '["logfmt",{"level":"info","msg":"hello","n":2},"sh"]'
    exits 0 sctx sub --from start --timeout 0 --json 'proc/sh/events'
    same "$(jq -c '[.data.event, .data.exit, .data.signal, .data.lines]' "$T/out" | paste -sd' ')" '["start",null,null,null] ["end",7,null,4]'
    same "$(jq -c 'select(.data.event == "start").data.command[0:2]' "$T/out")" '["sh","-c"]'
    same "$(jq -c '.data.pid' "$T/out" | sort -u | wc -l)" 1
}

test_run_is_the_program() {
    echo "one two" | sctx run --as count -- wc -w >"$T/out"
    same "$(tr -d ' ' <"$T/out")" 2
    exits 137 sctx run -- sh -c 'kill -KILL $$'
    exits 0 sctx sub --from start --timeout 0 --json 'proc/sh/events'
    same "$(jq -c '[.data.exit, .data.signal]' "$T/out" | tail -n 1)" '[null,9]'
    exits 127 sctx run -- no-such-program
    has "$T/err" "cannot start 'no-such-program'"
    exits 0 sctx run --quiet -- echo hidden
    is_empty "$T/out"
    exits 0 sctx run -- true
    in_background run "$sctx_bin" run --as sleeper -- sleep 100
    until_true eval '[ "$(sctx ps --json | jq -r .name | grep -c sleeper)" = 1 ]'
    kill -TERM "$pid"
    ends 143 "$pid"
    pgrep -f 'sleep 100$' && die "it is left"
    return 0
}

test_run_with_much_output_and_none_that_waits() {
    exits 0 sctx run -- seq 1 20000
    same "$(wc -l <"$T/out")" 20000
    exits 0 sctx sub --from start --timeout 0 --raw 'proc/seq/stdout'
    same "$(tail -n 1 "$T/out")" 20000
    # Its child holds the pipes; the program itself has ended.
    exits 0 sctx run -- sh -c 'sleep 60 & echo done'
    same "$(cat "$T/out")" 'done'
    pkill -f 'sleep 60$' || true
}

# say CONTEXT LINES...: JSON, each a message on t; then a snapshot of it, CONTEXT.mcap.
session() {
    local context=$1
    shift
    printf '%s\n' "$@" | sctx -c "$context" pub --as one --encoding json t
    sctx -c "$context" snapshot -o "$context.mcap" 2>/dev/null
}

test_diff() {
    session a '{"id":1,"x":[1,2],"ts":5}' '{"id":2,"x":[1,2.0]}' '{"id":3}'
    session b '{"x":[1,2],"id":1,"ts":6}' '{"id":2,"x":[1,2.5,7]}'
    exits 0 sctx diff a.mcap a.mcap
    is_empty "$T/out"
    exits 5 sctx diff a.mcap b.mcap --json
    same "$(jq -c 'select(.kind != "topic") | [.kind, .path, .a, .b, .seq_a, .seq_b]' "$T/out" | paste -sd' ')" \
        '["changed","data.ts",5,6,1,1] ["changed","data.x[1]",2,2.5,2,2] ["changed","data.x[2]",null,7,2,2] ["missing",null,null,null,3,null]'
    same "$(jq -c 'select(.kind == "topic") | [.topic, .a, .b, .missing, .new, .changed]' "$T/out")" '["t",3,2,1,0,2]'
    keys "$T/out" 'kind topic from a b path seq_a seq_b'
    exits 5 sctx diff a.mcap b.mcap --ignore data.ts --ignore 'data.x[*]'
    same "$(head -n 1 "$T/out")" '- t  A:3  only in A'
    exits 5 sctx diff a.mcap b.mcap --tolerance 0.5 --ignore 'data.**.ts' --ignore 'data.ts' --json
    same "$(jq -c 'select(.kind == "changed").path' "$T/out")" '"data.x[2]"'
    exits 5 sctx diff a.mcap b.mcap
    has "$T/out" '~ t  A:2  B:2  data.x[1]: 2.0 -> 2.5'
    exits 5 sctx diff b.mcap a.mcap --brief
    same "$(sed -E 's,[0-9.]+/s,N/s,g' "$T/out")" 't: 2 messages in A, 3 in B; 0 missing, 1 new, 2 changed; A: N/s of 23 B; B: N/s of 17 B'
    # Counts, rates and sizes, also where nothing differs.
    exits 5 sctx diff a.mcap b.mcap --json --brief
    same "$(jq -c '[.bytes_a, .bytes_b]' "$T/out")" '[53,47]'
    jq -e --argjson seconds "$(sctx stat a.mcap --json | jq '.duration_ns / 1e9')" '(.rate_a - 3 / $seconds | fabs) < 0.01 * .rate_a' "$T/out"
    exits 5 sctx diff a.mcap b.mcap --filter 'data.id == 3'
    same "$(head -n 1 "$T/out")" '- t  A:3  only in A'
    exits 0 sctx diff a.mcap b.mcap --filter 'data.id == 1' --ignore data.ts
    exits 2 sctx diff a.mcap b.mcap --filter 'data.id =='
    exits 0 sctx diff a.mcap a.mcap --topics
    same "$(cut -d';' -f1,2 "$T/out")" 't: 3 messages in A, 3 in B; 0 missing, 0 new, 0 changed'
    exits 2 sctx diff a.mcap
    exits 2 sctx diff a.mcap b.mcap --ignore ts
    exits 1 sctx diff a.mcap no-such-file
}

test_diff_by_key() {
    session a '{"id":1,"v":1}' '{"id":2,"v":2}' '{"id":3,"v":3}'
    session b '{"id":3,"v":3}' '{"id":1,"v":9}' '{"id":2,"v":2}'
    exits 5 sctx diff a.mcap b.mcap --key data.id --json
    same "$(jq -c 'select(.kind != "topic") | [.kind, .path, .a, .b, .seq_a, .seq_b]' "$T/out")" '["changed","data.v",1,9,1,2]'
}

test_diff_of_encodings_and_bytes() {
    sctx -c a pub --encoding msgpack t '{"a":1,"b":[1,2]}'
    sctx -c b pub --encoding msgpack t '{"b":[1,2],"a":1}'
    sctx -c a pub raw one
    sctx -c b pub raw two
    sctx -c b pub new x
    for c in a b; do sctx -c $c snapshot -o $c.mcap 2>/dev/null; done
    exits 5 sctx diff a.mcap b.mcap
    same "$(head -n 2 "$T/out" | paste -sd,)" '~ raw  A:2  B:2  payloads differ (3 and 3 bytes),+ new  B:3  only in B'
    lacks "$T/out" " t "
}

# A regression test: the inputs of one session given to a system that has changed.
test_diff_as_a_regression_test() {
    for i in 1 2 3; do sctx -c old pub --encoding json in "{\"n\":$i}"; done
    sctx -c old react 'topic == "in"' --from start -n 3 --topic out --encoding json --as doubler -- jq -c '{n: (.n * 2)}'
    sctx -c old snapshot -o old.mcap
    sctx replay old.mcap in --into same --rate max
    sctx -c same react 'topic == "in"' --from start -n 3 --topic out --encoding json --as doubler -- jq -c '{n: (.n * 2)}'
    sctx -c same snapshot -o same.mcap
    exits 0 sctx diff old.mcap same.mcap
    sctx replay old.mcap in --into broken --rate max
    sctx -c broken react 'topic == "in"' --from start -n 3 --topic out --encoding json --as doubler -- jq -c '{n: (.n * .n)}'
    sctx -c broken snapshot -o broken.mcap
    exits 5 sctx diff old.mcap broken.mcap --json
    same "$(jq -c 'select(.kind != "topic") | [.topic, .path, .a, .b]' "$T/out" | paste -sd' ')" '["out","data.n",2,1] ["out","data.n",6,9]'
}
