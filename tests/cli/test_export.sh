# export.

# A message of each encoding, with causes: 2 and 4 answer 1, 3 answers 2.
fair() {
    sctx pub --as shop --encoding json shop/order '{"price":7.5,"name":"a, \"b\"","n":12345678901234567890}'
    sctx pub --as till --cause 1 --encoding msgpack shop/bill '{"total":77,"ok":true,"who":"Ada"}'
    sctx pub --as bank --cause 2 --encoding cbor shop/paid '{"total":-300,"by":"card"}'
    sctx pub --as shop --cause 1 --encoding text shop/note 'two
lines'
    sctx pub --as stock unsaid '{"a":[1,{"b":2},{"b":3}]}'
    printf '\xff\x00' | sctx pub --as stock --whole --encoding hex raw
}
# Times and pids are another thing each run.
without_times() { sed -E 's/\b1[0-9]{18}\b/TIME/g; s/\(pid [0-9]+\)/(pid N)/g; s/"(ts)":[0-9]+\.[0-9]{3}/"\1":T/g'; }
columns_but_time_and_pid='seq topic from len encoding cause data'
fields() { local each; for each in $1; do printf -- '--field %s ' "$each"; done; }

test_export_jsonl() {
    fair
    exits 0 sctx sub --tap --from start --timeout 0 --json
    cp "$T/out" "$T/sub"
    exits 0 sctx export --to jsonl --for 0
    cmp "$T/sub" "$T/out"
    exits 0 sctx export --to jsonl --for 0 -
    cmp "$T/sub" "$T/out"
    is_empty "$T/err"
    exits 0 sctx export --to jsonl --for 0 --json -o x.jsonl
    keys "$T/out" "file format messages bytes lost gone"
    same "$(jq -c '[.file, .format, .messages, .bytes, .lost, .gone]' "$T/out")" "[\"x.jsonl\",\"jsonl\",6,$(wc -c <"$T/sub"),0,0]"
    cmp "$T/sub" x.jsonl
}

test_export_csv() {
    fair
    exits 0 sctx export --to csv --for 0
    same "$(head -n 1 "$T/out")" 'seq,time,topic,from,pid,len,encoding,cause,data'
    # shellcheck disable=SC2046
    exits 0 sctx export --to csv --for 0 $(fields "$columns_but_time_and_pid")
    cat >golden <<'END'
seq,topic,from,len,encoding,cause,data
1,shop/order,shop,56,json,,"{""price"":7.5,""name"":""a, \""b\"""",""n"":12345678901234567890}"
2,shop/bill,till,20,msgpack,1,"{""total"":77,""ok"":true,""who"":""Ada""}"
3,shop/paid,bank,18,cbor,2,"{""total"":-300,""by"":""card""}"
4,shop/note,shop,9,text,1,"two
lines"
5,unsaid,stock,25,,,"{""a"":[1,{""b"":2},{""b"":3}]}"
6,raw,stock,2,hex,,/wA=
END
    cmp golden "$T/out"
    # An independent reader of the format reads the same.
    if command -v python3 >/dev/null; then
        same "$(python3 -c 'import csv, sys, json; rows = list(csv.DictReader(open(sys.argv[1], newline=""))); print(json.loads(rows[0]["data"])["name"], repr(rows[3]["data"]))' "$T/out")" "a, \"b\" 'two\\nlines'"
    fi
}

test_export_csv_of_chosen_fields() {
    fair
    exits 0 sctx export --to csv --for 0 --field seq --field data.name --field data.n --field data.total --field 'data.a[0]' --field 'data.**.b' --field 'data["by"]'
    cat >golden <<'END'
seq,data.name,data.n,data.total,data.a[0],data.**.b,"data[""by""]"
1,"a, ""b""",12345678901234567890,,,,
2,,,77,,,
3,,,-300,,,card
4,,,,,,
5,,,,1,"[2,3]",
6,,,,,,
END
    cmp golden "$T/out"
    exits 0 sctx export --to csv --for 0 --no-decode --field data 'shop/*' --filter 'seq < 3 && encoding == "json"'
    same "$(sed 1d "$T/out")" '"{""price"":7.5,""name"":""a, \""b\"""",""n"":12345678901234567890}"'
    exits 2 sctx export --to csv --for 0 --field data.
    has "$T/err" "^ expected a name"
    exits 2 sctx export --to csv --for 0 --field 7
    exits 2 sctx export --to csv --for 0 --field 'seq, time'
    exits 2 sctx export --to csv --for 0 --field 'data.x == 1'
    exits 2 sctx export --to csv --for 0 --field price
    has "$T/err" "data.price"
    exits 2 sctx export --to jsonl --for 0 --field seq
}

