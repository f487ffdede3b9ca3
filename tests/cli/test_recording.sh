# record, snapshot, cat, stat, replay, recover.

talk() { # talk N: as many orders, each answered
    local i
    for ((i = 1; i <= $1; i++)); do
        sctx pub --as till --encoding json shop/order "{\"n\":$i}"
        sctx pub --as stock --encoding msgpack --cause $((2 * i - 1)) shop/answer "{\"to\":$i}"
    done
}
same_lines() { cmp "$1" "$2" || { diff "$1" "$2" | head -n 5; exit 1; }; }
without_time() { jq -c 'del(.time, .pid)' "$1"; }

test_snapshot_says_what_sub_says() {
    talk 3
    sctx set shop/open 5 --unit till
    sctx sub --from start --timeout 0 --json >"$T/sub"
    exits 0 sctx snapshot -o s.mcap --json
    keys "$T/out" 'file messages bytes lost gone samples files removed unwritten'
    same "$(jq -c '[.messages, .samples, .lost]' "$T/out")" '[6,1,0]'
    exits 0 sctx cat s.mcap
    is_empty "$T/err"
    same_lines "$T/sub" "$T/out"
    exits 0 sctx cat s.mcap --samples --filter 'topic == "marker/shop/open/level"'
    same "$(jq -c '[.topic, .data, .sample]' "$T/out")" '["marker/shop/open/level",{"level":5,"kind":"f64","unit":"till"},true]'
    exits 0 sctx cat - <s.mcap
    same_lines "$T/sub" "$T/out"
}

test_snapshot_of_the_dead() {
    in_background pub sh -c "yes '{\"a\":1}' | \"$sctx_bin\" pub --encoding json loud"
    until_true eval '[ "$(sctx info --json | jq .tail)" -gt 50000 ]'
    pkill -KILL -f "$sctx_bin pub --encoding json loud" || true
    wait "$pid" || true
    same "$(sctx ps --json | jq -s 'map(select(.alive)) | length')" 0
    sctx sub --from start --timeout 0 --json >"$T/sub" || true
    exits 0 sctx snapshot -o s.mcap
    exits 0 sctx cat s.mcap
    same_lines "$T/sub" "$T/out"
}

test_record_from_start_has_no_gap_and_nothing_twice() {
    sctx create --gating allow >"$T/out"
    seq 1 1000 | sctx pub t
    in_background record sctx record --lossless -o r.mcap --from start -n 3000
    until_true readers_are 1
    seq 1001 3000 | sctx pub t
    ends 0 "$pid"
    exits 0 sctx cat r.mcap
    same "$(jq -r .text "$T/out" | paste -sd' ')" "$(seq 1 3000 | paste -sd' ')"
    same "$(jq -r .seq "$T/out" | paste -sd' ')" "$(seq 1 3000 | paste -sd' ')"
}

test_record_patterns_and_filter() {
    talk 3
    exits 0 sctx record -o p.mcap --from start -n 3 'shop/answer'
    exits 0 sctx cat p.mcap
    same "$(jq -c '[.seq, .cause, .data.to]' "$T/out" | paste -sd' ')" '[2,1,1] [4,3,2] [6,5,3]'
    exits 0 sctx record -o f.mcap --from start --timeout 200ms --filter 'data.n == 2 || data.to == 3'
    exits 0 sctx cat f.mcap
    same "$(jq -c .seq "$T/out" | paste -sd' ')" '3 6'
    exits 2 sctx record -o x.mcap --filter 'data.n =='
    has "$T/err" '^ expected'
    [ ! -e x.mcap ]
    exits 2 sctx record
    has "$T/err" "-o FILE is missing"
    exits 1 sctx record -o f.mcap --timeout 100ms
    has "$T/err" "is there already; --force overwrites it"
}

test_flight_recorder() {
    in_background record "$sctx_bin" record -o w.mcap --when 'data.n in [5, 7, 20]' --pre 250ms --post 150ms --from start -n 100 --timeout 20s
    for i in {1..25}; do
        sctx pub --encoding json t "{\"n\":$i}"
        sleep 0.1
    done
    sleep 0.3
    kill -INT "$pid"
    ends 130 "$pid"
    exits 0 sctx cat w.mcap
    same "$(jq -c .data.n "$T/out" | paste -sd' ')" '3 4 5 6 7 8 18 19 20 21'
    has "$T/record.err" "3 triggers in 2 windows"
}

