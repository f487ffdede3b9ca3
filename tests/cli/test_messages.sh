# pub and sub.

test_json_keys() {
    echo '{"price":7}' | sctx pub --encoding json shop/order
    exits 0 sctx sub --json --from start -n 1
    keys "$T/out" "$message_keys data"
    jq -e '.seq == 1 and .topic == "shop/order" and .from == "sctx" and .len == 11 and .encoding == "json" and .cause == null and .data.price == 7' "$T/out"
    local now
    now=$(date +%s)
    jq -e --argjson now "$now" '(.time / 1e9 - $now) | fabs < 30' "$T/out"
    exits 0 sctx sub --json --from start -n 1 --no-decode
    keys "$T/out" "$message_keys text"
    jq -e '.text == "{\"price\":7}"' "$T/out"
    sctx pub t hello
    exits 0 sctx sub --json --from start -n 1 t
    keys "$T/out" "$message_keys text"
    printf '\377\376' | sctx pub --whole b
    exits 0 sctx sub --json --from start -n 1 b
    keys "$T/out" "$message_keys base64"
    same "$(jq -r .base64 "$T/out" | base64 -d | od -An -tx1)" " ff fe"
}

test_pid_of_a_living_sender() {
    mkfifo lines
    # Opened by the child: opening a FIFO waits for its other end.
    in_background pub bash -c 'exec "$1" pub --as talker t <lines' - "$sctx_bin"
    exec 5>lines
    echo hello >&5
    exits 0 sctx sub --json --from start -n 1 --timeout 10
    local of
    of=$(jq .pid "$T/out")
    exec 5>&-
    same "$(jq -r .from "$T/out")" talker
    same "$of" "$pid"
    ends 0 "$pid"
}

test_pid_of_a_sender_that_left() {
    in_background pub "$sctx_bin" pub t x
    ends 0 "$pid"
    exits 0 sctx sub --json --from start -n 1
    same "$(jq .pid "$T/out")" "$pid"
}

test_waits_for_what_comes() {
    in_background sub sctx sub --json -n 2 'a/**'
    until_true readers_are 1
    sctx pub b no
    sctx pub a/b yes
    sctx pub a too
    ends 0 "$pid"
    same "$(jq -r .text "$T/sub.out" | paste -sd' ')" "yes too"
    is_empty "$T/sub.err"
}

test_lines_of_any_kind() {
    printf 'one\n\n  two \r\nlast without newline' | sctx pub t
    exits 0 sctx sub --json --from start -n 4
    same "$(jq -c '[.len, .text]' "$T/out" | paste -sd' ')" '[3,"one"] [0,""] [7,"  two \r"] [20,"last without newline"]'
    sctx pub empty </dev/null
    exits 0 sctx sub --json --from start --timeout 50ms empty
    is_empty "$T/out"
    sctx pub --whole whole </dev/null
    exits 0 sctx sub --json --from start -n 1 whole
    jq -e '.len == 0 and .text == ""' "$T/out"
    printf 'a\nb\n' | sctx pub --whole two
    exits 0 sctx sub --json --from start -n 1 two
    jq -e '.text == "a\nb\n"' "$T/out"
}

test_large_message() {
    head -c 16777216 /dev/urandom >big
    sctx pub --whole big <big
    exits 0 sctx sub --from start -n 1 --raw
    head -c 16777216 "$T/out" | cmp - big
    same "$(stat -c %s "$T/out")" 16777217
    exits 0 sctx sub --from start -n 1 --json
    jq -r .base64 "$T/out" | base64 -d | cmp - big
}

test_too_large_message() {
    local got=0
    head -c 67108865 /dev/zero | sctx pub --whole big 2>"$T/err" || got=$?
    same $got 1
    has "$T/err" "longer than a message can be"
}

# As with a line that is no JSON: it is named, and what comes after it is published.
test_too_large_line() {
    local got=0
    { echo before; head -c 67108865 /dev/zero | tr '\0' x; printf '\nafter\n'; head -c 67200000 /dev/zero | tr '\0' y; } |
        sctx pub big 2>"$T/err" || got=$?
    same $got 1
    has "$T/err" "line 2 is longer than a message can be"
    has "$T/err" "line 4 is longer"
    same "$(wc -l <"$T/err")" 2
    exits 0 sctx sub --from start -n 2 --raw --timeout 5
    same "$(paste -sd' ' "$T/out")" "before after"
    # Too large for this context only.
    sctx create small --max-memory 80MiB
    got=0
    { head -c 33554432 /dev/zero | tr '\0' x; printf '\nafter\n'; } | sctx -c small pub big 2>"$T/err" || got=$?
    same $got 1
    has "$T/err" "line 1: "
    exits 0 sctx -c small sub --from start -n 1 --raw --timeout 5
    same "$(cat "$T/out")" after
}

