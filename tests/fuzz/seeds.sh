#!/bin/bash
# seeds.sh: writes corpus/ring: inputs that reach what chance would take long to. `cmd OP A B C D` is a struct command (command.h).
set -u
cd "$(dirname "$(readlink -f "$0")")" || exit 1
mkdir -p corpus/ring regressions/ring

# Names in the order of their enums.
number=0
for op in patch fix cut arm open reader read peek wait seek fd topics participants names markers info register writer publish batch reserve commit \
    marker level close remove; do declare -r "op_$op=$((number++))"; done
number=0
for area in header hot clock cells participants readers arenas topics markers heap intent0 intent1 intent2 data0 data1 data2; do
    declare -r "area_$area=$((number++))"
done

bytes() { # bytes COUNT VALUE: little-endian
    local value=$2 i
    for ((i = 0; i < $1; i++, value >>= 8)); do printf '%b' "\\x$(printf %02x $((value & 255)))"; done
}
cmd() {
    local op=op_$1
    bytes 1 ${!op} && bytes 1 "${2:-0}" && bytes 2 "${3:-0}" && bytes 4 "${4:-0}" && bytes 8 "${5:-0}"
}
patch() { # patch AREA OFFSET VALUE [C]
    local area=area_$1
    cmd patch ${!area} "$2" "${4:-0}" "$3"
}
extent() { # extent SECTION OFF COUNT: in the header, with a check that fits
    patch header $((104 + $1 * 24)) "$2" && patch header $((112 + $1 * 24)) "$3" && cmd fix 1
}
look() { # everything that can be asked: look 0 (a tap), look 1 (a participant)
    cmd read $(($1 * 4)) 100
    for ask in topics participants markers info; do cmd $ask "$1"; done
    cmd names "$1" 0 0 1
}
repeat() { echo $(($1 << 24 | ${2:-0} << 8)); } # for patch's C: 1 << $1 entries, $2 more from one to the next
many() { for ((i = 0; i < $1; i++)); do "${@:2}"; done; }
file_bytes=68231168

corpus() { cat >"corpus/ring/$1"; }
regression() { cat >"regressions/ring/$1"; }

{ look 0 && cmd peek 1 100 && cmd reader 2 $((4 | 1 << 4)) && cmd read 2 50 && cmd wait 2 0; } | corpus tap
{ look 1 && cmd writer && cmd publish 0 0 100 && cmd publish 0 1 20000 && cmd batch 0 1 50 && cmd reserve 0 1 64 && cmd read 4 10; } | corpus joined
{ cmd reader 4 5 && many 28 cmd batch 0 0 3000 && cmd read 4 100; } | corpus gated
{ cmd register 1 1 && cmd register 1 74 0 9 && cmd marker 15 && cmd marker 127 0 0 5 && cmd level 1 0 0 99 && cmd read 0 50 && cmd level 0; } |
    corpus register
{ cmd fd 0 && cmd fd 4 && cmd publish 0 0 10 && cmd close 0; } | corpus fd
{ cmd open 0 && cmd open 1 && cmd remove && look 1 && cmd publish 0 0 9; } | corpus remove
{ cmd reader 0 4 && cmd cut 0 0 4096 && look 0; } | corpus cut
{ cmd read 0 2 && cmd cut 1 0 5000 && cmd cut 3 0 9000 && cmd read 0 80; } | corpus cut-arena
{ cmd open 0 && patch cells 0 1000 "$(repeat 6 1)" && cmd read 0 100 && cmd publish 0 0 10; } | corpus cells
{ patch participants 0 7 "$(repeat 4 1)" && look 0; } | corpus participants
{ patch arenas 0 1 "$(repeat 10)" && cmd writer && cmd publish 0 0 9; } | corpus arenas
{ patch readers 0 40 "$(repeat 4)" && patch hot 268 16 16 && many 25 cmd batch; } | corpus gates

{ cmd fd 0 && cmd cut; } | regression sigbus-in-helper
{ extent 3 $((file_bytes - 192)) 1 && look 0 && cmd open 1; } | regression participants-beyond-file
{ extent 4 $((file_bytes - 64)) 1 && look 0 && cmd reader 4; } | regression readers-beyond-file
{ extent 5 $((file_bytes - 64)) 1 && look 0 && cmd writer; } | regression arenas-beyond-file
{ extent 0 4160 1 && look 0; } | regression hot-lines-misaligned
large=$(((1 << 20) + 1024 << 32))
{ patch heap 24 $((1 << 20)) && patch topics 0 $((large | 1)) "$(repeat 16)" && cmd fix 4 && cmd topics 0; } | regression topics-share-a-block
{ patch heap 280 $(((1 << 20) << 32 | 1)) && patch markers 0 $((large | 9)) "$(repeat 12)" && cmd fix 4 && cmd markers 0; } |
    regression markers-share-a-block
{ patch topics 0 1 $(($(repeat 16) | 6)) && cmd topics 0; } | regression topics-same-name
