#!/bin/sh
# The till of the shop: writes a bill for what is ready. It is a filter that `sctx react` runs for each such message, see shop.sh: the message
# on standard input, the answer on standard output. What others wrote is never handed to the shell as code: only digits are used.
#
# As it stands it asks for the price anew each time, and that takes. With --mended it knows it.
price=250
order=$(sed -n 's/^{"order": *\([0-9][0-9]*\)}$/\1/p')
[ -n "$order" ] || exit 1
[ "${1:-}" = --mended ] || sleep 0.15
printf '{"order":%s,"price":%s}\n' "$order" "$price"
