#!/usr/bin/env bash
# terminal.sh BUILD_DIR: sctx-top on terminals that tmux makes: begins before its context, is resized, stopped, hung up and killed, and its context goes away
# underneath. Each time the terminal is as it was, no process is left, and what happened is said.
set -u
build=$(cd -- "${1:?terminal.sh BUILD_DIR}" && pwd)
base=$(mktemp -d /dev/shm/sctx-tui.XXXXXX) || exit 1
export SCTX_DIR=$base/bus XDG_CONFIG_HOME=$base/config TZ=UTC LC_ALL=C.UTF-8 PATH=$build/bin:$PATH
unset SCTX_CONTEXT NO_COLOR TMUX
mkdir -m 700 "$SCTX_DIR"
tmux=(tmux -S "$base/tmux" -f /dev/null) terminals=0
# A server of its own for each terminal: one that ends is still there for a moment.
new_server() {
    "${tmux[@]}" kill-server 2>/dev/null
    terminals=$((terminals + 1))
    tmux=(tmux -S "$base/tmux-$terminals" -f /dev/null)
}
passed=0 failed=0

cleanup() {
    "${tmux[@]}" kill-server 2>/dev/null
    sctx rm >/dev/null 2>&1
    rm -rf "$base"
}
trap cleanup EXIT

ok() { passed=$((passed + 1)); }
bad() {
    printf 'FAILED: %s\n' "$*"
    "${tmux[@]}" capture-pane -p -t t 2>/dev/null | sed 's/^/    | /' | grep -v '| $'
    failed=$((failed + 1))
}

# begin COLUMNS ROWS [ARG...]: a shell in a terminal, in which sctx-top runs; then "ended: CODE" and the terminal's settings are printed.
begin() {
    new_server
    printf 'stty -g >%q/before\nsctx-top --view topics %s\necho "ended: $?"\nstty -g >%q/after\nexec sleep 1000\n' "$base" "${*:3}" "$base" >"$base/script"
    rm -f "$base/before" "$base/after"
    "${tmux[@]}" new-session -d -s t -x "$1" -y "$2" "bash $base/script" || exit 1
    "${tmux[@]}" set-option -g status off
}
shows() { # shows TEXT [SECONDS]: it comes to be seen
    local tries
    for ((tries = 0; tries < ${2:-10} * 20; tries++)); do
        "${tmux[@]}" capture-pane -p -t t 2>/dev/null | grep -qF -- "$1" && return 0
        sleep 0.05
    done
    return 1
}
keys() { "${tmux[@]}" send-keys -t t "$@"; }
top_pid() { pgrep -f "^sctx-top" -P "$("${tmux[@]}" list-panes -t t -F '#{pane_pid}')"; }
restored() { # restored WHAT CODE
    if shows "ended: $2" && for ((i = 0; i < 60; i++)); do [ -s "$base/after" ] && break || sleep 0.05; done && cmp -s "$base/before" "$base/after"; then
        ok
    else
        bad "$1: the terminal is not as it was, or the exit code is not $2"
    fi
    [ -z "$(top_pid)" ] && ok || bad "$1: it still runs"
}

# It waits for its context, shows what comes, and follows to the next one.
begin 90 20
shows 'waiting' && ok || bad 'without a context it says that it waits'
sctx pub greeting/hello '{"text":"good morning"}' --encoding json --as somebody
shows 'greeting/hello' && ok || bad 'the context was made, and is not shown'
shows 'good morning' && ok || bad 'the last value is not shown'
keys 3
shows 'somebody' && ok || bad 'the message is not shown'
keys Enter
shows 'object {1}' && ok || bad 'the fields are not shown'
keys Escape
sctx rm >/dev/null
shows 'waiting for the next one' && ok || bad 'that the context was removed is not said'
sctx pub second/topic hello
shows 'second/topic' && ok || bad 'the next context is not shown'
keys 1
shows 'second/topic' && ok || bad 'the topics of the next context are not shown'

# Snapshot and recording, with a visible result.
keys q
restored 'q' 0
begin 120 20 --folder "$base"
shows 'second/topic' && ok || bad 'it does not begin'
keys s
shows 'wrote' && ok || bad 's: no snapshot'
[ -n "$(find "$base" -name 'snapshot-*.mcap')" ] && sctx stat "$(find "$base" -name 'snapshot-*.mcap')" >/dev/null && ok || bad 's: no sound file'
keys r
shows 'recording to' && ok || bad 'r: it does not say that it records'
sctx pub second/topic while-recording
sleep 0.5
keys r
shows '1 messages' && ok || bad 'r: the message is not in the recording'

