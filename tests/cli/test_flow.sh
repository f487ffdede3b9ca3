# flow.

# Two orders billed and paid, one picked.
trade() {
    local n
    for n in 1 2; do
        sctx pub --as shop order "$n"
        sctx pub --as till --cause $((3 * n - 2)) bill "$n"
        sctx pub --as bank --encoding json --cause $((3 * n - 1)) paid "$n"
    done
    sctx pub --as stock --cause 4 pick 2
}
trade_edges='["shop","order","till","bill",2] ["till","bill","bank","paid",2] ["shop","order","stock","pick",1]'
edges() { jq -c '[.from, .topic, .to, .answer, .count]' "$1" | paste -sd' '; }

test_flow_json() {
    trade
    exits 0 sctx flow --for 0 --json
    keys "$T/out" "from topic to answer count p50_ns p99_ns max_ns"
    same "$(edges "$T/out")" "$trade_edges"
    is_empty "$T/err"
    same "$(jq -s 'all(.[]; 0 <= .p50_ns and .p50_ns <= .p99_ns and .p99_ns <= .max_ns)' "$T/out")" true
    # The longest is the longest that trace tells.
    sctx trace 1 --json >"$T/all"
    sctx trace 4 --json >>"$T/all"
    same "$(jq -s '[.[] | select(.topic == "bill").after_ns] | max' "$T/all")" "$(jq -s '.[0].max_ns' "$T/out")"
}

test_flow_table() {
    trade
    exits 0 sctx flow --for 0
    same "$(head -n 1 "$T/out" | tr -s ' ')" 'FROM TOPIC TO ANSWER COUNT P50 P99 MAX'
    same "$(sed 1d "$T/out" | awk '{ print $1, $2, $3, $4, $5 }' | paste -sd,)" \
        'shop order till bill 2,till bill bank paid 2,shop order stock pick 1'
}

test_flow_graphs() {
    trade
    exits 0 sctx flow --for 0 --dot
    same "$(sed -E 's/(p50|p99) [^,"]+/\1/g' "$T/out" | paste -sd@)" 'digraph flow {@    rankdir=LR;@    node [shape=box];@    n0 [label="shop"];@    n1 [label="till"];@    n0 -> n1 [label="order → bill\n2x, p50, p99"];@    n3 [label="bank"];@    n1 -> n3 [label="bill → paid\n2x, p50, p99"];@    n5 [label="stock"];@    n0 -> n5 [label="order → pick\n1x, p50, p99"];@}'
    exits 0 sctx flow --for 0 --mermaid
    same "$(sed -E 's/(p50|p99) [^,"]+/\1/g' "$T/out" | paste -sd@)" 'flowchart LR@    n0["shop"]@    n1["till"]@    n0 -->|"order → bill<br>2x, p50, p99"| n1@    n3["bank"]@    n1 -->|"bill → paid<br>2x, p50, p99"| n3@    n5["stock"]@    n0 -->|"order → pick<br>1x, p50, p99"| n5'
}

# Names that mean something to a terminal, to Graphviz and to Mermaid.
test_flow_of_odd_names() {
    sctx pub --as 'a"]-->b' t x
    sctx pub --as $'rtl\u202e|<b>' --cause 1 u x
    sctx pub --as 'self' --cause 2 v x
    sctx pub --as 'self' --cause 3 v x
    local how
    for how in '' --json --dot --mermaid; do
        exits 0 sctx flow --for 0 $how
        is_inert "$T/out"
    done
    has "$T/out" 'n0["a#34;]--#62;b"]'
    exits 0 sctx flow --for 0 --dot
    has "$T/out" 'n0 [label="a\"]-->b"]'
    has "$T/out" 'label="rtl\\u{202E}|<b>"'
    exits 0 sctx flow v --for 0 --filter 'cause == 3' --dot
    has "$T/out" 'n0 -> n0'
}

