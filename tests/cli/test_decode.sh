# decode, sub's data and filter, pub through encoders, plugins that do harm.

layout='struct Order { u32 id; f32 price; char name[4]; };'

# decodes ENCODING BYTES VALUE [OPTION...]: printf's BYTES come out as VALUE.
decodes() {
    # shellcheck disable=SC2059 # they are meant to be interpreted
    printf "$2" >payload
    exits 0 sctx decode --encoding "$1" "${@:4}" payload
    same "$(cat "$T/out")" "$3"
    is_empty "$T/err"
}
# refuses ENCODING BYTES OFFSET PART [OPTION...]: exit 1, the offset on stderr, PART of it on stdout.
refuses() {
    # shellcheck disable=SC2059
    printf "$2" >payload
    exits 1 sctx decode --encoding "$1" "${@:5}" payload
    has "$T/err" "byte $3: "
    same "$(cat "$T/out")" "$4"
}

test_decode_each_format() {
    echo "$layout" >order.layout
    decodes json '{"a":[1,18446744073709551615,1.10]}' '{"a":[1,18446744073709551615,1.10]}'
    decodes msgpack '\x82\xa1a\x01\xa1b\xc4\x02hi' '{"a":1,"b":{"$base64":"aGk="}}'
    decodes msgpack '\xd4\x05\xaa' '{"$ext":[5,"qg=="]}'
    decodes cbor '\xc1\x1a\x51\x4b\x67\xb0' '{"$tag":[1,1363896240]}'
    decodes cbor '\x9f\xf9\x7e\x00\xff' '[{"$float":"nan"}]'
    decodes protobuf '\x08\x96\x01' '{"1":150}'
    decodes struct:Order '\x01\x00\x00\x00\x00\x00\x20\x40abc\x00' '{"id":1,"price":2.5,"name":"abc"}' --schema order.layout
    decodes logfmt 'level=info msg="two words" n=2' '{"level":"info","msg":"two words","n":2}'
    decodes text 'h\xc3\xa9' '"hé"'
    decodes hex '\x00\x01' '{"$base64":"AAE="}'
}

test_decode_malformed() {
    echo "$layout" >order.layout
    refuses json '{"a":[1,}' 8 '{"a":[1]}'
    refuses json '[1] x' 4 '[1]'
    refuses msgpack '\x82\xa1a\x01\xc1' 4 '{"a":1}'
    refuses cbor '\x82\x01\x1c' 2 '[1]'
    refuses protobuf '\x08\x96' 2 '{}'
    refuses struct:Order '\x01\x00\x00\x00\x00' 5 '{"id":1}' --schema order.layout
    refuses logfmt 'a=1 b="c' 8 '{"a":1}'
    refuses text 'ab\xff' 2 ''
}

test_decode_guesses_and_says_what_there_is() {
    printf '{"a":1}' | sctx decode >"$T/out"
    same "$(cat "$T/out")" '{"a":1}'
    printf 'just words' >payload
    exits 1 sctx decode payload
    has "$T/err" "not recognised"
    exits 1 sctx decode --encoding jsn payload
    has "$T/err" "nothing decodes the encoding 'jsn'; there are: "
    exits 2 sctx decode --decoder jsn payload
    has "$T/err" "there is no decoder 'jsn'; there are: cbor, hex, json"
    exits 1 sctx decode --encoding json no-such-file
    has "$T/err" "cannot read no-such-file: No such file"
    exits 2 sctx decode --plugin x --plugins off payload
    exits 2 sctx decode --plugins sometimes payload
}

test_decode_tree() {
    printf '{"a":[1,"x"],"b c":null}' >payload
    exits 0 sctx decode --encoding json --tree payload
    same "$(sed -n 4p "$T/out" | tr -s ' ')" ' 6 1 int [0] = 1'
    exits 0 sctx decode --encoding json --tree --json payload
    same "$(jq -c '[.path, .type, .off, .len, .value]' "$T/out" | paste -sd' ')" \
        '["data","object",0,24,null] ["data.a","array",5,7,null] ["data.a[0]","int",6,1,1] ["data.a[1]","text",8,3,"x"] ["data[\"b c\"]","null",19,4,null]'
}

test_decode_is_inert() {
    printf '{"a\\u001b[2J":"\\u202e\\ud800\\u009b"}' >payload
    exits 0 sctx decode --encoding json payload
    is_inert "$T/out"
    same "$(cat "$T/out")" '{"a\u001b[2J":"\u202e\ud800\u009b"}'
    exits 0 sctx decode --encoding json --tree payload
    is_inert "$T/out"
    printf 'a\033[2J\302\233=1' | sctx decode --encoding logfmt >"$T/out" 2>"$T/err" || true
    is_inert "$T/out"
    is_inert "$T/err"
}