# It has messages to show, so where it sleeps is in writing them.
reads_and_sleeps() { readers_are 1 && [ "$(awk '{print $3}' "/proc/$1/stat")" = S ]; }

# Nobody reads, the pipe is full, the command waits in write(): one signal ends it, whenever it comes.
test_one_signal_ends_a_stalled_output() {
    yes 'some line to fill a pipe with' | head -n 20000 | sctx pub t
    mkfifo stalled
    exec 5<>stalled
    for signal in INT TERM INT TERM; do
        in_background sub bash -c 'exec "$1" sub --from start --raw >stalled' - "$sctx_bin"
        until_true reads_and_sleeps "$pid"
        kill -$signal "$pid"
        ends $((128 + $(kill -l $signal))) "$pid"
        is_empty "$T/sub.err"
    done
    exec 5>&-
}

test_pub_goes_on_without_a_reader_of_its_seqs() {
    local got
    { seq 200000 | sctx pub --json t 2>"$T/err"; echo $? >"$T/code"; } | head -n 1 >"$T/out"
    same "$(cat "$T/code")" 0
    is_empty "$T/err"
    same "$(sctx info --json | jq .tail)" 200001
    got=0
    sctx pub --json t x >/dev/full 2>"$T/err" || got=$?
    same $got 1
    same "$(sctx info --json | jq .tail)" 200002
}

test_count_and_rate() {
    exits 0 sctx pub --count 5 t x --json
    same "$(jq -c .seq "$T/out" | paste -sd' ')" "1 2 3 4 5"
    printf '1\n2\n3\n' | sctx pub --count 2 lines
    exits 0 sctx sub --from start --raw --timeout 50ms lines
    same "$(paste -sd' ' "$T/out")" "1 2"
    local start end
    start=$(date +%s%N)
    sctx pub --count 6 --rate 20 slow x
    end=$(date +%s%N)
    [ $((end - start)) -gt 240000000 ]
    [ $((end - start)) -lt 2000000000 ]
}

test_cause() {
    sctx pub ask question
    in_background answer bash -c '
        question=$("$1" sub --tap --json --from start -n 1 ask | jq .seq)
        "$1" pub answer 42 --cause "$question"' - "$sctx_bin"
    ends 0 "$pid"
    exits 0 sctx sub --json --from start -n 2
    same "$(jq -c '[.topic, .cause]' "$T/out" | paste -sd' ')" '["ask",null] ["answer",1]'
    exits 1 sctx pub answer 42 --cause 99
    has "$T/err" "no message 99"
}

test_malformed_json() {
    local got=0
    printf '{"a":1}\n{"a":}\n[1,2]\n01\n"\\ud80"\n\n' | sctx pub --encoding json j 2>"$T/err" || got=$?
    same $got 1
    has "$T/err" "line 2, byte 5:"
    has "$T/err" "line 4, byte 1:"
    has "$T/err" "line 5, byte"
    has "$T/err" "line 6, byte 0:"
    exits 0 sctx sub --json --from start --timeout 50ms
    same "$(jq -c .data "$T/out" | paste -sd' ')" '{"a":1} [1,2]'
    # The topic is known as JSON now.
    exits 1 sctx pub j 'no json'
    exits 1 sctx pub --encoding json j "$(printf '[%.0s' {1..600}; printf ']%.0s' {1..600})"
    has "$T/err" "nested more deeply"
    exits 0 sctx pub --encoding json deep "$(printf '[%.0s' {1..512}; printf ']%.0s' {1..512})"
    exits 0 sctx sub --json --from start --timeout 0 deep
    same "$(grep -o '\[' "$T/out" | wc -l)" 512
}

