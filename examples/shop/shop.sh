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

# shellcheck source=../sessions.sh
. "$here/../sessions.sh"
trap sessions_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

has_joined() { sctx ps --json | grep -q "\"name\": *\"$1\".*\"alive\": *true.*\"roles\": *\[[^]]*\"reader\""; }

session_start kitchen "${mended[@]}"
session_start sctx react --as till --topic shop/bill --encoding json 'topic == "shop/ready/kitchen"' -- "$here/till.sh" "${mended[@]}"
session_start "$here/board.sh" "${mended[@]}"
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
