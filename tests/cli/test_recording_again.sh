# What is recorded, replayed and recorded again is the same; what is cut is never all well.

# Many senders, encodings, causes near and far, markers that change, and pauses of some milliseconds.
busy() { # busy TURNS
    local i
    sctx set count 5 --kind counter
    for ((i = 0; i < $1; i++)); do
        sctx set shop/open $((9007199254740993 + i)) --kind i64 --unit orders
        sctx set temperature "$i.5"
        [ $((i + 1)) -lt "$1" ] || sleep 1 # their last levels are sampled before the last message
        sctx pub --as "till $((i % 3))" --encoding json shop/order "{\"n\":$i}"
        sctx pub --as stock --encoding msgpack --cause $((i * 4 + 1)) shop/answer "{\"to\":$i}"
        sctx pub --encoding struct:Order --schema <(echo 'struct Order { u32 id; f32 price; };') --cause $((i / 2 * 4 + 1)) o "{\"id\":$i,\"price\":0.5}"
        if ((i % 2)); then sctx pub empty ''; else printf 'b\303(%s' "$i" | sctx pub --as x bytes -; fi
        sleep 0.0$((i % 7))
    done
}
# Messages with their place instead of their seq, for the other context has other seqs; and without what a replay cannot keep.
placed() { jq -c -s 'to_entries | (map({key: (.value.seq | tostring), value: .key}) | from_entries) as $place
    | .[] | .value | .cause |= (if . == null then null else $place[tostring] end) | del(.seq, .time, .pid)' "$1"; }
times() { jq -c -s '.[0].time as $first | map((.time - $first) / 1e6)' "$1"; }
heard_in() { sctx snapshot -c "$1" -o "$1.mcap" --force 2>>"$T/err" && sctx cat "$1.mcap" >"$T/$1.lines"; }
levels_in() { sctx -c "$1" markers --json | sed "s/,\"time\":[0-9a-z]*//" | sort; }

test_recorded_replayed_and_recorded_again() {
    local turns=25 i
    sctx create >"$T/out"
    in_background record "$sctx_bin" record -o one.mcap -n $((4 * turns)) --markers 10ms --timeout 50s
    until_true eval '[ -s one.mcap ]'
    busy $turns
    ends 0 "$pid"
    exits 0 sctx cat one.mcap
    cp "$T/out" "$T/one.lines"
    placed "$T/one.lines" >"$T/one"
    same "$(wc -l <"$T/one")" $((4 * turns))
    same "$(jq -c .cause "$T/one" | sort -u | wc -l)" $((turns + 1))
    [ "$(sctx stat one.mcap --json | jq .samples)" -gt 10 ] || die "few samples"

    for i in 1 2 3 4 5 6 7; do sctx -c max pub before "$i"; done # so that seqs are others
    exits 0 sctx replay one.mcap --into max --rate max --json
    same "$(jq -c '[.messages, .causes, .unknown_causes, .refused]' "$T/out")" "[$((4 * turns)),$((2 * turns)),0,0]"
    exits 0 sctx replay one.mcap --into five --rate 5
    # What was replayed, recorded and replayed once more.
    exits 0 sctx -c max record -o two.mcap --from 8 -n $((4 * turns))
    exits 0 sctx replay two.mcap --into again --rate max
    sctx cat two.mcap >"$T/max.lines"
    heard_in five
    heard_in again
    for i in max five again; do
        placed "$T/$i.lines" >"$T/$i"
        same_lines "$T/one" "$T/$i"
        same "$(jq .time "$T/$i.lines" | sort -n -c 2>&1)" ''
    done
    same "$(levels_in max)" "$(levels_in default)"
    same "$(levels_in five)" "$(levels_in default)"
    same "$(sctx -c max get shop/open)" $((9007199254740993 + turns - 1))
    # On a busy machine messages go out late. That the rate was another would be seen: after 25 turns it is seconds.
    jq -n -e --argjson a "$(times "$T/one.lines")" --argjson b "$(times "$T/five.lines")" \
        '($a[-1] > 500) and ([range($a | length)] | all(. as $i | ($b[$i] * 5 - $a[$i] | fabs) < $a[-1] / 2 + 2000)) and ($b[-1] * 5 > $a[-1] / 2)' ||
        die "distances: $(times "$T/one.lines") and $(times "$T/five.lines")"
}

test_cut_recordings_are_never_all_well() {
    local i size whole saved last=0
    sctx create >"$T/out"
    in_background record "$sctx_bin" record -o w.mcap --timeout 50s
    until_true eval '[ -s w.mcap ]'
    for i in 1 2 3 4 5; do
        seq $((i * 100)) $((i * 100 + 99)) | sctx pub t
        sleep 0.3
    done
    kill -INT "$pid"
    ends 130 "$pid"
    size=$(stat -c %s w.mcap)
    exits 0 sctx cat w.mcap
    cp "$T/out" "$T/lines"
    same "$(wc -l <"$T/lines")" 500
    for ((i = 0; i < 24; i++)); do
        head -c $((i == 23 ? size - 1 : size * i / 23)) w.mcap >cut.mcap
        exits 3 sctx cat cut.mcap
        is_empty <(grep -v "^sctx cat: " "$T/err")
        saved=$(wc -l <"$T/out")
        head -n "$saved" "$T/lines" | cmp - "$T/out" || die "cut $i: other messages"
        [ "$saved" -ge $last ] || die "cut $i: fewer than before"
        last=$saved
        exits 3 sctx cat - <cut.mcap
        same "$(wc -l <"$T/out")" "$saved"
        exits 3 sctx stat cut.mcap --json
        same "$(jq -c '[.messages, .damaged > 0]' "$T/out")" "[$saved,true]"
        exits 3 sctx recover cut.mcap -o saved.mcap --force --json
        same "$(jq -c '[.messages, .cut]' "$T/out")" "[$saved,true]"
        exits 0 sctx cat saved.mcap
        head -n "$saved" "$T/lines" | cmp - "$T/out" || die "cut $i: other messages recovered"
    done
    same "$last" 500
    head -c $((size / 2)) w.mcap >cut.mcap
    whole=$(sctx cat cut.mcap 2>"$T/err" | wc -l)
    exits 3 sctx replay cut.mcap --into other --rate max --json
    same "$(jq .messages "$T/out")" "$whole"
}

# SCTX_CLI_SENDERS: how many `sctx pub` (default 500; 70000 are more than a recording has channels).
test_as_many_senders_as_programs() {
    local senders=${SCTX_CLI_SENDERS:-500} i
    sctx create --cells 131072 --arena 32MiB --gating allow >"$T/out"
    in_background record "$sctx_bin" record --lossless -o s.mcap -n "$senders" --markers 0
    until_true readers_are 1
    for ((i = 1; i <= senders; i++)); do "$sctx_bin" pub --as "sender $i" t "$i"; done
    ends 0 "$pid"
    exits 0 sctx cat s.mcap
    same "$(jq -r 'select(.from == "sender \(.text)") | .text' "$T/out" | cksum)" "$(seq 1 "$senders" | cksum)"
    exits 0 sctx stat s.mcap --json
    same "$(jq -c '[.messages, .lost, .gone]' "$T/out")" "[$senders,0,0]"
}