test_json_stays_exact() {
    local text=' { "i" : 123456789012345678901234567890 , "e":1.10e+400,"s":"a\u0041\/ \\u", "l":[ ],"o":{ } , "n":[null,true , false,-0.0]}'
    sctx pub --encoding json j "$text"
    exits 0 sctx sub --json --from start -n 1
    has "$T/out" ',"data":{"i":123456789012345678901234567890,"e":1.10e+400,"s":"aA/ \\u","l":[],"o":{},"n":[null,true,false,-0.0]}}'
}

test_raw_is_exact() {
    for i in {0..255}; do printf "\\x$(printf %02x "$i")"; done >all
    sctx pub --whole t <all
    exits 0 sctx sub --from start -n 1 --raw
    echo >>all
    cmp "$T/out" all
}

test_human_line() {
    TZ=UTC sctx pub shop/order '{"price":7}'
    exits 0 sctx sub --from start -n 1
    grep -qxP '\d\d:\d\d:\d\d\.\d{6}  shop/order  sctx  \{"price":7\}' "$T/out"
}

test_long_line_is_cut_on_a_terminal() {
    command -v script >/dev/null || return 0
    sctx pub t "$(printf 'x%.0s' {1..1000})"
    script -qec "stty cols 80; $sctx_bin sub --color never --from start -n 1" /dev/null >"$T/out" </dev/null
    has "$T/out" "… (1000 bytes)"
    same "$(grep xxx "$T/out" | tr -d '\r\n' | wc -m | awk '{print ($1 <= 80)}')" 1
    has "$T/out" "listening in 'default' to all topics"
    exits 0 sctx sub --from start -n 1
    lacks "$T/out" "bytes)"
}

# shown COLUMNS PATTERN: what `sub` shows on a terminal that is so wide, in $T/out.
shown() {
    script -qec "stty cols $1; '$sctx_bin' sub --tap --color never --from start --timeout 0 '$2' 2>/dev/null" /dev/null </dev/null | tr -d '\r' >"$T/out"
    is_inert "$T/out"
}

test_narrow_terminals() {
    command -v script >/dev/null || return 0
    local longer=some/topic/of/forty/columns/or/so payload='{"price":7,"name":"something of about sixty bytes","n":123456}'
    sctx pub t "$payload"
    sctx pub "$longer" "$payload"
    sctx pub long "$(printf 'abcdefghij%.0s' {1..100})"
    # It all fits.
    shown 88 t
    has "$T/out" "  t  sctx  $payload"
    # The note takes what it takes, not more.
    shown 87 t
    same "$(wc -m <"$T/out")" 88
    has "$T/out" "… (62 bytes)"
    # Too little is left of the line: lines of its own, whole.
    for columns in 60 40 20; do
        for topic in t "$longer"; do
            shown $columns "$topic"
            head -n 1 "$T/out" | grep -q 'sctx  $'
            same "$(tail -n +2 "$T/out" | sed 's/^  //' | tr -d '\n')" "$payload"
            [ "$(tail -n +2 "$T/out" | wc -L)" -le $columns ]
        done
        shown $columns long
        [ "$(wc -l <"$T/out")" -le 8 ]
        has "$T/out" "… (1000 bytes)"
        [ "$(tail -n +2 "$T/out" | wc -L)" -le $columns ]
    done
    shown 1 long
    sctx pub short ok
    shown 40 short
    has "$T/out" "short  sctx  ok"
}

test_timeouts() {
    exits 0 sctx sub --timeout 50ms
    exits 4 sctx sub --timeout 50ms -n 1
    exits 4 sctx sub --tap --timeout 50ms -n 1
    exits 0 sctx sub --timeout 50ms --tap
    exits 4 sctx -c none sub --tap --timeout 50ms -n 1
    exits 0 sctx -c none sub --tap --timeout 50ms
    exits 4 sctx watch --timeout 50ms -n 1
    exits 0 sctx watch --timeout 50ms
    sctx pub t x
    exits 0 sctx sub --timeout 10 -n 1 --from start
    exits 0 sctx sub -n 0
}

