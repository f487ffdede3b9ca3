#!/usr/bin/env bash
# The demo: shows what it promises, and leaves nothing behind however it ends.
#
# Usage: run.sh BUILD_DIR
set -u
build=$(cd -- "${1:?usage: run.sh BUILD_DIR}" && pwd) || exit 2
demo=$(cd -- "$(dirname -- "$0")/../../examples" && pwd)/demo.sh
[[ -x $build/bin/sctx && -x $build/bin/examples/vitals ]] || { echo "$build: nothing is built there" >&2 && exit 2; }
work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
passed=0 bad=0
token='' marks=0

check() { # WHAT COMMAND...
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        bad=$((bad + 1))
        printf 'FAILED: %s\n' "$1"
        tail -n 5 "$work/out" "$work/err" 2>/dev/null | sed 's/^/    /'
    fi
}

# Whatever the demo starts inherits this variable, and so it is found, whoever its parent is now.
attentive=(env "--default-signal=INT,TERM,HUP") # in the background of a script, SIGINT is ignored, for good
mark() {
    token=SCTX_DEMO_TEST=$$.$((++marks))
}

ours() { # prints the pids of all that still runs
    grep -lzxF -- "$token" /proc/[0-9]*/environ 2>/dev/null | sed 's/[^0-9]//g'
}

nothing_runs() {
    local pids
    pids=$(ours)
    [[ -z $pids ]] || { tr '\n' ' ' <<<"$pids" && ps -o pid,stat,args -p "${pids//$'\n'/,}" && return 1; }
}

nothing_in_shm() { # the folder is told in the first line, on a terminal in the heading
    local folder
    folder=$(grep -o -m 1 '/dev/shm/sctx-demo\.[A-Za-z0-9]*' "$work/out")
    [[ -n $folder && ! -e $folder ]]
}

nothing_left() {
    check "$1: nothing runs any more" nothing_runs
    check "$1: nothing is left in /dev/shm" nothing_in_shm
}

demo_start() { # in the background
    mark
    "${attentive[@]}" "$token" "$demo" --build "$build" >"$work/out" 2>"$work/err" &
    pid=$!
}

# ---- it shows what it promises ----

demo_start
wait "$pid"
check "10 seconds without a terminal: exit 0" [ $? -eq 0 ]
check "nothing on stderr" [ ! -s "$work/err" ]
for topic in machine/{cpu,memory,load,disk,net,process/start,process/end} files/{create,modify,close_write,moved_from,moved_to,delete} \
    marker/cpu.busiest guard/{alert,notice} {ask,answer}/time; do
    check "topic $topic" grep -qwF "$topic" "$work/out"
done
for marker in cpu.used memory.used load.1m disk.write net.receive process.started; do
    check "marker $marker" grep -qwF "$marker" "$work/out"
done
for name in vitals watchdir guard chat; do
    check "participant $name" grep -qw "$name" "$work/out"
done

key() { # LINE KEY: the value of one of the message's own keys, which come before the data
    sed -n "s/^{[^{]*\"$2\": *\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$1"
}
about() { # LINE
    sed -n 's/.*"about": *"\([^"]*\)".*/\1/p' <<<"$1"
}
alert=$(grep -m 1 '^{.*"topic": *"guard/alert"' "$work/out")
cause=$(grep -m 1 '^{.*"topic": *"marker/' "$work/out")
check "an alert is shown" [ -n "$alert" ]
check "what caused it is shown, and is a marker's announcement" [ -n "$cause" ]
check "the alert's cause is the announcement's seq" [ "$(key "$alert" cause)" = "$(key "$cause" seq)" ]
check "the alert is about the announced marker" [ "marker/$(about "$alert")" = "$(key "$cause" topic)" ]
check "the announcement has no cause" [ "$(key "$cause" cause)" = null ]
nothing_left "10 seconds"

# ---- it leaves nothing behind, however it ends ----

for signal in TERM:143 INT:130 HUP:129; do
    demo_start
    sleep 3
    kill "-${signal%:*}" "$pid"
    wait "$pid"
    check "SIG${signal%:*} after 3 seconds: exit ${signal#*:}" [ $? -eq "${signal#*:}" ]
    nothing_left "SIG${signal%:*}"
done

for name in vitals watchdir guard chat.sh; do # one of its programs fails
    demo_start
    victim=
    for ((tries = 0; tries < 100; tries++)); do
        for candidate in $(ours); do
            # the one that the demo started, not what that one forked
            [[ $(ps -o sid=,comm= -p "$candidate") =~ ^\ *$candidate\ $name$ ]] && victim=$candidate
        done
        [[ -n $victim ]] && break
        sleep 0.05
    done
    kill -KILL "${victim:-$pid}"
    wait "$pid"
    check "$name was killed: exit 1" [ $? -eq 1 ]
    check "$name was killed: it is named" grep -q "${name%.sh} ended early" "$work/err"
    nothing_left "$name was killed"
done

# ---- on a terminal ----

# exec: not every shell that `script` may take ($SHELL, else sh) becomes its last command, and one that waits dies of Ctrl-C itself.
if command -v script >/dev/null; then
    mark
    "${attentive[@]}" "$token" script -qec "exec '$demo' --build '$build' --seconds 3" /dev/null </dev/null >"$work/out" 2>"$work/err"
    check "on a terminal, --seconds 3: exit 0" [ $? -eq 0 ]
    check "on a terminal: says how to look" grep -q "export SCTX_DIR=" "$work/out"
    check "on a terminal: shows the traffic" grep -q machine/cpu "$work/out"
    nothing_left "on a terminal"

    mark
    { sleep 3 && printf '\003' && sleep 5; } | "${attentive[@]}" "$token" script -qec "exec '$demo' --build '$build'" /dev/null >"$work/out" 2>"$work/err"
    check "Ctrl-C on a terminal: exit 0" [ "${PIPESTATUS[1]}" -eq 0 ]
    check "Ctrl-C on a terminal: showed the traffic" grep -q machine/cpu "$work/out"
    nothing_left "Ctrl-C"
fi

# ---- usage ----

"$demo" --help >"$work/out" 2>"$work/err"
check "--help: exit 0" [ $? -eq 0 ]
check "--help: tells the options" grep -q -- --seconds "$work/out"
for wrong in --nonsense "--seconds 0" "--seconds x" --seconds; do
    # shellcheck disable=SC2086 # two words
    "$demo" $wrong >"$work/out" 2>"$work/err"
    check "$wrong: exit 2" [ $? -eq 2 ]
done
"$demo" --build "$work" >"$work/out" 2>"$work/err"
check "nothing built: exit 1" [ $? -eq 1 ]
check "nothing built: says what to do" grep -q "run build" "$work/err"

echo "$passed passed, $bad failed"
[ "$bad" -eq 0 ]
