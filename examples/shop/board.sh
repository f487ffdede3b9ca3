#!/bin/sh
# The board of the shop: shows the number that is ready, and tells on shop/ready/board that it does.
#
# As it stands it listens to all of shop/ready/..., and so to itself. With --mended it listens to the kitchen.
pattern='shop/ready/*'
[ "${1:-}" = --mended ] && pattern=shop/ready/kitchen

sctx sub --as board --json "$pattern" | while IFS= read -r line; do
    seq=$(printf '%s\n' "$line" | sed -n 's/^{"seq": *\([0-9][0-9]*\),.*/\1/p')
    order=$(printf '%s\n' "$line" | sed -n 's/.*"data": *{"order": *\([0-9][0-9]*\).*/\1/p')
    [ -n "$order" ] || continue
    sctx pub --as board --encoding json --cause "$seq" shop/ready/board "{\"order\":$order}" || exit 1
done
