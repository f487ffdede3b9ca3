#!/bin/bash
# format.sh [--fix] [FILE...]: are the C files laid out as .clang-format says? --fix: lay out those that are not.
#
# Two things may be laid out by hand, for tables to be readable: the space before a comment that ends a line, and macros.
set -u
cd "$(dirname "$0")/.." || exit 1
format=clang-format-14
command -v $format >/dev/null || { echo "format.sh: $format is not installed" >&2 && exit 1; }
fix=0
[ "${1:-}" = --fix ] && fix=1 && shift
files=("$@")
[ $# -gt 0 ] || mapfile -t files < <(find core cli bench examples tests plugins recorder inspect tui -name '*.[ch]' | sort)

loosely() {
    sed -E -e ':a' -e '/^#define.*\\$/{N;s/[ \t]*\\\n[ \t]*/ /;ba' -e '}' -e '/^#define/s/[ \t]//g' -e 's,[ \t]*/\*,/*,' -e 's,^[ \t]*\*,*,' -e 's,[ \t]*//,//,'
}

bad=0
for file in "${files[@]}"; do
    wanted=$($format --style=file "$file") || exit 1
    difference=$(diff -u --label "$file" --label "$file as it should be" <(loosely <"$file") <(loosely <<<"$wanted")) && continue
    if [ $fix -eq 1 ]; then
        $format --style=file -i "$file" && echo "$file: laid out anew"
    else
        bad=$((bad + 1))
        head -n 30 <<<"$difference"
    fi
done
[ $bad -eq 0 ] || echo "format: $bad of ${#files[@]} files are laid out differently; cmake/format.sh --fix lays them out anew"
[ $bad -eq 0 ] && echo "format: ${#files[@]} files, all as they should be"
[ $bad -eq 0 ]
