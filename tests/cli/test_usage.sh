# Wrong and right calls, help, and output that cannot be written.

commands="create rm info doctor pub sub decode topics ps get set add watch markers record snapshot cat stat replay recover trace flow break cont expect react run diff export top plugin help"

test_help_of_each_command() {
    for command in $commands; do
        exits 0 sctx "$command" --help
        has "$T/out" "usage: sctx $command"
        has "$T/out" "--context"
        is_empty "$T/err"
        cp "$T/out" "$T/help"
        exits 0 sctx help "$command"
        cmp "$T/help" "$T/out"
    done
    same "$(ls "$SCTX_DIR")" ""
}

test_help_as_json() {
    exits 0 sctx help --json
    same "$(jq -r .command "$T/out" | tr '\n' ' ')" "$commands "
    jq -se 'any(.[]; .command == "sub" and any(.options[]; .name == "timeout" and .type == "duration"))' "$T/out"
}

test_version() {
    exits 0 sctx --version
    grep -qE '^sctx [0-9]+\.[0-9]+\.[0-9]+$' "$T/out"
}

test_no_command() {
    exits 2 sctx
    is_empty "$T/out"
    exits 0 sctx --help
    for command in $commands; do has "$T/out" "  $command "; done
}

test_misspelt_command_and_option() {
    exits 2 sctx sbu
    has "$T/err" "did you mean 'sub'?"
    exits 2 sctx pub --encodng json x y
    has "$T/err" "sctx pub: unknown option --encodng; did you mean --encoding?"
    exits 2 sctx sub --tiemout 1
    has "$T/err" "did you mean --timeout?"
    exits 2 sctx frobnicate
    lacks "$T/err" "did you mean"
}

test_wrong_values() {
    exits 2 sctx sub -n x
    has "$T/err" "a whole number"
    exits 2 sctx sub -n -3
    exits 2 sctx sub --timeout 5parsecs
    has "$T/err" "a duration such as"
    exits 2 sctx sub --timeout
    has "$T/err" "needs a value"
    exits 2 sctx create --arena 1MoB
    exits 2 sctx create --gating perhaps
    has "$T/err" "allow or off"
    exits 2 sctx create --mode tap
    has "$T/err" "--group"
    exits 2 sctx pub
    exits 2 sctx pub a b c
    exits 2 sctx pub a b --whole
    exits 2 sctx pub a b --rate 0
    exits 2 sctx pub a b --schema /dev/null
    exits 2 sctx sub --from yesterday
    exits 2 sctx sub --gated --tap
    exits 2 sctx sub --raw --json
    exits 2 sctx sub --json=yes
    exits 2 sctx info --color sometimes
    exits 2 sctx pub 'a//b' x
    exits 2 sctx pub 'a*' x
    exits 2 sctx sub 'a//b'
    exits 2 sctx -c 'no/path' pub a b
    exits 2 sctx create one -c two
}

test_options_anywhere() {
    exits 0 sctx -c one pub --encoding=text a b
    exits 0 sctx pub a b --context one
    exits 0 sctx pub -c one -- a -b
    exits 0 sctx sub --from start -n3 --raw -cone
    same "$(paste -sd, "$T/out")" "b,b,-b"
}

test_full_disk() {
    sctx pub a b
    for command in "info" "info --json" "topics" "ps" "markers" "help" "--help" "--version" "doctor" "sub --from start -n 1" "sub --json --tap --from start -n 1"; do
        local got=0
        # shellcheck disable=SC2086
        sctx $command >/dev/full 2>"$T/err" || got=$?
        same "$command $got" "$command 1"
        has "$T/err" "cannot write to standard output"
    done
}

test_closed_output() {
    sctx pub a b
    local got=0
    sctx info >&- 2>"$T/err" || got=$?
    same $got 1
    # What is printed must not end up in the context's files.
    got=0
    sctx sub --from start -n 1 >&- 2>"$T/err" || got=$?
    same $got 1
    exits 0 sctx sub --tap --from start -n 1 --raw
    same "$(cat "$T/out")" b
}

