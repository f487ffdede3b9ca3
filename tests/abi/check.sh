#!/bin/bash
# check.sh LIBSCTX [HEADER]: the shared library exports exactly what the public header declares, all of it under the version node SCTX_0.1, has
# its soname, and needs neither libatomic (whose loads may write, and whose locks belong to one process) nor anything but the C library.
set -u
library=$1
header=${2:-$(dirname "$0")/../../core/include/sctx/sctx.h}
bad=0
wrong() { echo "WRONG $*" && bad=1; }

dynamic=$(readelf -dW "$library") || exit 1
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' <<<"$dynamic")
echo "needs: ${needed//$'\n'/ }; soname: $soname"
while read -r name; do
    case $name in
    libc.so.6 | libpthread.so.0 | ld-linux-*.so.* | '') ;;
    *) wrong "needs $name" ;;
    esac
done <<<"$needed"
[ "$soname" = libsctx.so.0 ] || wrong "soname: ${soname:-none}"
grep -q TEXTREL <<<"$dynamic" && wrong "has text relocations"

exported=$(nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }' | sort)
while read -r symbol; do
    [[ $symbol =~ ^sctx_[a-z0-9_]+@@SCTX_0\.1$ ]] || wrong "exports $symbol"
done <<<"$exported"

declared=$(sed -n 's/^SCTX_API .*[ *]\(sctx_[a-z0-9_]*\)(.*/\1/p' "$header" | sort -u)
while read -r line; do wrong "$line"; done < <(
    comm -3 <(sed 's/@@.*//' <<<"$exported" | sort -u) <(echo "$declared") |
        sed -e '/^$/d' -e 's/^\t\(.*\)/\1 is declared, but not exported/;t' -e 's/$/ is exported, but not declared/'
)
echo "$(wc -l <<<"$declared") functions declared, $(wc -l <<<"$exported") exported"
exit $bad