# Resized again and again, down to a single cell.
sizes=(1x1 500x200 20x5 2x1 1x50 300x2 80x24 7x3)
for ((i = 0; i < ${SCTX_RESIZES:-1000}; i++)); do
    size=${sizes[i % ${#sizes[@]}]}
    "${tmux[@]}" resize-window -t t -x "${size%x*}" -y "${size#*x}" 2>/dev/null
    ((i % 7 == 0)) && keys "$((1 + i % 6))"
done
"${tmux[@]}" resize-window -t t -x 90 -y 20
keys Escape 6
shows 'memory' && ok || bad 'it did not survive being resized'

# Ends of every kind.
kill -TERM "$(top_pid)"
restored 'SIGTERM' 143
begin 90 20
shows 'second/topic' && kill -HUP "$(top_pid)"
restored 'SIGHUP' 129
begin 90 20
shows 'second/topic' && keys C-c
restored 'Ctrl-C' 0
begin 90 20
shows 'second/topic' && kill -SEGV "$(top_pid)"
restored 'a crash' 139

# The terminal is gone.
begin 90 20
shows 'second/topic' || bad 'it does not begin'
pid=$(top_pid)
"${tmux[@]}" kill-server
for ((i = 0; i < 100; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
kill -0 "$pid" 2>/dev/null && bad 'it runs on without a terminal' || ok

# The ring is cut off underneath.
begin 90 20
shows 'second/topic' || bad 'it does not begin'
keys 3
find "$SCTX_DIR" -type f -exec truncate -s 0 {} +
sleep 0.5
keys 1
shows 'is no ring' && ok || bad 'a truncated context is not told'
keys q
restored 'after a truncated context' 0

# Plugins that crash, loop or grow while they are shown: hex and the reason; what others say is decoded, and no worker stays behind.
sctx rm >/dev/null 2>&1
if [ -e "$build/zoo/segfault.so" ]; then
    begin 110 24 --plugin "$build/zoo"
    for animal in segfault loop huge_tree exit; do sctx pub --unchecked --encoding $animal "zoo/$animal" bites; done
    sctx pub --encoding json zoo/tame '{"sits":"still"}'
    shows 'zoo/tame' || bad 'it does not begin with bad plugins'
    keys 3
    shows '{"sits":"still"}' && ok || bad 'a bad plugin keeps others from being decoded'
    keys / segfault Enter Enter
    shows 'segfault' && shows '62 69 74 65 73' && ok || bad 'the payload of a crashed plugin is not shown as bytes'
    shows 'crashed (segmentation fault' && ok || bad 'why a plugin failed is not said'
    pid=$(top_pid)
    workers=$(pgrep -P "$pid" | wc -l)
    pkill -KILL -P "$pid"
    keys Escape
    for n in 1 2 3; do sctx pub --encoding json zoo/tame "{\"again\":$n}"; done
    keys End
    shows '{"again":3}' && ok || bad 'it does not go on when its workers are killed'
    keys q
    restored "bad plugins and $workers workers killed" 0
    [ -z "$(pgrep -P "$pid")" ] && ok || bad 'a worker stays behind'
    sctx rm >/dev/null 2>&1
fi

# 256 colours, 8, none: the colour of the same cell, as the terminal got it.
sctx pub second/topic hello
colours() { # colours TERM [VAR=VALUE...]: the codes of colours that sctx-top sends go to $base/colours
    new_server
    printf 'export TERM=%s %s\nsctx-top --no-settings --view topics\nexec sleep 1000\n' "$1" "$([ $# -eq 1 ] || printf '%q ' "${@:2}")" >"$base/script"
    "${tmux[@]}" new-session -d -s t -x 90 -y 20 "bash $base/script"
    shows 'second/topic' || bad "it does not begin with TERM=$1 ${*:2}"
    "${tmux[@]}" capture-pane -e -p -t t | grep -o $'\e\\[[0-9;]*m' | tr -d '\033[m' | tr ';' '\n' | sort -un | paste -sd' ' >"$base/colours"
    keys q
}
for how in 'tmux-256color COLORFGBG=15;0' 'tmux-256color COLORFGBG=0;15' tmux 'tmux-256color NO_COLOR=1' vt220; do
    # shellcheck disable=SC2086 # a word each
    colours $how
    codes=$(cat "$base/colours")
    case $how in
    *NO_COLOR* | vt220) grep -qE '(^| )(3[1-7]|38)( |$)' <<<"$codes" && bad "$how: colours: $codes" || ok ;;
    tmux) grep -qE '(^| )3[1-7]( |$)' <<<"$codes" && ! grep -qw 38 <<<"$codes" && ok || bad "$how: $codes" ;;
    *15\;0*) grep -qw 75 <<<"$codes" && ok || bad "dark background: $codes" ;;
    *) grep -qw 25 <<<"$codes" && ok || bad "light background: $codes" ;;
    esac
done
sctx rm >/dev/null 2>&1

# Stopped and continued, as a shell with jobs does it.
sctx rm >/dev/null 2>&1
sctx pub second/topic hello
new_server
"${tmux[@]}" new-session -d -s t -x 90 -y 20 "bash --norc --noprofile -i"
keys 'sctx-top --view ring' Enter
shows 'memory' || bad 'it does not begin in a shell'
keys C-z
shows 'Stopped' && ok || bad 'Ctrl-Z does not stop it'
keys 'fg' Enter
shows 'memory' && ok || bad 'it does not go on after Ctrl-Z'
keys 1
shows 'second/topic' && ok || bad 'it takes no keys after Ctrl-Z'
keys q

# Settings are kept; NO_COLOR and plain terminals.
begin 90 20
shows 'Topics' && keys 5
shows '[Markers]' || bad 'there are no markers to be seen'
keys q
restored 'q' 0
grep -q Markers "$XDG_CONFIG_HOME/sctx/top.json" && ok || bad 'the view is not kept'
printf 'TERM=dumb NO_COLOR=1 sctx-top; echo "ended: $?"; TERM=nonsense sctx-top; echo "ended: $?"; exec sleep 1000\n' >"$base/script"
new_server
"${tmux[@]}" new-session -d -s t -x 90 -y 20 "bash $base/script"
keys q
shows 'there is no description of this terminal' && ok || bad 'an unknown terminal is not told'

printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
