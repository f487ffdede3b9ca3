#!/usr/bin/env bash
# The demo: the examples join a context of their own and talk about this machine.
#
# On a terminal it shows the traffic until Ctrl-C. Without one it runs 10 seconds, prints what was seen, and fails if something was
# not. It leaves nothing behind: no process, nothing in shared memory.
set -u

usage() {
    cat <<'END'
Usage: demo.sh [--seconds N] [--build FOLDER]

Starts vitals, watchdir, guard and chat.sh in a context of their own, and something for them to talk about.
On a terminal: opens sctx-top on it, until q or Ctrl-C. Without one: runs 10 seconds and prints what was seen.

  --seconds N      end after N seconds, on a terminal too
  --build FOLDER   where the project was built; default: build/ beside examples/
  --help           this text
END
}

here=$(cd -- "$(dirname -- "$0")" && pwd) || exit 1
build=$here/../build
seconds=
while (($#)); do
    case $1 in
    --seconds=*) seconds=${1#*=} ;;
    --build=*) build=${1#*=} ;;
    --seconds | --build)
        (($# > 1)) || { echo "demo: $1 needs a value" >&2 && exit 2; }
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        echo "demo: unknown option '$1'; try --help" >&2
        exit 2
        ;;
    esac
    shift
done
live=false
[[ -t 1 ]] && live=true
$live || seconds=${seconds:-10}
if [[ -n $seconds && ! $seconds =~ ^[1-9][0-9]{0,5}$ ]]; then
    echo "demo: --seconds: '$seconds' is not a whole number of seconds, at least 1" >&2
    exit 2
fi
bin=$(cd -- "$build/bin" 2>/dev/null && pwd) || bin=
if [[ ! -x $bin/sctx || ! -x $bin/examples/vitals ]]; then
    echo "demo: nothing built in $build: first do ./run build" >&2
    exit 1
fi

# ---- everything that is started is ended, and everything that is made is removed, however the demo ends ----

base=
names=()
signal=

# shellcheck source=sessions.sh
. "$here/sessions.sh"
start() { # NAME COMMAND...
    session_start "${@:2}" 2>>"$base/log"
    names+=("$1")
}

# shellcheck disable=SC2317,SC2329 # called by the trap
cleanup() {
    trap '' INT TERM HUP # once is enough
    sessions_end
    if [[ -n $base ]]; then
        cat -- "$base/log" >&2 # what the programs complained about, not in the midst of the traffic
        sctx rm >/dev/null 2>&1
        rm -rf -- "$base"
    fi
}

# After a signal, ends the demo. Called wherever one may have come.
signals_heed() {
    case $signal in
    '') ;;
    INT) $live && exit 0 || exit 130 ;; # on a terminal, Ctrl-C is how it ends
    HUP) exit 129 ;;
    *) exit 143 ;;
    esac
}

failed() {
    signals_heed # Ctrl-C also reaches what runs in the foreground: that is no failure
    echo "demo: $*" >&2
    exit 1
}

# sleep, but a signal is answered at once.
pause() {
    sleep "$1" &
    local nap=$!
    wait "$nap"
    [[ -z $signal ]] || kill "$nap" 2>/dev/null
    signals_heed
}

# shellcheck disable=SC2154 # pids: of sessions.sh
all_run() {
    local i
    for i in "${!pids[@]}"; do
        kill -0 "${pids[i]}" 2>/dev/null || failed "${names[i]} ended early"
    done
}

trap cleanup EXIT
trap 'signal=INT' INT
trap 'signal=TERM' TERM
trap 'signal=HUP' HUP

export PATH="$bin:$bin/examples:$PATH"
unset SCTX_CONTEXT
base=$(mktemp -d /dev/shm/sctx-demo.XXXXXX) || failed "cannot make a folder in /dev/shm"
export SCTX_DIR=$base/bus
mkdir -m 700 -- "$SCTX_DIR" "$base/files" && : >"$base/log" || exit 1
sctx create || failed "no context"
$live || echo "The context is in $SCTX_DIR"

