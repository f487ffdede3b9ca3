#!/bin/bash
# check.sh [ROOT]: who includes what, held against the rule. check.sh --self-test: planted violations are found.
#
# A folder is a layer. It may include its own headers, the public ones of the layers named for it below, the C library's, and those of the
# libraries named for it. CMake's private include paths enforce the same thing where a folder is built; this also sees what is reached by ../
# or by a header that lies about.
set -u

# LAYER (the longest that fits a file's path counts): where its includes may lie. tests/ may include anything.
layers='
core                core/include core/src
plugins/shared      plugins/include plugins/shared
plugins/host        plugins/include plugins/shared plugins/host
plugins/worker      plugins/include plugins/shared plugins/host plugins/worker
plugins/check       plugins/include plugins/shared plugins/host plugins/worker plugins/check
plugins/decoders    plugins/include plugins/shared
plugins/template    plugins/include
plugins/include     plugins/include
recorder/mcap       recorder/mcap
recorder            recorder core/include inspect recorder/mcap plugins/include
inspect             inspect core/include plugins/include plugins/shared plugins/host recorder/mcap
tui                 tui core/include plugins/include plugins/shared plugins/host inspect recorder
cli                 cli core/include plugins/include plugins/shared plugins/host plugins/check inspect recorder
bench               bench core/include
examples            examples core/include
bindings            bindings core/include
'
# LIBRARY (the beginning of what stands in <...>): the folders that may use it, besides tests/. "tui/view/screen." is one file.
libraries='
cjson/              cli tui recorder inspect bench examples plugins/host plugins/decoders
cJSON               cli tui recorder inspect bench examples plugins/host plugins/decoders
ncurses             tui/view/screen.
curses              tui/view/screen.
lz4                 recorder/mcap
zstd                recorder/mcap
zlib                recorder/mcap
mpack               plugins/decoders
cbor                plugins/decoders
protobuf-c          plugins/decoders
boost/              bench
criterion/          nobody
'
# These hold code that does not include its neighbours: a decoder stands for itself, and so does each file of it.
alone='plugins/decoders plugins/template'

violations() { # violations ROOT: one line each
    local root=$1 file line path target layer allowed folder key users found dir ok quote
    local directive='^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^">]+)[">]'
    cd "$root" || exit 1
    # What headers there are, by the end of their path.
    mapfile -t headers < <(find core plugins recorder inspect tui cli bench examples bindings -name '*.h' 2>/dev/null)
    while IFS=: read -r file _ line; do
        [[ $line =~ $directive ]] || continue
        quote=${BASH_REMATCH[1]} path=${BASH_REMATCH[2]} dir=${file%/*} layer='' allowed=''
        while read -r folder found; do
            [[ -n $folder && $file == "$folder"/* && ${#folder} -gt ${#layer} ]] && layer=$folder allowed=$found
        done <<<"$layers"
        [ -n "$layer" ] || { echo "$file: lies in no layer" && continue; }
        for folder in $alone; do
            [[ $layer == "$folder" ]] && allowed="$allowed $dir"
        done

        # Where does it lead? Beside the file first; then any header of ours whose path ends like that.
        target=$dir/$path
        [[ $path == *..* || $path == *./* ]] && target=$(realpath -m --relative-to=. "$target")
        if [[ $quote != '"' || ! -e $target ]]; then
            target=''
            for found in "${headers[@]}"; do
                [[ $found == */"$path" ]] || continue
                target="$target $found"
            done
        fi
        if [ -z "$target" ]; then # not ours
            while read -r key users; do
                [[ -n $key && $path == "$key"* ]] || continue
                ok=0
                for folder in $users; do [[ $file == "$folder"/* || $file == "$folder"* && $folder == *. ]] && ok=1; done
                [ $ok -eq 1 ] || echo "$file: <$path> is for $users only"
            done <<<"$libraries"
            [[ $quote == '"' ]] && echo "$file: \"$path\" leads nowhere"
            continue
        fi
        ok=0
        for found in $target; do
            for folder in $allowed; do
                # core/include and the like are public as a whole; a folder under another layer's name is that layer.
                [[ $found == "$folder"/* ]] && ok=1
            done
        done
        [ $ok -eq 1 ] || echo "$file: \"$path\" leads to ${target# }, but $layer may include ${allowed// /, } only"
    done < <(grep -rnE --include='*.[ch]' --include='*.cpp' '^[[:space:]]*#[[:space:]]*include' core plugins recorder inspect tui cli bench examples bindings 2>/dev/null)
}

self_test() {
    local bad=0 tree file line
    tree=$(mktemp -d) || exit 1
    trap 'rm -rf "$tree"' EXIT
    mkdir -p "$tree"/{core/{include/sctx,src},cli,tui/view,inspect,recorder/mcap,plugins/{include/sctx,host,decoders/json},bench,examples}
    touch "$tree"/core/{include/sctx/sctx.h,src/ring.h} "$tree"/{cli/out.h,tui/view/screen.h,inspect/filter.h,recorder/mcap/mcap.h} \
        "$tree"/plugins/{include/sctx/plugin.h,host/host.h,decoders/json/scan.h}
    plant() { # plant EXPECTED FILE INCLUDE
        printf '#include <stdint.h>\n#include %s\n' "$3" >"$tree/$2"
        line=$(violations "$tree")
        case "$1/${line:+found}" in
        wrong/found | right/) echo "ok    $1: $2 with $3" ;;
        *) echo "WRONG not $1: $2 with $3: $line" && bad=1 ;;
        esac
        rm "$tree/$2"
    }
    plant right core/src/ring.c '"ring.h"'
    plant right core/src/ring.c '<sctx/sctx.h>'
    plant right cli/pub.c '"out.h"'
    plant right cli/pub.c '<sctx/sctx.h>'
    plant right cli/pub.c '<cjson/cJSON.h>'
    plant right inspect/source.c '"mcap/mcap.h"'
    plant right plugins/decoders/json/json.c '"scan.h"'
    plant right plugins/decoders/json/json.c '<sctx/plugin.h>'
    plant right tui/view/screen.c '<ncurses.h>'
    plant wrong cli/pub.c '"ring.h"'
    plant wrong cli/pub.c '"../core/src/ring.h"'
    plant wrong cli/pub.c '"view/screen.h"'
    plant wrong cli/pub.c '"missing.h"'
    plant wrong tui/main.c '"../cli/out.h"'
    plant wrong tui/main.c '<ncurses.h>'
    plant wrong core/src/ring.c '"filter.h"'
    plant wrong core/src/ring.c '  "../../cli/out.h"'
    plant wrong core/src/ring.c '<cjson/cJSON.h>'
    plant wrong core/src/ring.c '<criterion/criterion.h>'
    plant wrong bench/main.c '"core/src/ring.h"'
    plant wrong examples/hello.c '<ring.h>'
    plant wrong plugins/decoders/json/json.c '<sctx/sctx.h>'
    plant wrong recorder/mcap/mcap.c '<sctx/sctx.h>'
    plant wrong recorder/mcap/mcap.c '"../../inspect/filter.h"'
    plant wrong inspect/source.c '<lz4.h>'
    exit $bad
}

if [ "${1:-}" = --self-test ]; then
    self_test
fi
root=${1:-$(dirname "$0")/../..}
found=$(violations "$root")
[ -z "$found" ] && echo "layering: nothing crosses" && exit
echo "$found"
exit 1