test_split_and_keep() {
    sctx create --arena 16MiB >"$T/out"
    head -c 3000000 /dev/urandom | base64 -w 1000 | sctx pub t
    exits 0 sctx record -o row.mcap --from start --timeout 300ms --split 1MB --compression none
    same "$(ls row*.mcap | paste -sd' ')" 'row-0001.mcap row-0002.mcap row-0003.mcap row-0004.mcap'
    for file in row-*.mcap; do sctx cat "$file"; done | jq .seq >"$T/seqs"
    same "$(cat "$T/seqs" | paste -sd' ')" "$(seq 1 4000 | paste -sd' ')"
    exits 0 sctx record -o kept.mcap --from start --timeout 300ms --split 1MB --keep 2 --compression none --json
    same "$(jq -c '[.files, .removed]' "$T/out")" '[4,2]'
    same "$(ls kept*.mcap | paste -sd' ')" 'kept-0003.mcap kept-0004.mcap'
    exits 2 sctx record -o x.mcap --split 5
    exits 2 sctx record -o x.mcap --keep 5
}

test_min_free_and_full_disks() {
    talk 2
    exits 1 sctx record -o m.mcap --from start --timeout 5s --min-free 100000GiB
    has "$T/err" "--min-free"
    has "$T/err" "4 messages that had been read are in no file"
    exits 0 sctx cat m.mcap
    exits 1 sctx record -o /dev/full --from start -n 4
    has "$T/err" "No space left on device"
    exits 1 sctx snapshot -o no/such/folder.mcap
    has "$T/err" "No such file or directory"
}

test_killed_recorder() {
    in_background record "$sctx_bin" record -o k.mcap --from start
    seq 1 2000 | sctx pub t
    until_true eval '[ "$(stat -c %s k.mcap)" -gt 10000 ]'
    kill -KILL "$pid"
    ends 137 "$pid"
    exits 3 sctx cat k.mcap
    same "$(jq -r .text "$T/out" | paste -sd' ')" "$(seq 1 2000 | paste -sd' ')"
    has "$T/err" "the file is cut after"
    exits 3 sctx stat k.mcap --json
    same "$(jq -c '[.messages, .damaged > 0]' "$T/out")" '[2000,true]'
    exits 3 sctx recover k.mcap -o whole.mcap --json
    same "$(jq -c '[.messages, .cut]' "$T/out")" '[2000,true]'
    exits 0 sctx cat whole.mcap
    same "$(jq -r .text "$T/out" | paste -sd' ')" "$(seq 1 2000 | paste -sd' ')"
    exits 0 sctx recover whole.mcap -o again.mcap
    cmp whole.mcap again.mcap
    exits 2 sctx recover whole.mcap
    exits 1 sctx recover /etc/passwd -o x.mcap
}

test_damage_is_told_and_left_out() {
    sctx create >"$T/out"
    in_background record "$sctx_bin" record -o d.mcap --from start --compression none
    for i in 1 2 3; do
        until_true eval '[ -s d.mcap ]'
        sctx pub t "$(printf "part$i%.0s" {1..100})"
        sleep 0.4
    done
    kill -INT "$pid"
    ends 130 "$pid"
    local at
    at=$(grep -abo part2 d.mcap | head -n 1 | cut -d: -f1)
    printf x | dd of=d.mcap bs=1 seek="$at" conv=notrunc status=none
    exits 3 sctx cat d.mcap
    same "$(jq -r '.text[0:5]' "$T/out" | paste -sd' ')" "part1 part3"
    has "$T/err" "Chunk"
    exits 3 sctx recover d.mcap -o r.mcap --json
    same "$(jq -c '[.messages, .lost_chunks, .lost_messages]' "$T/out")" '[2,1,1]'
    exits 0 sctx cat r.mcap
}

test_cat_from_to() {
    talk 5
    sctx snapshot -o s.mcap
    exits 0 sctx cat s.mcap --from 3 --to 5
    same "$(jq -c .seq "$T/out" | paste -sd' ')" '3 4 5'
    exits 0 sctx cat s.mcap -n 2 'shop/answer' --lines
    same "$(cut -d' ' -f3,5,7 "$T/out" | paste -sd,)" 'shop/answer stock {"to":1},shop/answer stock {"to":2}'
    exits 0 sctx cat - --from 9 <s.mcap
    same "$(jq -c .seq "$T/out" | paste -sd' ')" '9 10'
    exits 0 sctx cat s.mcap --to 1h
    same "$(wc -l <"$T/out")" 10
    exits 2 sctx cat s.mcap --from soon
    exits 1 sctx cat no-such-file
}

test_stat() {
    talk 4
    sctx snapshot -o s.mcap
    exits 0 sctx stat s.mcap --json
    keys "$T/out" 'file bytes messages samples message_bytes first_seq last_seq start end duration_ns lost gone damaged damage compression chunks compressed uncompressed topics senders'
    same "$(jq -c '[.messages, .first_seq, .last_seq, .compression, (.topics | map([.topic, .encoding, .messages, .bytes]))]' "$T/out")" \
        '[8,1,8,"lz4",[["shop/order","json",4,28],["shop/answer","msgpack",4,20]]]'
    same "$(jq -c '.senders | map([.from, .messages])' "$T/out")" '[["till",4],["stock",4]]'
    exits 0 sctx stat s.mcap
    has "$T/out" "8 messages, 48 B of payloads, seqs 1 to 8"
    exits 0 sctx stat s.mcap --quick
}