test_loss() {
    sctx create --cells 64
    yes | head -n 200 | sctx pub t
    exits 3 sctx sub --json --from 1 --timeout 200ms
    # A reader that was lapped may go on a little behind the oldest; what counts is that nothing is missing from the account.
    head -n 1 "$T/out" | jq -e '.lost >= 136 and .lost < 152 and .gone == 0 and (keys_unsorted | join(" ")) == "lost gone"'
    local lost
    lost=$(head -n 1 "$T/out" | jq .lost)
    same "$(grep -c '"seq"' "$T/out")" $((200 - lost))
    same "$(sed -n 2p "$T/out" | jq .seq)" $((lost + 1))
    exits 3 sctx sub --from 1 --timeout 50ms
    has "$T/out" "$lost lost, 0 gone"
    exits 3 sctx sub --tap --raw --from 1 --timeout 50ms
    has "$T/err" "$lost messages lost"
    # Told at the end, where no message of ours came after it.
    exits 3 sctx sub --json --from 1 --timeout 50ms other
    same "$(jq -c '[.lost, .gone]' "$T/out")" "[$lost,0]"
    exits 0 sctx sub --json --from start --timeout 50ms
    same "$(wc -l <"$T/out")" 64
}

test_interrupt() {
    in_background sub "$sctx_bin" sub --json
    until_true readers_are 1
    sctx pub t x
    until_true grep -q '"text":"x"' "$T/sub.out"
    kill -INT "$pid"
    ends 130 "$pid"
    in_background sub "$sctx_bin" sub
    until_true readers_are 1
    kill -TERM "$pid"
    ends 143 "$pid"
    mkfifo never
    in_background pub bash -c 'exec "$1" pub t <never' - "$sctx_bin"
    exec 5>never
    sleep 0.2
    kill -INT "$pid"
    ends 130 "$pid"
    exec 5>&-
    in_background watch "$sctx_bin" watch
    sleep 0.2
    kill -INT "$pid"
    ends 130 "$pid"
    in_background sub "$sctx_bin" -c none sub --tap
    until_true grep -q waiting "$T/sub.err"
    kill -INT "$pid"
    ends 130 "$pid"
}

test_tap_follows_rm_and_create() {
    in_background tap "$sctx_bin" sub --tap --json
    until_true grep -q "waiting for context 'default'" "$T/tap.err"
    sctx pub t first
    until_true grep -q first "$T/tap.out"
    sctx rm
    until_true grep -q removed "$T/tap.err"
    sctx create
    sctx pub t second
    until_true grep -q second "$T/tap.out"
    sctx rm
    sctx pub t third
    until_true grep -q third "$T/tap.out"
    same "$(jq -r .text "$T/tap.out" | paste -sd' ')" "first second third"
    kill -INT "$pid"
    ends 130 "$pid"
}

test_tap_joins_nothing() {
    sctx pub t x
    exits 0 sctx sub --tap --from start -n 1
    exits 0 sctx topics
    exits 0 sctx ps --json
    same "$(grep -c join "$T/out")" 1
    exits 1 sctx -c none topics
    [ ! -e "$SCTX_DIR/none" ]
}

test_removed_under_a_reader() {
    in_background sub "$sctx_bin" sub
    until_true readers_are 1
    exits 0 sctx rm
    has "$T/err" "1 living participant lost context 'default'"
    ends 1 "$pid"
    has "$T/sub.err" "removed"
}

test_gated() {
    exits 1 sctx sub --gated --timeout 1
    has "$T/err" "--gating allow"
    sctx create g --gating allow --cells 64
    in_background sub "$sctx_bin" -c g sub --gated --raw -n 5000
    until_true readers_are 1 -c g
    seq 5000 | sctx -c g pub t
    ends 0 "$pid"
    seq 5000 | cmp - "$T/sub.out"
}

test_gated_reader_that_is_let_go() {
    sctx create g --gating allow --cells 64 --gate-timeout 20ms
    mkfifo stalled
    exec 5<>stalled
    in_background sub bash -c 'exec "$1" -c g sub --gated --raw >stalled' - "$sctx_bin"
    until_true readers_are 1 -c g
    head -c 1000 /dev/zero | tr '\0' x >kilobyte
    for _ in {1..300}; do cat kilobyte && echo; done | sctx -c g pub t
    cat <&5 >/dev/null &
    started+=($!)
    until_true grep -q "let it go" "$T/sub.err"
    sctx -c g pub t x
    kill -TERM "$pid"
    ends 143 "$pid"
    same "$(grep -c "let it go" "$T/sub.err")" 1
    exec 5>&-
}

