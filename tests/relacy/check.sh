#!/bin/bash
# check.sh BUILD_DIR: every scenario under relacy, on the source as it is, each processor another half of them. $SCTX_SOAK_MINUTES: for about so many
# minutes, each time with other choices.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$1/relacy
minutes=${SCTX_SOAK_MINUTES:-}
if [ ! -e /usr/include/relacy/relacy.hpp ]; then
    echo 'relacy is not installed (Debian: relacy-dev)'
    exit 77
fi
rm -f "$out/checker.o"
"$here/build.sh" "$here/../../core/src" "$out" || exit 1
began=$SECONDS first=0 executions=100000 total=0
while :; do
    "$out/relacy_ring" --list | xargs -P 2 -I{} "$out/relacy_ring" {} "$executions" "$first" || exit 1
    first=$((first + executions))
    total=$((total + executions * $("$out/relacy_ring" --list | wc -l)))
    [ -n "$minutes" ] && [ $((SECONDS - began)) -lt "$(awk -v m="$minutes" 'BEGIN { print int(m * 60) }')" ] || break
done
echo "relacy: $total executions, nothing found"
