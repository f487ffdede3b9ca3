# Words for the cases. A case runs under `set -e`: the first of these that is not true ends it.

sctx() { timeout $((30 * ${SCTX_CLI_PATIENCE:-1})) "$sctx_bin" "$@"; }

die() { echo "$*"; exit 1; }

# exits CODE COMMAND...: stdout goes to $T/out, stderr to $T/err.
exits() {
    local want=$1 got=0
    shift
    "$@" >"$T/out" 2>"$T/err" || got=$?
    [ $got -eq "$want" ] && return 0
    echo "exit $got, not $want: $*"
    head -c 2000 "$T/err"
    exit 1
}

# has FILE TEXT, lacks FILE TEXT
has() { grep -qF -- "$2" "$1" || { echo "'$2' is not in $1:"; head -c 2000 "$1"; exit 1; }; }
lacks() { ! grep -qF -- "$2" "$1" || die "'$2' is in $1"; }
same() { [ "$1" = "$2" ] || die "'$1' is not '$2'"; }
is_empty() { [ ! -s "$1" ] || { echo "$1 is not empty:"; head -c 1000 "$1"; exit 1; }; }

# keys FILE WANTED: the keys of the first object in it, in their order.
keys() { same "$(head -n 1 "$1" | jq -r 'keys_unsorted | join(" ")')" "$2"; }

# until_true COMMAND...: tries for 10 seconds.
until_true() {
    local i
    for i in {1..500}; do
        "$@" 2>/dev/null && return 0
        sleep 0.02
    done
    die "never came true: $*"
}

# in_background NAME COMMAND...: its process is $pid, its output $T/NAME.out and $T/NAME.err.
started=()
in_background() {
    local name=$1
    shift
    "$@" >"$T/$name.out" 2>"$T/$name.err" &
    pid=$!
    started+=("$pid")
}
# ends CODE PID
ends() {
    local got=0
    wait "$2" || got=$?
    [ $got -eq "$1" ] || die "process exited with $got, not $1"
}
stop_all() {
    local each
    for each in "${started[@]}"; do kill -KILL "$each" 2>/dev/null || true; done
}

# A reader with a place in the table reads already: what is published from now on reaches it.
readers_are() { [ "$(sctx info --json "${@:2}" | jq .readers)" = "$1" ]; }

message_keys="seq time topic from pid len encoding cause"

# No byte in FILE may do anything to a terminal. Colours of our own are not in it: they are off.
is_inert() {
    if LC_ALL=C grep -qP '[\x00-\x08\x0B-\x1F\x7F]' "$1"; then die "a control byte is in $1"; fi
    iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || die "$1 is not UTF-8"
    if grep -qP '[\x{80}-\x{9F}\x{AD}\x{600}-\x{605}\x{61C}\x{6DD}\x{70F}\x{180E}\x{200B}-\x{200F}\x{2028}-\x{202E}\x{2060}-\x{206F}\x{FEFF}\x{FFF9}-\x{FFFB}\x{110BD}\x{110CD}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}\x{E0001}\x{E0020}-\x{E007F}]' "$1"; then
        die "a hidden character is in $1"
    fi
}