test_each_format_through_the_bus() {
    echo "$layout" >order.layout
    sctx pub --encoding msgpack m '{"a":[1,true]}'
    sctx pub --encoding cbor c '{"a":1.5}'
    sctx pub --encoding struct:Order --schema order.layout s '{"id":1,"price":2.5,"name":"abc"}'
    sctx pub --encoding logfmt l 'a=1 b="c d"'
    sctx pub --encoding logfmt l '{"a":1}'
    printf '\x08\x96\x01' | sctx pub --encoding protobuf --whole p
    printf '\x81\xa1b\x02' | sctx pub --encoding msgpack --whole m
    exits 0 sctx sub --from start --timeout 0 --json
    same "$(jq -c .data "$T/out" | paste -sd' ')" \
        '{"a":[1,true]} {"a":1.5} {"id":1,"price":2.5,"name":"abc"} {"a":1,"b":"c d"} {"a":1} {"1":150} {"b":2}'
    same "$(jq -c .len "$T/out" | paste -sd' ')" '6 6 12 11 3 3 4'
    exits 0 sctx sub --from start --timeout 0
    same "$(cut -d' ' -f7- "$T/out" | head -n 3 | paste -sd' ')" '{"a":[1,true]} {"a":1.5} {"id":1,"price":2.5,"name":"abc"}'
    exits 0 sctx sub --from start --timeout 0 --json --no-decode m
    same "$(jq -c .base64 "$T/out" | head -n 1)" '"gaFhkgHD"'
}

test_pub_refuses_what_the_encoding_is_not() {
    exits 1 sctx pub --encoding msgpack m '[1e400]'
    has "$T/err" "msgpack cannot hold this: byte 1: "
    printf '\x81\xa1b' >payload
    exits 1 sctx pub --encoding msgpack --whole m <payload
    has "$T/err" "neither JSON (byte 0: not a JSON value) nor msgpack (byte 3: "
    printf '{"a":1}\n{"a":\n{"a":2}\n' >lines
    exits 1 sctx pub --encoding msgpack m <lines
    has "$T/err" "line 2, neither JSON (byte 5: "
    exits 0 sctx pub --encoding msgpack --whole --unchecked m <payload
    exits 0 sctx sub --from start --timeout 0 --json m
    same "$(jq -c '.data // .error' "$T/out" | paste -sd' ')" '{"a":1} {"a":2} {"decoder":"msgpack","offset":3,"reason":"a value is missing"}'
    exits 0 sctx sub --from start --timeout 0 m
    has "$T/out" '\x81\xA1b  (msgpack: byte 3: a value is missing)'
}

test_a_schema_of_no_use_is_not_registered() {
    echo 'struct Order { u32 id; floot price; };' >bad.layout
    exits 1 sctx pub --encoding struct:Order --schema bad.layout o '{"id":1}'
    has "$T/err" "the schema is of no use for 'struct:Order': its schema is refused at byte "
    [ ! -e "$SCTX_DIR/default" ]
}

test_filter() {
    for i in 1 2 3 4 5; do echo "{\"n\":$i,\"name\":\"x$i\"}"; done | sctx pub --encoding json shop/order
    sctx pub --encoding msgpack shop/other '{"n":4}'
    sctx pub words hello
    exits 0 sctx sub --from start --timeout 0 --json --filter 'data.n > 3'
    same "$(jq -c .data.n "$T/out" | paste -sd' ')" '4 5 4'
    exits 0 sctx sub --from start -n 1 --json --filter 'topic ~ "shop/*" && data.name == "x2"'
    same "$(jq -c .data.n "$T/out")" 2
    exits 0 sctx sub --from start --timeout 0 --raw --filter 'len == 5'
    same "$(cat "$T/out")" hello
    exits 0 sctx sub --from start --timeout 0 --no-decode --json --filter 'data.n == 1'
    same "$(jq -r .text "$T/out")" '{"n":1,"name":"x1"}'
    exits 0 sctx sub --from start --timeout 0 --filter 'data.name > 3'
    is_empty "$T/out"
    has "$T/err" "5 messages were left out since the filter makes no sense for them: "
    exits 4 sctx sub --from start -n 4 --timeout 0 --filter 'data.n > 3'
    same "$(wc -l <"$T/out")" 3
}

test_filter_that_is_wrong() {
    exits 2 sctx sub --filter 'len > && 3'
    has "$T/err" "sctx-filter(7)"
    has "$T/err" "    len > && 3"
    has "$T/err" "          ^ expected a value"
    is_empty "$T/out"
    [ ! -e "$SCTX_DIR/default" ]
}