test_export_graphs() {
    fair
    local how
    for how in dot mermaid; do
        exits 0 sctx flow --for 0 --$how
        cp "$T/out" "$T/flow"
        exits 0 sctx export --to $how --for 0
        cmp "$T/flow" "$T/out"
        exits 0 sctx flow --for 0 --$how --filter 'from == "bank"' shop/paid
        cp "$T/out" "$T/flow"
        exits 0 sctx export --to $how --for 0 --filter 'from == "bank"' shop/paid
        cmp "$T/flow" "$T/out"
    done
    has "$T/out" 'till'
}

# ---- perfetto ---------------------------------------------------------------------------------------------------------------

# The rules of the format, in FILE: what Perfetto drops without a word, or shows at a wrong place.
obeys_the_rules() {
    jq -e '.traceEvents as $all
        | ($all | map(select(.ph == "M" and .name == "process_name") | {key: (.pid | tostring), value: 1}) | from_entries) as $pids
        | ($all | map(select(.ph == "M" and .name == "thread_name") | {key: "\(.pid) \(.tid)", value: 1}) | from_entries) as $tids
        | ($all | map(select(.ph == "X") | {key: "\(.pid) \(.tid) \(.ts)", value: .}) | from_entries) as $slices
        | ($all | map(select(.ph == "s") | {key: .id, value: .}) | from_entries) as $starts
        | ($all | map(select(.ph == "f") | {key: .id, value: .}) | from_entries) as $ends
        | {
            phases: ($all | all(.ph | IN("M", "X", "s", "f", "i"))),
            known: ($all | all(.ph == "M" or ($pids[.pid | tostring] and $tids["\(.pid) \(.tid)"]))),
            unit: (.displayTimeUnit == "ns"),
            slices: ($all | map(select(.ph == "X")) | all(.dur > 0 and (.ts | type) == "number" and .name and .args.seq)),
            apart: ($all | map(select(.ph == "X")) | group_by([.pid, .tid])
                | all(. as $one | range(1; length) | $one[.].ts >= $one[. - 1].ts + 0.0009)),
            sorted: ($all | map(select(.ph == "X").ts) | . == sort),
            pairs: (($starts | keys) == ($ends | keys) and ($starts | length) == ($all | map(select(.ph == "s")) | length)
                and ($ends | length) == ($all | map(select(.ph == "f")) | length)),
            forward: ($starts | keys | all($starts[.].ts <= $ends[.].ts and $starts[.].name == $ends[.].name and $starts[.].cat == $ends[.].cat)),
            bound: ($all | map(select(.ph == "s" or .ph == "f")) | all($slices["\(.pid) \(.tid) \(.ts)"])),
            ends: ($all | map(select(.ph == "f")) | all(.bp == "e")),
            right: ($starts | keys | all($slices["\($ends[.].pid) \($ends[.].tid) \($ends[.].ts)"].args.cause
                == $slices["\($starts[.].pid) \($starts[.].tid) \($starts[.].ts)"].args.seq))
        } | if all(.[]; .) then true else error(tostring) end' "$1" >/dev/null
}

