#!/usr/bin/env bash
# A small system of four programs that interact, with three bugs in it. docs/debugging.md finds them.
#
#   customers  (C)      order on shop/order, wait for shop/bill
#   kitchen    (C)      answers shop/order with shop/ready/kitchen
#   till.sh    (shell)  answers shop/ready/kitchen with shop/bill, by `sctx react`
#   board.sh   (shell)  shows what is ready, and tells on shop/ready/board, by `sctx sub` and `sctx pub`
set -u

usage() {
    cat <<'END'
Usage: shop.sh [--mended] [--orders FILE]

Opens the shop in the context of $SCTX_CONTEXT, lets customers come, prints what they say, and closes. Exit: 0 all of them got a bill.

  --mended        without the bugs
  --orders FILE   no customers: the orders of this recording are published again, and nobody waits for a bill
  --help          this text
END
}

here=$(cd -- "$(dirname -- "$0")" && pwd) || exit 1
mended=() orders=
while (($#)); do
    case $1 in
    --mended) mended=(--mended) ;;
    --orders)
        orders=${2:?"shop.sh: --orders needs a file"}
        shift
        ;;
    --help | -h) usage && exit 0 ;;
    *) echo "shop.sh: unknown option '$1'; try --help" >&2 && exit 2 ;;
    esac
    shift
done
if ! command -v sctx >/dev/null || ! command -v kitchen >/dev/null; then
    bin=$here/../../build/bin
    [[ -x $bin/examples/kitchen ]] || { echo "shop.sh: nothing built in ${bin%/bin}: first do ./run build" >&2 && exit 1; }
    export PATH="$bin:$bin/examples:$PATH"
fi

pids=()
start() { # in a session of its own, so that all it starts can be ended with it
    setsid "$@" </dev/null &
    pids+=("$!")
}
# shellcheck disable=SC2317,SC2329 # by close_shop
groups_signal() { # SIGNAL
    local pid
    for pid in "${pids[@]}"; do kill "-$1" -- "-$pid" 2>/dev/null; done
}
# shellcheck disable=SC2317,SC2329 # by close_shop
groups_alive() { # does one of them run? A zombie does not: whose parent is gone, that one stays for as long as the first process likes
    local stat line state group
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        read -r state _ group _ <<<"${line##*) }"
        [[ $state != Z && " ${pids[*]} " == *" $group "* ]] && return 0
    done
    return 1
}
# shellcheck disable=SC2317,SC2329 # called by the trap
close_shop() {
    local tries
    groups_signal TERM
    for ((tries = 0; tries < 60; tries++)); do
        groups_alive || break
        sleep 0.05
    done
    groups_signal KILL
    wait
}
trap close_shop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

has_joined() { sctx ps --json | grep -q "\"name\": *\"$1\".*\"alive\": *true.*\"roles\": *\[[^]]*\"reader\""; }

start kitchen "${mended[@]}"
start sctx react --as till --topic shop/bill --encoding json 'topic == "shop/ready/kitchen"' -- "$here/till.sh" "${mended[@]}"
start "$here/board.sh" "${mended[@]}"
for ((tries = 0; ; tries++)); do
    has_joined kitchen && has_joined till && has_joined board && break
    ((tries < 100)) || { echo "shop.sh: kitchen, till and board did not join within 5 seconds" >&2 && exit 1; }
    sleep 0.05
done

if [[ -z $orders ]]; then
    customers
    served=$?
    sleep 0.3 # the board shows the last ones
    exit $served
else
    sctx replay --no-markers "$orders" shop/order || exit
    for ((tries = 0; tries < 10; tries++)); do # until for a second nothing is said
        sctx expect --none --within 1s --quiet 'topic ~ "shop/**"' && exit 0
    done
fi
