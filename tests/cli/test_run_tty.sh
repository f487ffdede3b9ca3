# run --tty; and run where things end badly.

run_tty() { exits "$1" "$sctx_bin" run --tty "${@:2}" </dev/null; }
events() { sctx sub --from start --timeout 0 --json "proc/$1/events" | jq -c "select(.data.event == \"$2\").data"; }

test_run_tty() {
    run_tty 7 -- sh -c 'test -t 0 && test -t 1 && test -t 2 && echo yes; stty size; echo "{\"n\":1}" >&2; printf last; exit 7'
    same "$(tr -d '\r' <"$T/out" | paste -sd,)" 'yes,24 80,{"n":1},last'
    exits 0 sctx sub --from start --timeout 0 --json 'proc/sh/stdout'
    same "$(jq -c '[.encoding, .data // .text, .cause]' "$T/out" | paste -sd' ')" \
        '["text","yes",1] ["text","24 80",1] ["json",{"n":1},1] ["text","last",1]'
    same "$(events sh end | jq -c '[.exit, .lines]')" '[7,4]'
    run_tty 137 -- sh -c 'kill -KILL $$'
    run_tty 127 -- no-such-program
    has "$T/err" "cannot start 'no-such-program'"
    run_tty 0 --quiet -- echo hidden
    is_empty "$T/out"
}

# What is no terminal is typed, too, and its end is the program's end of input; also in the middle of a line, and also where it is long.
test_run_tty_passes_input_on() {
    printf 'one\ntwo' | exits 0 "$sctx_bin" run --tty -- cat
    same "$(tr -d '\r' <"$T/out" | paste -sd,)" one,two
    seq 1 20000 | exits 0 "$sctx_bin" run --tty --quiet --as lines -- sh -c 'cat >copy; wc -l <copy'
    same "$(events lines end | jq .exit)" 0
    cmp copy <(seq 1 20000)
    run_tty 0 -- sh -c 'read line || echo at the end'
    has "$T/out" 'at the end'
    # One that never reads.
    yes | head -c 100000 | exits 0 "$sctx_bin" run --tty -- sleep 0.1
}

test_run_tty_with_much_output() {
    run_tty 0 -- seq 1 20000
    same "$(wc -l <"$T/out")" 20000
    same "$(sctx sub --from start --timeout 0 --raw 'proc/seq/stdout' | tail -n 1)" 20000
    # Its child holds the terminal; the program itself has ended.
    run_tty 0 -- sh -c '(trap "" HUP; exec sleep 20) & echo $! >left; echo done'
    has "$T/out" 'done'
    kill -KILL "$(cat left)"
}

servers=0
# terminal COLUMNS ROWS COMMAND...: in a terminal of tmux; then "ended: CODE".
terminal() {
    command -v tmux >/dev/null || die "tmux is not installed"
    # A server of its own for each: one that ends is still there for a moment.
    tmux=(tmux -S "$T/tmux-$((++servers))" -f /dev/null)
    printf 'stty -g >%q/before\n%s\necho "ended: $?"\nstty -g >%q/after\nexec sleep 1000\n' "$T" "${*:3}" "$T" >"$T/script"
    env -u TMUX "${tmux[@]}" new-session -d -s t -x "$1" -y "$2" "bash $T/script"
    trap '"${tmux[@]}" kill-server 2>/dev/null; stop_all' EXIT
    "${tmux[@]}" set-option -g status off
}
screen() { "${tmux[@]}" capture-pane -p -t t; }
shows() { screen | grep -qF -- "$1"; }
typed() { "${tmux[@]}" send-keys -t t "$@"; }
settings() { stty -F "$("${tmux[@]}" display-message -p -t t '#{pane_tty}')" -g; }
is_restored() { [ "$(settings)" = "$(cat "$T/before")" ]; }
is_raw() { ! is_restored; }
runner() { pgrep -f "^$sctx_bin run --tty" -P "$("${tmux[@]}" list-panes -t t -F '#{pane_pid}')"; }

# A shell may come to its traps only when a line has come.
resized_to() { typed line Enter && sleep 0.1 && shows "$1"; }
interrupted() { typed line Enter && sleep 0.1 && shows interrupted; }

test_run_tty_in_a_terminal() {
    cat >program <<'END'
trap 'echo "now $(stty size)"' WINCH
trap 'echo interrupted' INT
echo "size $(stty size)"
while read -r line; do
    echo "got $line"
    [ "$line" = bye ] && exit 5
done
END
    terminal 90 20 "$sctx_bin" run --tty --as inner -- bash program
    until_true shows 'size 20 90'
    until_true is_raw
    typed hello Enter
    until_true shows 'got hello'
    "${tmux[@]}" resize-window -t t -x 100 -y 25
    until_true resized_to 'now 25 100'
    typed C-c
    until_true interrupted
    # While it is stopped, the terminal is as it was.
    local run
    run=$(runner)
    kill -TSTP "$run"
    until_true is_restored
    kill -CONT "$run"
    until_true is_raw
    typed bye Enter
    until_true shows 'ended: 5'
    until_true test -s "$T/after"
    cmp "$T/before" "$T/after"
    same "$(events inner end | jq .exit)" 5
    sctx sub --from start --timeout 0 --raw proc/inner/stdout >"$T/lines"
    has "$T/lines" 'got hello'
}

# By a signal, and by a second one where the program takes no notice of the first.
test_run_tty_restores_the_terminal() {
    terminal 80 24 "$sctx_bin" run --tty -- sh -c "'trap \"\" TERM; echo ready; sleep 100 & wait; wait'"
    until_true shows ready
    local run
    run=$(runner)
    kill -TERM "$run"
    sleep 0.3
    is_raw || die "it ended by the first signal"
    kill -TERM "$run"
    until_true shows 'ended: 143'
    until_true test -s "$T/after"
    cmp "$T/before" "$T/after"
    "${tmux[@]}" kill-server
    rm "$T/after"
    terminal 80 24 "$sctx_bin" run --tty -- sh -c "'echo ready; exec sleep 100'"
    until_true shows ready
    kill -TERM "$(runner)"
    until_true shows 'ended: 143'
    until_true test -s "$T/after"
    cmp "$T/before" "$T/after"
}

# Killed, it leaves no program behind that waits: its terminal hangs up, or nobody reads its pipes.
test_run_that_is_killed() {
    local program each
    for each in --tty --quiet; do
        in_background run "$sctx_bin" run "$each" --as killed -- sh -c 'while echo line; do sleep 0.05; done'
        until_true eval '[ -n "$(pgrep -P '"$pid"')" ]'
        program=$(pgrep -P "$pid")
        until_true eval '[ -n "$(sctx sub --from start --timeout 0 proc/killed/stdout)" ]'
        kill -KILL "$pid"
        ends 137 "$pid"
        until_true eval "! kill -0 $program || grep -q '^State:.*Z' /proc/$program/status"
        sctx rm >/dev/null
    done
}

# One that never rests is ended all the same.
test_run_of_one_that_never_rests() {
    local each
    for each in --quiet --tty; do
        in_background run "$sctx_bin" run "$each" -- yes
        until_true eval '[ -n "$(sctx sub --from start --timeout 0 -n 1 proc/yes/stdout)" ]'
        kill -TERM "$pid"
        ends 143 "$pid"
        same "$(events yes end | tail -n 1 | jq .signal)" 15
    done
}