test_head_is_quiet() {
    yes | head -n 30000 | sctx pub many
    { sctx sub --tap --from start --raw 2>"$T/err"; echo $? >"$T/code"; } | head -n 1 >"$T/out"
    same "$(cat "$T/code")" 0
    same "$(cat "$T/out")" y
    is_empty "$T/err"
}

test_reader_of_idle_output_goes() {
    sctx pub a b
    { sctx sub --from start --raw 2>"$T/err"; echo $? >"$T/code"; } | head -n 1 >"$T/out"
    same "$(cat "$T/code")" 0
}

test_colors() {
    sctx pub a b
    exits 0 sctx sub --tap --from start -n 1
    lacks "$T/out" $'\033'
    exits 0 sctx sub --tap --from start -n 1 --color always
    has "$T/out" $'\033[36ma'
    exits 0 env NO_COLOR=1 "$sctx_bin" sub --tap --from start -n 1
    lacks "$T/out" $'\033'
}

test_two_contexts() {
    sctx -c one pub a first
    SCTX_CONTEXT=two sctx pub a second
    exits 0 sctx -c one sub --from start -n 1 --raw
    same "$(cat "$T/out")" first
    exits 0 env SCTX_CONTEXT=two "$sctx_bin" sub --from start -n 1 --raw
    same "$(cat "$T/out")" second
    exits 1 sctx info
    has "$T/err" "default"
}

test_empty_names() {
    exits 0 sctx create
    exits 2 sctx rm ''
    has "$T/err" "'' names no context"
    exits 2 sctx create ''
    for command in info topics ps markers "pub a b" "sub --timeout 0" "get x" "set x 1" "add x 1" "watch --timeout 0" create rm; do
        # shellcheck disable=SC2086
        exits 2 sctx -c '' $command
        has "$T/err" "-c '' names no context"
    done
    exits 2 sctx pub --as '' a b
    has "$T/err" "--as ''"
    exits 2 sctx create other --group ''
    exits 2 sctx get ''
    exits 0 sctx info
    exits 0 env SCTX_CONTEXT= "$sctx_bin" rm
}

test_patterns_that_match_nothing() {
    for command in "sub --timeout 10ms" topics markers "watch --timeout 10ms"; do
        for pattern in '' 'a*' 'a/***' '*a/b' 'a//b' '/a' 'a/' $'a\033' "$(printf 'x%.0s' {1..256})"; do
            # shellcheck disable=SC2086
            exits 2 sctx $command good "$pattern"
            has "$T/err" "' is no pattern: "
            lacks "$T/err" "'good'"
        done
    done
    exits 2 sctx sub fine 'a*'
    has "$T/err" "'a*' is no pattern: '*' stands for a whole level"
    same "$(ls "$SCTX_DIR")" ""
    sctx pub a/b/c x
    for pattern in '*/b/*' '**' '**/c' 'a/**' 'a/**/c' '*/**'; do exits 0 sctx sub --from start -n 1 --timeout 5 "$pattern"; done
}

test_limits_of_names() {
    local at_most
    at_most=$(printf 'm%.0s' {1..248})
    exits 2 sctx set "${at_most}m" 1
    has "$T/err" "it has 249 bytes, and 248 are the most"
    exits 2 sctx set m 1 --unit $'\033[31m'
    has "$T/err" "is no unit: it has a control character"
    exits 2 sctx set m 1 --unit 1234567890123456
    has "$T/err" "'1234567890123456' is no unit: it has 16 bytes, and 15 are the most"
    exits 2 sctx add m 1 --unit $'\377'
    has "$T/err" "is no unit: it is not UTF-8"
    exits 2 sctx pub -e $'\377' t x
    has "$T/err" "is no name for an encoding: it is not UTF-8"
    exits 2 sctx pub -e "$(printf 'e%.0s' {1..65})" t x
    has "$T/err" "it has 65 bytes, and 64 are the most"
    exits 2 sctx pub "$(printf 't%.0s' {1..256})" x
    has "$T/err" "it has 256 bytes, and 255 are the most"
    exits 2 sctx pub 't//u' x
    has "$T/err" "'t//u' is no name for a topic: a level of it is empty"
    # Nothing was joined for it.
    same "$(ls "$SCTX_DIR")" ""
    exits 0 sctx set "$at_most" 1 --unit 123456789012345 --high 5 --announce
    exits 0 sctx set "$at_most" 6
    exits 0 sctx pub -e '' "$(printf 't%.0s' {1..255})" x
}

