#!/usr/bin/env bash
# screens.sh BUILD_DIR [--update]: what sctx-top shows of a recorded session after some keys, compared with tests/tui/golden/. --update writes it anew: to be
# looked at in the diff.
set -u
build=${1:?screens.sh BUILD_DIR [--update]}
here=$(cd -- "$(dirname -- "$0")" && pwd)
update=${2:-}
top=$build/bin/sctx-top
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
export TZ=UTC LC_ALL=C.UTF-8
unset SCTX_CONTEXT NO_COLOR
passed=0 failed=0

# screen NAME SIZE KEYS [OPTION...]
screen() {
    local name=$1-$2 golden=$here/golden/$1-$2.txt
    if ! (cd "$here" && timeout 60 "$top" --screen "$2" --keys "$3" "${@:4}" session.mcap) >"$out/$name" 2>"$out/err"; then
        printf 'FAILED %s: %s\n' "$name" "$(cat "$out/err")"
        failed=$((failed + 1))
        return
    fi
    [ "$update" = --update ] && mkdir -p "$here/golden" && cp "$out/$name" "$golden"
    if diff -u "$golden" "$out/$name"; then
        passed=$((passed + 1))
    else
        printf 'FAILED %s\n' "$name"
        failed=$((failed + 1))
    fi
}

for size in 80x24 200x50 20x5; do
    screen topics $size '1'
    screen participants $size '2'
    screen messages $size '3'
    screen detail $size '3 / espresso Enter Enter Down Down'
    screen flow $size '4'
    screen markers $size '5'
    screen file $size '6'
    screen help $size '3 ?'
done
screen sorted 100x24 '1 Left'                         # by name
screen turned 100x24 '1 Left i'                       # the other way round
screen alert 100x24 '! Enter'                         # from the topics to an alert ...
screen cause 100x24 '! Enter c'                       # ... and to what caused it
screen effects 100x24 '! Enter c e'                   # and to what that one caused
screen back 100x24 '! Enter c e Esc Esc'
screen hostile 100x24 '3 / note/text Enter Enter'     # control and bidi characters, no UTF-8, wide and combining ones
screen bytes 100x24 '3 / note/bytes Enter Enter'
screen malformed 100x24 '3 / malformed Enter Enter'
screen lit 100x24 '3 / espresso Enter Enter Down Down Down'
screen filter 100x24 'F4 data.price Space > Space 15 Enter'
screen wrong-filter 100x24 'F4 data.price Space > Enter'
screen participant 100x24 '2 Enter'
screen answer 100x24 '4 Enter'
screen marker 100x24 '5 Enter'
screen seek 100x24 '3 [ [ [ [ [ [ [ [ [ [ [ ['
screen step 100x24 '3 , , , . '
screen first 100x24 '3 Home'
screen nothing 100x24 '/ nowhere Enter'
screen ascii 100x24 '1' --ascii
screen plain-option 100x24 '3' --filter 'from == "oven"'
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
