# Bytes of others never reach a terminal as they are, in whatever output.

# Every byte, every C0 and C1 control, and every format character as UTF-8.
nasty() {
    local i
    for i in {1..255}; do printf "\\x$(printf %02x "$i")"; done | tr -d '\n'
    hidden
}
hidden() {
    local code
    for code in 7F {80,81,85,8D,90,9B,9C,9D,9E,9F} AD 600 605 61C 6DD 70F 180E 200B 200C 200D 200E 200F 2028 2029 202A 202B 202C 202D 202E 2060 2061 2064 \
        2066 2067 2068 2069 206F FEFF FFF9 FFFA FFFB 110BD 1BCA0 1D173 1D17A E0001 E0020 E0041 E007F; do
        printf "\\U$(printf %08X 0x$code)"
    done
}

test_payloads() {
    nasty >nasty
    hidden >hidden
    sctx pub --whole bytes <nasty
    sctx pub --whole text <hidden
    { printf '{"k'; hidden | tr -d '\177'; printf '":"\177'; hidden; printf '"}'; } >json
    sctx pub --whole --encoding json json <json
    for options in "" "--json" "--json --no-decode" "--tap"; do
        # shellcheck disable=SC2086
        exits 0 sctx sub --from start -n 3 $options
        is_inert "$T/out"
        same "$(wc -l <"$T/out")" 3
    done
    exits 0 sctx sub --from start -n 1 text
    has "$T/out" '\u{202E}'
    has "$T/out" '\xC2\x9B'
    has "$T/out" '\u{E0041}'
    exits 0 sctx sub --from start -n 1 --json text
    has "$T/out" '\u202e'
    has "$T/out" '\udb40\udc41'
    jq -j .text "$T/out" | cmp - hidden
    exits 0 sctx sub --from start -n 1 --json json
    jq -ce .data "$T/out" >"$T/value"
    jq -ce . json | cmp - "$T/value"
    exits 0 sctx sub --from start -n 1 --json bytes
    jq -r .base64 "$T/out" | base64 -d | cmp - nasty
}

test_each_byte_alone() {
    local i
    for i in {0..9} {11..255}; do printf "<\\x$(printf %02x "$i")>\n"; done >bytes
    sctx pub t <bytes
    printf '<\n>' | sctx pub --whole t
    exits 0 sctx sub --from start -n 256
    is_inert "$T/out"
    same "$(wc -l <"$T/out")" 256
    # 33 controls of ASCII and 128 bytes that are no UTF-8 by themselves.
    same "$(sed -n 's/.*<\(.*\)>$/\1/p' "$T/out" | grep -c '^\\x[0-9A-F][0-9A-F]$')" 161
    exits 0 sctx sub --from start -n 256 --json
    is_inert "$T/out"
    # The last bytes of what JSON carries, as text or base64, are what was sent.
    jq -r 'if has("text") then .text | @base64 else .base64 end' "$T/out" | base64 -di >"$T/back"
    { tr -d '\n' <bytes; printf '<\n>'; } | cmp - "$T/back"
}

test_names() {
    local name=$'a\u202eb\u200bc\u00ad'
    sctx pub --as "$name" "topic/$name" x
    sctx set "marker/$name" 5
    sctx pub -e "$name" encoded x || true
    for command in "sub --from start -n 1" "sub --json --from start -n 1" topics "topics --json" ps "ps --json" markers "markers --json"; do
        # shellcheck disable=SC2086
        exits 0 sctx $command
        is_inert "$T/out"
        [ -s "$T/out" ]
    done
    in_background watch sctx watch -n 1 --timeout 10
    sleep 0.3
    sctx set "marker/$name" 6
    ends 0 "$pid"
    is_inert "$T/watch.out"
    has "$T/watch.out" '\u{202E}'
}

test_errors() {
    local name
    name=$'x\033[31m\u202e\u009b\u200b\xff'
    exits 2 sctx "$name"
    is_inert "$T/err"
    exits 2 sctx sub "--$name"
    is_inert "$T/err"
    exits 2 sctx sub -n "$name"
    is_inert "$T/err"
    exits 2 sctx sub $'-\033'
    is_inert "$T/err"
    exits 2 sctx pub "$name" x
    is_inert "$T/err"
    has "$T/err" '\x1B[31m'
    exits 2 sctx -c "$name" pub x x
    is_inert "$T/err"
    exits 2 sctx pub --as "$name" x x
    is_inert "$T/err"
    sctx pub x x
    exits 1 sctx get "$name"
    is_inert "$T/err"
    exits 1 sctx pub x x -e json --schema "$name"
    is_inert "$T/err"
    exits 2 sctx set "$name" 1
    is_inert "$T/err"
    exits 2 sctx sub -v --timeout 10ms "$name"
    is_inert "$T/err"
    exits 2 sctx help "$name"
    is_inert "$T/err"
}

test_doctor_and_foreign_names() {
    mkdir "$SCTX_DIR/"$'evil\033[31m\xff' "$SCTX_DIR/"$'.sctx-new.\u202e.1'
    touch -d '1 hour ago' "$SCTX_DIR/"$'.sctx-new.\u202e.1'
    sctx doctor >"$T/out" 2>"$T/err" || true
    is_inert "$T/out"
    has "$T/out" 'evil\x1B[31m\xFF'
    has "$T/out" 'leftover'
    sctx doctor --json >"$T/out" || true
    is_inert "$T/out"
    jq -e . "$T/out" >"$T/value"
}