test_filter_at_full_speed_loses_nothing() {
    sctx create --gating allow >"$T/out"
    in_background sub sctx sub --gated --json -n 1000 --filter 'data.n < 1000'
    until_true readers_are 1
    seq 0 1999 | sed 's/.*/{"n":&}/' | sctx pub --encoding json t
    ends 0 "$pid"
    same "$(jq -c .data.n "$T/sub.out" | paste -sd' ')" "$(seq 0 999 | paste -sd' ')"
}

test_pins() {
    sctx pub --encoding json a/one '{"a":1}'
    sctx pub --encoding mine a/two '{"a":2}'
    exits 0 sctx sub --from start --timeout 0 --json
    same "$(jq -c '.data // .text' "$T/out" | paste -sd' ')" '{"a":1} "{\"a\":2}"'
    exits 0 sctx sub --from start --timeout 0 --json --decoder 'a/two=json,a/*=hex' -v
    same "$(jq -c '.data // .text' "$T/out" | paste -sd' ')" '"{\"a\":1}" {"a":2}'
    has "$T/err" "topic 'a/two' is decoded by json (pinned, bundled)"
    exits 0 sctx sub --from start --timeout 0 --decoder 'a/one=hex'
    has "$T/out" "7b 22 61"
    exits 2 sctx sub --decoder 'a/one=nobody'
}

test_no_plugins_but_those_that_came_along() {
    sctx pub --encoding json t '{"a":1}'
    exits 0 sctx sub --from start --timeout 0 --json --plugins off
    same "$(jq -c .data "$T/out")" '{"a":1}'
    exits 0 sctx sub --from start --timeout 0 --json --plugin "$build/lib/sctx/decoders/json.so" --plugins inproc -v
    same "$(jq -c .data "$T/out")" '{"a":1}'
    has "$T/err" "decoded by json (exact, --plugin)"
}

# Each animal on a topic of its own, and one beside them that goes on.
test_the_zoo() {
    local animals=(segfault loop double_free exit abort_early kill_early deep close_all print fork huge_tree sleep connect leak other_abi) animal
    [ -e "$build/zoo/segfault.so" ] || return 0 # not built with sanitizers
    echo 'no plugin' >words.so
    head -c 5000 "$build/zoo/print.so" >cut.so
    for animal in "${animals[@]}"; do sctx pub --unchecked --encoding "$animal" "zoo/$animal" x; done
    sctx pub --encoding json good '{"a":1}'
    exits 0 sctx sub --from start --timeout 0 --json --plugin "$build/zoo:words.so:cut.so"
    same "$(wc -l <"$T/out")" $((${#animals[@]} + 1))
    same "$(jq -c 'select(.topic == "good").data' "$T/out")" '{"a":1}'
    for animal in "${animals[@]}"; do
        [ "$animal" = huge_tree ] || has "$T/err" "plugin $animal ("
    done
    has "$T/err" "words.so is not used: "
    has "$T/err" "cut.so is not used: "
    same "$(jq -c 'select(.topic == "zoo/exit").error' "$T/out")" '{"decoder":"exit","offset":null,"reason":"called exit(0)"}'
    same "$(jq -c 'select(.topic == "zoo/exit").text' "$T/out")" '"x"'
    pgrep -f sctx-plugin-worker && die "a worker is left"
    return 0
}

# What a plugin costs others: it loops, and what comes on another topic is shown in time.
test_a_plugin_that_loops_holds_nobody_up() {
    [ -e "$build/zoo/loop.so" ] || return 0
    in_background sub sctx sub --json -n 41 --plugin "$build/zoo/loop.so"
    until_true readers_are 1
    for _ in {1..20}; do
        sctx pub --unchecked --encoding loop bad x
        sctx pub --encoding json good '{"a":1}'
    done
    sctx pub --encoding json good '{"a":2}'
    ends 0 "$pid"
    same "$(jq -c 'select(.topic == "good").data.a' "$T/sub.out" | sort | uniq -c | tr -s ' ' | paste -sd,)" " 20 1, 1 2"
    has "$T/sub.err" "more than 100 ms of processor time on topic 'bad'; strike 1 of 3"
}

# JSON that the format cannot hold, although its bytes would pass for the format: any text that is long enough is a struct.
test_pub_json_that_cannot_be_held() {
    printf 'struct Pair { u32 a; u32 b; u8 rest[]; };' >pair.layout
    exits 1 sctx pub --encoding struct:Pair --schema pair.layout t '{"a":1,"b":"no number"}'
    has "$T/err" "struct cannot hold this"
    exits 0 sctx pub t '{"a":1,"b":2,"rest":[7,8]}'
    exits 0 sctx pub t 'no JSON, but eight bytes'
    exits 0 sctx pub --unchecked t '{"a":1,"b":"no number"}'
    exits 0 sctx sub --from start --timeout 0 --json
    same "$(jq -c '[.len, .data.a]' "$T/out" | paste -sd' ')" '[10,1] [24,1243639662] [23,576791163]'
}