test_timeout_of_nothing_looks_once() {
    exits 0 sctx sub --from start --timeout 0
    is_empty "$T/out"
    seq 1000 | sctx pub t
    exits 0 sctx sub --from start --timeout 0 --raw
    seq 1000 | cmp - "$T/out"
    exits 0 sctx sub --tap --from start --timeout 0 --raw
    seq 1000 | cmp - "$T/out"
    exits 0 sctx sub --from 500 --timeout 0 -n 3 --raw
    same "$(paste -sd' ' "$T/out")" "500 501 502"
    exits 4 sctx sub --from start --timeout 0 -n 1001
    exits 0 sctx sub --timeout 0
    is_empty "$T/out"
    exits 0 sctx -c none sub --tap --timeout 0
    exits 0 sctx watch --timeout 0
    # Also where it never comes to an end.
    in_background busy bash -c 'yes | exec timeout 50 "$1" pub busy' - "$sctx_bin"
    until_true eval '[ "$(sctx info --json | jq .tail)" -gt 100000 ]'
    exits 3 sctx sub --from 1 --timeout 0 --raw
    pkill -P "$pid" || true
    kill "$pid" 2>/dev/null || true
}

# Needs another user.
test_who_may_only_look_is_told_so() {
    local other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 711 "$base" "$base"/test_who_may_only_look_is_told_so "$SCTX_DIR"
    "${other[@]}" "$sctx_bin" --version >/dev/null 2>&1 || return 0
    sctx create --group 65534 --mode tap
    sctx pub t x
    for command in "pub t x" "sub --timeout 0" "set m 1"; do
        # shellcheck disable=SC2086
        exits 1 "${other[@]}" "$sctx_bin" $command
        has "$T/err" "Permission denied; in context 'default' you may only look: sctx sub --tap"
        same "$(wc -l <"$T/err")" 1
    done
    for command in "sub --tap --from start -n 1" info topics ps markers "watch --timeout 0"; do
        # shellcheck disable=SC2086
        exits 0 "${other[@]}" "$sctx_bin" $command
    done
    sctx create private
    exits 1 "${other[@]}" "$sctx_bin" -c private pub t x
    lacks "$T/err" "you may only look"
}

test_pub_is_quick_and_leaves_nothing() {
    local count=${SCTX_CLI_PUBS:-500} before after i
    sctx pub t x
    before=$(du -sk "$SCTX_DIR" | cut -f1)
    [ "$before" -lt 2048 ]
    for ((i = 0; i < count; i++)); do "$sctx_bin" pub t x; done
    after=$(du -sk "$SCTX_DIR" | cut -f1)
    [ "$after" -le $((before + 64)) ] || die "$before KiB before, $after after"
    same "$(sctx info --json | jq -c '[.arenas, .tail]')" "[1,$((count + 2))]"
}

test_many_short_writers_keep_their_messages() {
    local i
    for i in {1..100}; do sctx pub t "$i"; done
    exits 0 sctx sub --from start -n 100 --timeout 5 --raw
    seq 100 | cmp - "$T/out"
}

test_schema() {
    echo 'struct Order { u32 id; };' >schema
    exits 0 sctx pub --encoding struct:Order --schema schema t '{"id":7}'
    exits 0 sctx pub --encoding whatever --schema schema t x
    exits 1 sctx pub --encoding struct:Order --schema missing t x
    has "$T/err" "missing"
}

# A writer that is killed between its message and the hint to it leaves a hint that lags: what is held is shown to its end nevertheless.
test_the_hint_lags() {
    seq 1 4241 | sctx pub t
    local ring=$SCTX_DIR/default/ring at
    for at in $(LC_ALL=C grep -obUaP '\x92\x10\0\0\0\0\0\0' "$ring" | cut -d: -f1); do
        [ $((at % 128)) -eq 0 ] && break
    done
    printf '\x90\x10' | dd of="$ring" bs=1 seek="$at" conv=notrunc status=none
    exits 0 sctx sub --tap --from start --timeout 0 --json
    same "$(tail -n 1 "$T/out" | jq .seq)" 4241
    exits 0 sctx topics --json
    same "$(jq .messages "$T/out")" 4241
    same "$(od -An -tu8 -j "$at" -N 8 "$ring" | tr -d ' ')" 4240
    exits 0 sctx snapshot -o s.mcap
    exits 0 sctx stat --json s.mcap
    same "$(jq .messages "$T/out")" 4241
}