test_export_perfetto() {
    fair
    exits 0 sctx export --to perfetto --for 0
    obeys_the_rules "$T/out"
    is_empty "$T/err"
    cat >golden <<'END'
{"displayTimeUnit":"ns","otherData":{"source":"sctx","context":"default","base_time_ns":"TIME"},"traceEvents":[
{"ph":"M","name":"process_name","pid":3,"tid":3,"args":{"name":"shop (pid N)"}},
{"ph":"M","name":"thread_name","pid":3,"tid":4,"args":{"name":"shop/order"}},
{"ph":"X","cat":"message","name":"shop/order","ts":T,"pid":3,"tid":4,"dur":0.001,"args":{"seq":1,"time":TIME,"len":56,"encoding":"json","cause":null,"data":{"price":7.5,"name":"a, \"b\"","n":12345678901234567890}}},
{"ph":"M","name":"process_name","pid":5,"tid":5,"args":{"name":"till (pid N)"}},
{"ph":"M","name":"thread_name","pid":5,"tid":6,"args":{"name":"shop/bill"}},
{"ph":"X","cat":"message","name":"shop/bill","ts":T,"pid":5,"tid":6,"dur":0.001,"args":{"seq":2,"time":TIME,"len":20,"encoding":"msgpack","cause":1,"data":{"total":77,"ok":true,"who":"Ada"}}},
{"ph":"s","cat":"cause","name":"cause","id":"0x2","ts":T,"pid":3,"tid":4},
{"ph":"f","cat":"cause","name":"cause","id":"0x2","bp":"e","ts":T,"pid":5,"tid":6},
END
    without_times <"$T/out" | head -n 9 | cmp golden -
    same "$(jq '[.traceEvents[] | select(.ph == "s")] | length' "$T/out")" 3
    # Exactly where it was: ts is in microseconds, with the nanoseconds behind the point.
    same "$(jq -r '.traceEvents[] | select(.ph == "X").ts' "$T/out" | head -n 1)" 0
    local base time ts
    base=$(grep -o '"base_time_ns":"[0-9]*' "$T/out" | grep -o '[0-9]*$')
    time=$(grep '"seq":3,' "$T/out" | grep -oE '"time":[0-9]+' | grep -oE '[0-9]+')
    ts=$(grep '"seq":3,' "$T/out" | grep -oE '"ts":[0-9.]+' | grep -oE '[0-9.]+')
    same "$((base + 10#${ts%.*} * 1000 + 10#${ts#*.}))" "$time"
}

# Thousands that were published in the same nanosecond, and one that a hundred answer.
test_export_perfetto_of_crowds() {
    seq 2000 | sctx pub --as crowd t
    seq 100 | sctx pub --as echo --cause 7 answers
    exits 0 sctx export --to perfetto --for 0 -o x.json
    obeys_the_rules x.json
    same "$(jq '[.traceEvents[] | select(.ph == "s")] | length' x.json)" 100
    # Without what is answered there is no arrow, and that is said.
    exits 0 sctx export --to perfetto --for 0 answers
    obeys_the_rules "$T/out"
    same "$(jq '[.traceEvents[] | select(.ph == "s")] | length' "$T/out")" 0
    has "$T/err" "100 answers have no arrow"
    exits 0 sctx export --to perfetto --for 0 nobody/said/this
    same "$(jq -c '.traceEvents' "$T/out")" '[]'
}

test_export_of_odd_names() {
    sctx pub --as 'a"]-->b' --encoding json 't"\,' '{"\u0000\u202e<b>":"\ud83d\ude00 \\ud800 \ud800\udbff"}'
    sctx pub --as $'rtl\u202e|<b>' --cause 1 u $'\x1b[31m\x07'
    sctx pub --as 'x,"y' --cause 2 --encoding 'e"\' v ''
    local how
    for how in perfetto jsonl dot mermaid; do
        exits 0 sctx export --to $how --for 0
        is_inert "$T/out"
        # Half a character, which Perfetto's reader of JSON refuses.
        [ $how != perfetto ] || same "$(jq -r '.traceEvents[] | select(.args.seq == 1).args.data[]' "$T/out")" '😀 \ud800 ��'
        [ $how != perfetto ] || obeys_the_rules "$T/out"
    done
    exits 0 sctx export --to csv --for 0 --field from --field topic
    same "$(tail -n 1 "$T/out")" '"x,""y",v'
    iconv -f UTF-8 -t UTF-8 "$T/out" >/dev/null
    exits 0 sctx export --to pcapng --for 0 -o x.pcapng
    has_tshark || return 0
    tshark -r x.pcapng -T fields -e frame.comment >"$T/out" 2>/dev/null
    same "$(sed -E 's/ \(pid [0-9]+\)//' "$T/out" | paste -sd'|')" 'seq 1, from a"]-->b|seq 2, from rtl\u{202E}|<b>, cause 1|seq 3, from x,"y, cause 2'
}

# ---- pcapng -----------------------------------------------------------------------------------------------------------------

# Where it is missing, these cases say nothing; ./run test installs it.
has_tshark() { command -v tshark >/dev/null; }
# dissect FILE ARGUMENT...: its output is $T/out. A home of its own, so that nobody's settings count.
dissect() {
    local file=$1
    shift
    HOME=$T/home WIRESHARK_CONFIG_DIR=${config:-$T/home} tshark -r "$file" "$@" >"$T/out" 2>"$T/err" || die "tshark: $(cat "$T/err")"
}

test_export_pcapng() {
    fair
    exits 0 sctx export --to pcapng --for 0 -o x.pcapng
    has "$T/err" "6 messages in"
    same "$(head -c 12 x.pcapng | od -An -tx1 | tr -d ' ' | sed -E 's/^(.{8}).{8}/\1/')" "0a0d0d0a4d3c2b1a"
    has_tshark || return 0
    local packet
    dissect x.pcapng -T fields -E separator='|' -e frame.interface_name -e frame.interface_description -e frame.packet_id -e frame.comment -e _ws.col.Protocol
    sed -E 's/ \(pid [0-9]+\)//' "$T/out" >fields
    cat >golden <<'END'
shop/order|json|1|seq 1, from shop|JSON
shop/bill|msgpack|2|seq 2, from till, cause 1|msgpack
shop/paid|cbor|3|seq 3, from bank, cause 2|cbor
shop/note|text|4|seq 4, from shop, cause 1|text
unsaid||5|seq 5, from stock|JSON
raw|hex|6|seq 6, from stock|hex
END
    cmp golden fields
    # The payload and the time of each packet, as sub has them.
    sctx sub --tap --from start --timeout 0 --json | grep -oE '"time":[0-9]+' | sed -E 's/.*:([0-9]+)([0-9]{9})$/\1.\2/' >stamps.txt
    dissect x.pcapng -T fields -e frame.time_epoch
    cmp stamps.txt "$T/out"
    # What its dissectors find in them.
    dissect x.pcapng -Y 'frame.packet_id == 1' -T fields -e json.path_with_value -E aggregator='@'
    same "$(cat "$T/out")" '/price:7.5@/name:a, "b"@/n:12345678901234567890'
    dissect x.pcapng -Y 'frame.packet_id == 2' -T fields -E aggregator='@' -e msgpack.integer.u8 -e msgpack.boolean -e msgpack.string
    same "$(grep -c 'total@ok@' "$T/out")" 1
    has "$T/out" "Ada"
    has "$T/out" "77"
    dissect x.pcapng -Y 'frame.packet_id == 3' -T fields -E aggregator='@' -E separator='|' -e cbor.type.textstring -e cbor.type.nint
    same "$(cat "$T/out")" 'total@by@card|-300'
    dissect x.pcapng -Y 'frame.packet_id == 6' -T fields -e data.data
    same "$(cat "$T/out")" ff00
    for packet in 1 2 3 4 5 6; do
        dissect x.pcapng -Y "frame.packet_id == $packet" -V
        lacks "$T/out" Malformed
    done
    # Who and to what, where one asks for names.
    dissect x.pcapng -N n -T fields -E separator='|' -e _ws.col.Source -e _ws.col.Destination
    same "$(head -n 3 "$T/out" | paste -sd,)" 'shop|shop/order,till|shop/bill,bank|shop/paid'
}

test_export_pcapng_with_types() {
    local fds=$here/../decoders/protobuf
    printf '\x08\x96\x01' | sctx pub --whole --encoding protobuf:Test1 --schema "$fds/guide.fds" p/one
    printf '\x1a\x03\x08\x96\x01' | sctx pub --whole --encoding protobuf:Test3 --schema "$fds/guide.fds" p/three
    printf '\x12\x07testing' | sctx pub --whole --encoding protobuf:Test2 --schema "$fds/guide.fds" p/two
    printf '\x08\x01' | sctx pub --whole --encoding protobuf p/untyped
    printf 'nonsense' >not.fds
    printf '\x08\x01' | sctx pub --unchecked --whole --encoding protobuf:X --schema not.fds p/nonsense
    exits 0 sctx export --to pcapng --for 0 -o x.pcapng
    has "$T/err" "--sidecar DIR"
    exits 0 sctx export --to pcapng --for 0 -o y.pcapng --sidecar types
    has "$T/err" "topic 'p/nonsense' stays without types: its schema is no FileDescriptorSet"
    same "$(cat types/protobuf_udp_message_types | paste -sd' ')" '"1024","Test1" "1025","Test3" "1026","Test2"'
    exits 1 sctx export --to pcapng --for 0 -o z.pcapng --sidecar types
    has "$T/err" "types: is there already; --force"
    touch types/proto/s7_0.proto types/proto/mine.proto
    exits 0 sctx export --to pcapng --for 0 -o z.pcapng --sidecar types --force
    same "$(ls types/proto | paste -sd' ')" 'mine.proto s0_0.proto'
    rm types/proto/mine.proto
    exits 2 sctx export --to csv --for 0 --sidecar types
    has_tshark || return 0
    config=types dissect y.pcapng -T fields -E separator='|' -E aggregator='@' -e protobuf.message.name -e protobuf.field.name -e protobuf.field.value.int32 -e protobuf.field.value.string
    sed -n 1,3p "$T/out" >fields
    cat >golden <<'END'
Test1|a|150|
Test3@Test1|c@a|150|
Test2|b||testing
END
    cmp golden fields
    # Where protoc is, it finds nothing to object to in what was written.
    if command -v protoc >/dev/null; then protoc -I types/proto --descriptor_set_out=/dev/null types/proto/*.proto; fi
}

# All that a schema may declare, and types of other files.
test_export_of_schemas() {
    local fds=$here/../decoders/protobuf each
    for each in all old one guide; do
        printf '' | sctx pub --unchecked --whole --encoding protobuf:none --schema "$fds/$each.fds" p/$each
    done
    exits 0 sctx export --to pcapng --for 0 -o x.pcapng --sidecar types
    lacks "$T/err" "stays without types"
    ls types/proto/*.proto >/dev/null
    command -v protoc >/dev/null || return 0
    for each in types/proto/*.proto; do protoc -I types/proto --descriptor_set_out=/dev/null "$each"; done
}

test_export_pcapng_of_large_payloads() {
    head -c 300000 /dev/zero | tr '\0' x | sctx pub --whole --encoding text large
    sctx pub small x
    exits 3 sctx export --to pcapng --for 0 -o x.pcapng
    has "$T/err" "1 payloads are longer than Wireshark takes"
    has_tshark || return 0
    dissect x.pcapng -T fields -E separator='|' -e frame.cap_len -e frame.packet_id
    same "$(head -n 1 "$T/out")" '262144|1'
    same "$(wc -l <"$T/out")" 2
}

# At once, topics that come later as well.
test_export_live_into_tshark() {
    has_tshark || return 0
    sctx pub --encoding json early '{"a":1}'
    mkfifo pipe
    in_background feed bash -c 'exec "$0" export --to pcapng - >pipe' "$sctx_bin"
    local feeding=$pid
    in_background tshark env HOME="$T/home" bash -c 'exec tshark -l -i - -T fields -e frame.interface_name -e json.path_with_value <pipe'
    local tshark_pid=$pid
    until_true grep -q '^early' "$T/tshark.out"
    sctx pub --encoding json late '{"b":2}'
    until_true grep -q '^late' "$T/tshark.out"
    same "$(paste -sd' ' "$T/tshark.out" | tr '\t' '=')" 'early=/a:1 late=/b:2'
    kill -INT "$feeding"
    ends 130 "$feeding"
    ends 0 "$tshark_pid"
}

# ---- what all have in common ------------------------------------------------------------------------------------------------

test_export_of_a_recording() {
    fair
    sctx snapshot -o s.mcap 2>/dev/null
    local how
    for how in perfetto jsonl csv dot mermaid pcapng; do
        sctx export --to $how --for 0 -o live.$how 2>/dev/null
        exits 0 sctx export --to $how --file s.mcap -o file.$how
        "$sctx_bin" export --to $how --file - <s.mcap >"stdin.$how"
        if [ $how = pcapng ] || [ $how = perfetto ]; then
            # They name what is exported.
            same "$(wc -l <"live.$how")" "$(wc -l <"file.$how")"
        else
            cmp "live.$how" "file.$how"
            cmp "live.$how" "stdin.$how"
        fi
    done
    obeys_the_rules file.perfetto
    head -c $(($(wc -c <s.mcap) / 2)) s.mcap >cut.mcap
    for how in perfetto jsonl csv dot mermaid pcapng; do
        exits 3 sctx export --to $how --file cut.mcap -o cut.$how
        has "$T/err" "the file ends"
    done
    jq -e .traceEvents cut.perfetto >/dev/null
    exits 1 sctx export --to csv --file no-such-file
}

# A ring of few cells, of which a reader from the beginning misses most.
test_export_tells_loss() {
    sctx create --cells 64 >/dev/null
    sctx pub first x
    in_background record sctx record -o r.mcap --from start
    until_true test -s r.mcap
    kill -STOP "$(pgrep -f "record -o r.mcap" -n)"
    seq 500 | sctx pub --encoding text t
    kill -CONT "$(pgrep -f "record -o r.mcap" -n)"
    until_true eval '[ "$(sctx stat --json r.mcap 2>/dev/null | jq .lost)" -gt 0 ]'
    kill -INT "$(pgrep -f "record -o r.mcap" -n)"
    wait "$pid" || true
    local lost
    lost=$(sctx stat --json r.mcap | jq '.lost + .gone')
    [ "$lost" -gt 0 ]
    exits 3 sctx export --to jsonl --file r.mcap
    same "$(jq -s '[.[] | .lost // 0 | tonumber] | add' "$T/out")" "$(sctx stat --json r.mcap | jq .lost)"
    has "$T/err" "$lost messages were missed"
    exits 3 sctx export --to csv --file r.mcap t
    has "$T/err" "$lost messages were missed"
    exits 3 sctx export --to dot --file r.mcap
    exits 3 sctx export --to perfetto --file r.mcap
    obeys_the_rules "$T/out"
    same "$(jq '[.traceEvents[] | select(.ph == "i") | .args.lost + .args.gone] | add' "$T/out")" "$lost"
    exits 3 sctx export --to pcapng --file r.mcap -o x.pcapng
    has_tshark || return 0
    dissect x.pcapng -T fields -e frame.drop_count
    same "$(awk '{ sum += $1 } END { print sum }' "$T/out")" "$lost"
}

test_export_output() {
    fair
    exits 0 sctx export --to csv --for 0 -o x.csv
    cp x.csv before
    exits 1 sctx export --to csv --for 0 -o x.csv
    has "$T/err" "x.csv: is there already; --force overwrites it"
    cmp x.csv before
    exits 0 sctx export --to csv --for 0 -o x.csv --force -n 2
    same "$(wc -l <x.csv)" 3
    sctx snapshot -o s.mcap 2>/dev/null
    exits 1 sctx export --to csv --file s.mcap -o s.mcap --force
    has "$T/err" "is what is read"
    sctx stat s.mcap >/dev/null
    exits 1 sctx export --to csv --for 0 -o no/such/folder
    exits 1 sctx export --to csv --for 0 -o /dev/full
    has "$T/err" "cannot write to /dev/full"
    # Nobody reads on.
    "$sctx_bin" export --to jsonl 2>"$T/err" | head -n 1 >"$T/out"
    is_empty "$T/err"
    seq 3000 | sctx pub t
    "$sctx_bin" export --to pcapng --for 0 - 2>"$T/err" | head -c 100 >/dev/null
    is_empty "$T/err"
}

test_export_live() {
    in_background export "$sctx_bin" export --to perfetto -o x.json
    until_true grep -q 'waiting for context' "$T/export.err"
    fair
    until_true grep -q '"seq":6' x.json
    kill -INT "$pid"
    ends 130 "$pid"
    obeys_the_rules x.json
    exits 0 sctx export --to jsonl -n 3
    same "$(jq .seq "$T/out" | paste -sd' ')" '1 2 3'
    exits 0 sctx export --to jsonl --from 5 -n 1
    same "$(jq .seq "$T/out")" 5
    exits 0 sctx export --to jsonl --from now --for 50ms
    is_empty "$T/out"
    in_background export "$sctx_bin" export --to csv --field seq
    until_true grep -q '^6$' "$T/export.out"
    sctx rm >/dev/null
    ends 1 "$pid"
    has "$T/export.err" "start again to use a new one"
    exits 4 sctx -c nowhere export --to csv --for 0
}

test_export_usage() {
    exits 2 sctx export
    has "$T/err" "--to FORMAT is missing"
    exits 2 sctx export --to pdf
    exits 2 sctx export --to csv -o x -
    exits 2 sctx export --to csv --json
    exits 2 sctx export --to csv --file x --for 1s
    exits 2 sctx export --to csv --from yesterday
    exits 2 sctx export --to csv --filter 'len >'
    exits 2 sctx export --to csv 'a*'
    exits 2 sctx export --to csv -o ''
    # A capture is not for terminals.
    exits 2 script -qec "$sctx_bin export --to pcapng --for 0" /dev/null
    has "$T/out" "not written to a terminal"
}

# Names of any length, which only another program's recording can have: a capture's lengths have two bytes.
test_export_of_names_without_end() {
    local topic encoding
    printf -v topic 't%.0s' {1..70000}
    printf -v encoding 'é%.0s' {1..40000}
    {
        printf '\x89MCAP0\r\n'
        record 1 "$(hex '')$(hex x)"
        record 4 "01000000$(hex "$topic")$(hex "$encoding")00000000"
        record 5 "0100010000000a000000000000000a00000000000000$(printf '{"a":1}' | digits)"
        record 15 00000000
        record 2 0000000000000000000000000000000000000000
        printf '\x89MCAP0\r\n'
    } >long.mcap
    exits 0 sctx export --to pcapng --file long.mcap -o long.pcapng
    dissect long.pcapng -T fields -e frame.interface_description -e frame.number
    same "$(wc -l <"$T/out")" 1
    same "$(cut -f1 "$T/out" | tr -d 'é')" ''
}
# A record of MCAP, its body as hexadecimal digits; a string in such a body.
record() { printf '%b' "$(printf '%02x%s%s' "$1" "$(little $((${#2} / 2)) 8)" "$2" | sed 's/../\\x&/g')"; }
digits() { od -An -v -tx1 | tr -d ' \n'; }
hex() { printf '%s%s' "$(little "$(printf %s "$1" | wc -c)" 4)" "$(printf %s "$1" | digits)"; }
little() { local i; for ((i = 0; i < $2; i++)); do printf '%02x' $((($1 >> 8 * i) & 255)); done; }
