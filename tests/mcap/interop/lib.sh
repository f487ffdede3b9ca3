# What the tests with the reader and writer of MCAP's authors have in common. $here: this folder; $cache, $work: to write to.
die() { printf 'interop: %s\n' "$*" >&2 && exit 1; }
command -v node >/dev/null || die 'node is not installed (Debian: nodejs)'
command -v npm >/dev/null || die 'npm is not installed (Debian: npm)'

fetch() {
    cp "$here"/package.json "$here"/package-lock.json "$here"/*.mjs "$cache" && cd "$cache" || die "cannot write to $cache"
    cmp -s package-lock.json installed && return
    if ! npm ci --no-audit --no-fund --ignore-scripts --cache "$cache/npm" >npm.log 2>&1; then
        if ! npm ping --cache "$cache/npm" >>npm.log 2>&1; then
            echo "skipped, npm can reach no registry ($(npm config get registry)); $cache/npm.log says more"
            exit 77
        fi
        tail -n 20 npm.log
        die 'npm ci failed, though the registry answers'
    fi
    cp package-lock.json installed
}
# One test at a time.
install() {
    mkdir -p "$cache" || die "cannot write to $cache"
    (flock 9 && fetch) 9>"$cache/lock" || exit
    cd "$cache" || exit 1
}

same() { # same WHAT FILE FILE
    if cmp -s "$2" "$3"; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "not the same: $1"
    diff "$2" "$3" | cut -c 1-160 | head -n 6
}
must() { # must WHAT COMMAND...: what it prints goes to a file of that name
    local what=$1
    shift
    "$@" >"$work/$what" 2>"$work/errors" && return
    failed=$((failed + 1))
    echo "failed: $*: $(head -n 5 "$work/errors")"
}