test_words_with_a_dash() {
    exits 2 sctx pub a -x
    has "$T/err" "unknown option -x; what begins with '-' and is no option goes behind --"
    exits 2 sctx pub a --xyzzy
    has "$T/err" "goes behind --"
    exits 2 sctx --xyzzy
    lacks "$T/err" "goes behind --"
    exits 0 sctx pub a -- -x
    for number in -5 -.5 -inf -nan -INFINITY; do exits 0 sctx set t "$number"; done
    exits 0 sctx get t
    same "$(cat "$T/out")" -inf
    exits 0 sctx add t -inf
    exits 2 sctx set t -information
}

test_numbers_that_are_too_large() {
    exits 2 sctx pub -n 99999999999999999999 a b
    has "$T/err" "not '99999999999999999999', which is too large"
    exits 2 sctx sub --from 18446744073709551616
    has "$T/err" "which is too large"
    exits 2 sctx set c 18446744073709551616 --kind counter
    has "$T/err" "too large"
    exits 2 sctx set c -9223372036854775809 --kind i64
    has "$T/err" "too large"
    exits 2 sctx pub -n 12x a b
    lacks "$T/err" "too large"
    exits 2 sctx pub -n -1 a b
    lacks "$T/err" "too large"
}

test_run_install_wants_a_folder() {
    local run=$here/../../run
    [ -x "$run" ] || return 0
    for wrong in "--prefix=" "--prefix" "--perfix=x"; do
        exits 1 "$run" install $wrong
        same "$(wc -l <"$T/err")" 1
        is_empty "$T/out"
    done
    exits 1 "$run" install --prefix ''
    has "$T/err" "run: install: --prefix needs a folder"
}

# What scripts rely on: each command's exit for what is not there, and its keys.
test_contract() {
    for command in info topics ps markers "get m"; do
        # shellcheck disable=SC2086
        exits 1 sctx -c none --json $command
        has "$T/err" "none"
        is_empty "$T/out"
    done
    exits 1 sctx rm none --json
    exits 0 sctx create new --json
    keys "$T/out" "$(sctx -c new info --json | jq -r 'keys_unsorted | join(" ")')"
    exits 0 sctx rm new --json
    keys "$T/out" "removed participants"
    jq -e '.removed == "new" and .participants == 0' "$T/out"
    exits 0 sctx pub --json t hello
    keys "$T/out" "seq topic len"
    for command in "set m 1" "add m 1" "get m" markers; do
        # shellcheck disable=SC2086
        exits 0 sctx $command --json
        keys "$T/out" "marker kind value unit low high time"
    done
    exits 0 sctx get m
    same "$(cat "$T/out")" 2
    exits 0 sctx doctor --json
    keys "$T/out" "check status detail mend"
    exits 0 sctx help pub --json
    keys "$T/out" "command operands summary notes options globals"
    for command in info ps doctor create rm "get m" "set m 1" "add m 1" "pub t x"; do
        # shellcheck disable=SC2086
        exits 2 sctx $command much too many
        has "$T/err" "is too much"
    done
    for command in pub get set add "set m" "add m"; do
        # shellcheck disable=SC2086
        exits 2 sctx $command
        has "$T/err" "something is missing"
    done
}