start guard guard
start watchdir watchdir "$base/files"
start chat "$here/chat.sh"
for ((tries = 0; tries < 100; tries++)); do # guard must listen before vitals has something to tell
    ((tries < 99)) || failed "guard, watchdir and chat did not join within 5 seconds"
    pause 0.05
    all_run
    seen=$(sctx ps --json) || failed "sctx ps failed"
    [[ $seen == *'"guard"'* && $seen == *'"watchdir"'* && $seen == *'"chat"'* ]] && break
done

# ---- on a terminal: watch it ----

# On a terminal that can show no picture, as lines.
has_screen=false has_python=false
[[ -t 0 && -n ${TERM:-} && $TERM != dumb && -x $bin/sctx-top ]] && has_screen=true
if $live; then
    cat <<END
What you see is everything that is said in a context which a few programs joined: vitals tells about this machine,
watchdir about a folder, guard draws conclusions, chat answers. $($has_screen && echo q || echo Ctrl-C) ends it. In a second terminal:

  export SCTX_DIR=$SCTX_DIR
  PATH=$bin:\$PATH
  sctx sub 'guard/**' 'files/**'      some topics only, also 'machine/process/*'
  sctx pub ask/time now               ask something; the answer comes on answer/time
  sctx markers                        the levels: cpu.used, memory.used, ...
  sctx ps                             who takes part
  touch $base/files/hello

END
    $has_screen || start sub sctx sub --tap '**'
fi
start vitals vitals --interval 0.5
start life "$here/life.sh" "$base/files"
if /usr/bin/python3 -c 'import asyncio, ctypes' 2>/dev/null; then
    start trend env PYTHONPATH="$here/../bindings/python" PYTHONDONTWRITEBYTECODE=1 SCTX_LIBRARY="$bin/../lib/libsctx.so.0" /usr/bin/python3 "$here/../bindings/python/examples/trend.py"
    has_python=true
fi

if $live && $has_screen; then
    pause 1 # time to read the above
    timeout --foreground "${seconds:-1000000}" sctx-top
    status=$?
    signals_heed
    ((status == 0 || status == 124)) || failed "sctx-top ended with $status"
    all_run
    exit 0
fi

for ((second = 0; second < ${seconds:-1000000}; second++)); do
    pause 1
    all_run
done
$live && exit 0

# ---- without one: say what was seen ----

expected=(machine/cpu machine/memory machine/load machine/disk machine/net machine/process/start machine/process/end
    files/create files/modify files/close_write files/moved_from files/moved_to files/delete
    marker/cpu.busiest guard/alert guard/notice ask/time answer/time)
messages=$base/messages
sctx sub --tap --json --from start --timeout 0.2 '**' >"$messages" || failed "sctx sub failed"

echo "Seen in $seconds seconds, by topic:"
sctx topics || failed "sctx topics failed"
echo
echo "Markers:"
sctx markers || failed "sctx markers failed"
echo
echo "Participants:"
sctx ps || failed "sctx ps failed"
echo
echo "Why is there an alert? Because of the message that it names as its cause:"
alert=$(grep -m 1 '"topic": *"guard/alert".*"cause": *[0-9].*threshold' "$messages")
cause=$(sed -n 's/^[^{]*{[^{]*"cause": *\([0-9]*\).*/\1/p' <<<"$alert")
printf '%s\n%s\n' "$(grep -m 1 "^{\"seq\": *${cause:-none}," "$messages")" "$alert"

$has_python && expected+=(machine/trend)
missing=()
for topic in "${expected[@]}"; do
    grep -q "\"topic\": *\"$topic\"" "$messages" || missing+=("$topic")
done
((${#missing[@]} == 0)) || failed "nothing came on: ${missing[*]}"
[[ -n $alert ]] || failed "no alert has a cause"
signals_heed
exit 0