test_record_replay_record() {
    talk 3
    sctx set shop/open 7 --kind i64
    sctx pub --encoding struct:Order --schema <(echo 'struct Order { u32 id; };') o '{"id":7}'
    sctx snapshot -o one.mcap
    exits 0 sctx replay one.mcap --into other --rate max --json
    same "$(jq -c '[.messages, .samples, .causes, .unknown_causes, .refused]' "$T/out")" '[7,1,3,0,0]'
    sctx -c other snapshot -o two.mcap
    sctx cat one.mcap | without_time /dev/stdin >"$T/one"
    sctx cat two.mcap | without_time /dev/stdin >"$T/two"
    same_lines "$T/one" "$T/two"
    same "$(sctx -c other get shop/open)" 7
    same "$(sctx -c other markers --json | jq -r .kind)" i64
}

test_causes_lead_to_the_new_seqs() {
    talk 3
    sctx snapshot -o s.mcap
    for i in 1 2 3 4 5; do sctx -c other pub before x; done
    exits 0 sctx replay s.mcap --into other --rate max
    exits 0 sctx -c other sub --from start --timeout 0 --json shop/answer
    same "$(jq -c '[.seq, .cause, .from]' "$T/out" | paste -sd' ')" '[7,6,"stock"] [9,8,"stock"] [11,10,"stock"]'
    exits 0 sctx replay s.mcap --into third --rate max shop/answer --map shop=test --as me --no-markers
    has "$T/err" "3 causes are left out"
    exits 0 sctx -c third sub --from start --timeout 0 --json
    same "$(jq -c '[.topic, .cause, .from]' "$T/out" | sort -u)" '["test/answer",null,"me"]'
}

test_replay_keeps_distances() {
    sctx pub t 1
    sleep 0.3
    sctx pub t 2
    sleep 0.2
    sctx pub t 3
    sctx snapshot -o s.mcap
    sctx replay s.mcap --into other --rate 1
    sctx replay s.mcap --into twice --rate 2
    gaps() { jq -s -c '[.[1].time - .[0].time, .[2].time - .[1].time]' "$1"; }
    sctx cat s.mcap >"$T/one"
    sctx -c other sub --from start --timeout 0 --json >"$T/two"
    sctx -c twice sub --from start --timeout 0 --json >"$T/three"
    # On a busy machine a message goes out late; never early, and never so late that it would not be a replay.
    jq -n --argjson a "$(gaps "$T/one")" --argjson b "$(gaps "$T/two")" --argjson c "$(gaps "$T/three")" -e \
        '[range(2)] | all(. as $i | ($b[$i] - $a[$i] | fabs) < 1e8 and (2 * $c[$i] - $a[$i] | fabs) < 2e8)'
    exits 0 sctx replay s.mcap --into part --from 250ms --to 2 --rate max
    same "$(sctx -c part sub --from start --timeout 0 --raw)" 2
}

test_replay_loops_until_it_is_ended() {
    talk 2
    sctx snapshot -o s.mcap
    in_background replay "$sctx_bin" replay s.mcap --into other --rate max --loop
    until_true eval '[ "$(sctx -c other info --json | jq .tail)" -gt 100 ]'
    kill -INT "$pid"
    ends 130 "$pid"
    exits 0 sctx -c other sub --from start -n 100 --json shop/answer
    same "$(jq -c '.seq - .cause' "$T/out" | sort -u)" 1
    exits 2 sctx replay - --loop <s.mcap
    exits 2 sctx replay s.mcap --rate 0
    exits 2 sctx replay s.mcap --map x
}

test_many_senders() {
    for i in {1..300}; do echo "$i"; done | while read -r i; do sctx pub --as "sender$i" t "$i"; done
    sctx snapshot -o s.mcap
    exits 0 sctx stat s.mcap --json
    same "$(jq -c '[.messages, (.senders | length)]' "$T/out")" '[300,300]'
    exits 0 sctx cat s.mcap
    same "$(jq -r '.from == "sender\(.text)"' "$T/out" | sort -u)" true
}

# Keys on a terminal: it waits, takes two steps, goes on, ends.
test_replay_by_keys() {
    for i in 1 2 3 4 5; do sctx pub t "$i"; done
    sctx snapshot -o s.mcap
    mkfifo keys
    in_background replay sh -c "exec script -qec 'exec $sctx_bin replay s.mcap --into other --start-paused' /dev/null <keys"
    exec 5>keys
    until_true sctx -c other info
    has_said() { [ "$(sctx -c other sub --from start --timeout 0 --raw | paste -sd' ')" = "$1" ]; }
    printf s >&5
    until_true has_said '1'
    printf s >&5
    until_true has_said '1 2'
    sleep 0.3
    has_said '1 2'
    printf ' ' >&5
    until_true has_said '1 2 3 4 5'
    exec 5>&-
    ends 0 "$pid"
    has "$T/replay.out" "5 messages replayed"
}