# What is answered need not match.
test_flow_of_some_answers() {
    trade
    exits 0 sctx flow --for 0 --json bill
    same "$(edges "$T/out")" '["shop","order","till","bill",2]'
    is_empty "$T/err"
    exits 0 sctx flow --for 0 --json --filter 'from == "bank" && data == 2'
    same "$(edges "$T/out")" '["till","bill","bank","paid",1]'
    exits 0 sctx flow --for 0 --json --no-decode --filter 'data == 2' paid
    same "$(edges "$T/out")" '["till","bill","bank","paid",1]'
    exits 0 sctx flow -n 2 --json
    same "$(edges "$T/out")" '["shop","order","till","bill",1] ["till","bill","bank","paid",1]'
    exits 0 sctx flow --from 4 --for 0 --json
    same "$(edges "$T/out" | tr ' ' '\n' | sort | paste -sd' ')" '["shop","order","stock","pick",1] ["shop","order","till","bill",1] ["till","bill","bank","paid",1]'
    is_empty "$T/err"
    exits 0 sctx flow --from 5 --for 0 --json
    same "$(edges "$T/out")" '["till","bill","bank","paid",1]'
    has "$T/err" "2 more answer messages that were not seen, or too long ago"
}

test_flow_in_a_recording() {
    trade
    exits 0 sctx flow --for 0 --json
    cp "$T/out" "$T/live"
    sctx snapshot -o s.mcap
    sctx rm >"$T/out"
    exits 0 sctx flow --file s.mcap --json
    cmp "$T/live" "$T/out"
    "$sctx_bin" flow --file - --json <s.mcap >"$T/out"
    cmp "$T/live" "$T/out"
    exits 1 sctx flow --file no-such-file
    head -c $(($(wc -c <s.mcap) / 2)) s.mcap >cut.mcap
    exits 3 sctx flow --file cut.mcap --json
    has "$T/err" "the file ends"
}

# Programs that do not use causes.
test_flow_by_ids_of_a_decoder() {
    echo 'struct Call { u32 id @key(self); }; struct Answer { u32 to @key(cause); };' >calls.layout
    sctx pub --as asker --encoding struct:Call --schema calls.layout call '{"id":77}'
    sctx pub --as helper --encoding struct:Answer --schema calls.layout answer '{"to":77}'
    exits 0 sctx flow --for 0 --json
    same "$(edges "$T/out")" '["asker","call","helper","answer",1]'
    exits 0 sctx flow --for 0 --json --no-decode
    is_empty "$T/out"
}

test_flow_live() {
    in_background flow sctx flow -n 5 --json
    until_true grep -q 'waiting for context' "$T/flow.err"
    trade
    ends 0 "$pid"
    same "$(edges "$T/flow.out")" "$trade_edges"
    in_background flow "$sctx_bin" flow --json
    sleep 0.3
    kill -INT "$pid"
    ends 130 "$pid"
    same "$(edges "$T/flow.out")" "$trade_edges"
    exits 0 sctx flow --from now --for 50ms --json
    is_empty "$T/out"
}

test_flow_usage() {
    exits 2 sctx flow --dot --mermaid
    exits 2 sctx flow --dot --json
    exits 2 sctx flow --file x --for 1s
    exits 2 sctx flow --from yesterday
    exits 2 sctx flow --filter 'len >'
    has "$T/err" "^ expected"
    exits 2 sctx flow 'a*'
    exits 4 sctx -c nowhere flow --for 0
    has "$T/err" "nowhere"
}

# Of six orders the second and fifth get no bill; the last one's time is not over.
test_flow_of_what_nobody_answered() {
    local n seq
    for n in 1 2 3 4 5; do
        seq=$(sctx pub --as shop --encoding json --json order "{\"id\":$n}" | jq .seq)
        [ $((n % 3)) -eq 2 ] || sctx pub --as till --cause "$seq" bill "$n"
        sctx pub --as clock tick "$n"
    done
    # Until the longest time that an answer took is over, and one more for which it is not.
    until_true eval 'sctx pub --as clock tick x; sctx flow -u --for 0 --json | grep "\"seq\":12,"'
    sctx pub --as shop --encoding json order '{"id":6}'
    exits 5 sctx flow --unanswered --for 0 --json
    keys "$T/out" "seq time topic from"
    same "$(jq -c '[.seq, .topic, .from]' "$T/out" | paste -sd' ')" '[4,"order","shop"] [12,"order","shop"]'
    exits 5 sctx flow -u --for 0 --filter 'data.id > 2'
    same "$(sed 1d "$T/out" | awk '{ print $1, $3, $4 }')" '12 order shop'
    exits 0 sctx flow -u --for 0 bill
    is_empty "$T/out"
    exits 0 sctx flow -u --for 0 --filter 'data.id == 1'
    exits 2 sctx flow -u --dot
    sctx snapshot -o s.mcap
    exits 5 sctx flow -u --file s.mcap --json
    same "$(jq .seq "$T/out" | paste -sd' ')" '4 12'
}
