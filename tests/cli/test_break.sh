# break, cont.

state_of() { sed 's/.*) //' "/proc/$1/stat" | cut -c 1; } # PID: R, S, T (stopped), ...
is_in_state() { [[ $(state_of "$1") == [$2] ]]; }

# ticker NAME: says {"n":1}, {"n":2}, ... on topic tick, fast, until it is ended; its process is $ticker.
ticker() {
    while :; do seq 1 1000 | sed 's/.*/{"n":&}/'; done 2>/dev/null > >(exec "$sctx_bin" pub --as "$1" --encoding json --rate 500 tick >/dev/null 2>&1) &
    started+=("$!")
    until_true eval "[ -n \"\$(pid_of $1)\" ]"
    ticker=$(pid_of "$1")
    started+=("$ticker")
}
pid_of() { sctx ps --json | jq -r "select(.name == \"$1\" and .alive).pid"; }
said() { sctx topics --json | jq -r 'select(.topic == "tick").messages'; }

test_break_and_cont() {
    ticker one
    in_background break "$sctx_bin" break 'topic == "tick" && data.n == 77' -o at.mcap
    until_true is_in_state "$ticker" T
    until_true test -s at.mcap
    local before after
    before=$(said)
    sleep 0.2
    same "$(said)" "$before"
    until_true grep -q '"n":77' "$T/break.out"
    has "$T/break.out" "stopped one, pid $ticker: gdb -p $ticker"
    # What it says of what came after is what is in the ring.
    local seq last
    seq=$(sctx cat at.mcap | jq -r 'select(.data.n == 77).seq' | tail -n 1)
    last=$(sctx info --json | jq -r .tail)
    has "$T/break.out" "published after it: $((last - 1 - seq)) by one, 0 by others"
    exits 0 sctx cont
    has "$T/out" "one, pid $ticker, goes on"
    ends 0 "$pid"
    until_true is_in_state "$ticker" RSD
    after=$(said)
    until_true eval "[ \$(said) -gt $after ]"
    exits 5 sctx cont
    has "$T/err" "nobody is stopped"
    exits 5 sctx cont someone
}

test_break_json() {
    ticker one
    in_background break "$sctx_bin" break 'topic == "tick"' --json --hold 100ms -w 10s -o at.mcap
    ends 0 "$pid"
    keys "$T/break.out" "$message_keys data stopped after others"
    same "$(head -n 1 "$T/break.out" | jq -c .stopped)" "[{\"from\":\"one\",\"pid\":$ticker}]"
    same "$(tail -n 1 "$T/break.out" | jq -r .file)" at.mcap
    until_true is_in_state "$ticker" RSD
    exits 1 sctx break 'topic == "tick"' --hold 0 -o at.mcap
    has "$T/err" "at.mcap"
    until_true is_in_state "$ticker" RSD
    exits 0 sctx break 'topic == "tick"' --hold 0 -o at.mcap --force
}

# At its end nobody is left standing; but for a kill, after which cont mends it.
test_break_that_is_ended_lets_go() {
    ticker one
    local each
    for each in INT:130 TERM:143 HUP:129; do
        in_background break "$sctx_bin" break 'topic == "tick"' -o "${each%:*}.mcap"
        until_true is_in_state "$ticker" T
        until_true grep -q 'lets them go on' "$T/break.err"
        kill "-${each%:*}" "$pid"
        ends "${each#*:}" "$pid"
        until_true is_in_state "$ticker" RSD
    done
    # A signal that ends it at once, while nobody takes what it has to say.
    mkfifo fifo
    exec 7<>fifo
    dd if=/dev/zero of=fifo bs=64K count=1 status=none
    "$sctx_bin" break 'topic == "tick"' -o again.mcap >fifo 7>&- &
    pid=$!
    started+=("$pid")
    until_true is_in_state "$ticker" T
    kill -QUIT "$pid"
    ends 131 "$pid"
    until_true is_in_state "$ticker" RSD
    exec 7>&-
    in_background break "$sctx_bin" break 'topic == "tick"' -o kill.mcap
    until_true is_in_state "$ticker" T
    kill -KILL "$pid"
    ends 137 "$pid"
    sleep 0.1
    same "$(state_of "$ticker")" T
    exits 0 sctx cont one
    until_true is_in_state "$ticker" RSD
}

test_break_all() {
    local first
    ticker one
    first=$ticker
    ticker two
    in_background reader "$sctx_bin" sub --as listener tick
    local listener=$pid
    until_true readers_are 1
    in_background break "$sctx_bin" break 'from == "two"' --all -o all.mcap
    for each in "$first" "$ticker" "$listener"; do until_true is_in_state "$each" T; done
    until_true grep -q '^stopped listener' "$T/break.out"
    same "$(grep -c '^stopped' "$T/break.out")" 3
    same "$(grep -m 1 '^stopped' "$T/break.out" | cut -d, -f1)" 'stopped two'
    exits 0 sctx cont two
    until_true is_in_state "$ticker" RSD
    same "$(state_of "$first")" T
    exits 0 sctx cont "$first" --json
    same "$(jq -c . "$T/out")" "{\"from\":\"one\",\"pid\":$first}"
    exits 0 sctx cont
    ends 0 "$pid"
    for each in "$first" "$ticker" "$listener"; do until_true is_in_state "$each" RSD; done
}

# A debugger holds it: cont leaves it alone, and break ends when the debugger lets it go.
test_break_hands_over_to_a_debugger() {
    ticker one
    in_background break "$sctx_bin" break 'topic == "tick"' -o at.mcap
    local break=$pid
    until_true is_in_state "$ticker" T
    in_background debugger strace -o trace.txt -p "$ticker"
    until_true grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$ticker/status"
    kill -CONT "$ticker"
    ends 0 "$break"
    until_true is_in_state "$ticker" RStD
    kill -TERM "$pid"
}

# What the ring says of a process is not believed: one that has left, and one that another process's number was forged for.
test_break_stops_no_stranger() {
    sctx pub --as gone --encoding text tick x
    exits 1 sctx break 'topic == "tick"' --from start -o gone.mcap
    has "$T/out" 'tick  gone  x'
    has "$T/err" "'gone' is not stopped: it has ended"
    in_background stranger sleep 100
    local stranger=$pid ring at
    sleep 0.1 # that one starts at another time
    in_background reader "$sctx_bin" sub --as honest tick
    until_true readers_are 1
    # The place of 'honest' now says that it is another process; see struct participant_entry.
    ring=$(echo "$SCTX_DIR"/*/ring)
    at=$(LC_ALL=C grep -obUam 1 honest "$ring" | cut -d: -f1)
    number "$stranger" 4 | dd of="$ring" bs=1 seek=$((at - 68)) conv=notrunc status=none
    exits 1 sctx break 'topic == "tick"' --from start --all --hold 0 -o other.mcap
    has "$T/err" "'honest' is not stopped: it has ended" # a process of that number started at another time
    number "$(sed 's/.*) //' "/proc/$stranger/stat" | cut -d' ' -f20)" 8 | dd of="$ring" bs=1 seek=$((at - 56)) conv=notrunc status=none
    exits 1 sctx break 'topic == "tick"' --from start --all --hold 0 -o third.mcap
    has "$T/err" "'honest' is not stopped: process $stranger does not have this context mapped"
    is_in_state "$stranger" RSD
}

# In as many bytes, the lowest first.
number() {
    local i value=$1 text=
    for ((i = 0; i < $2; i++)); do
        printf -v text '%s\\x%02x' "$text" $((value & 255))
        value=$((value >> 8))
    done
    printf %b "$text"
}

test_break_never_stops_itself() {
    # run is a participant, and what it runs is its child: break would stop what it was started by.
    exits 1 sctx run --as parent -- "$sctx_bin" break 'topic ~ "proc/**"' --from start -w 5s -o own.mcap
    has "$T/err" "'parent' is not stopped: that is what this command was started by"
}

test_break_does_not_come() {
    sctx pub tick x
    exits 4 sctx break 'topic == "tock"' --within 100ms
    has "$T/err" "'topic == \"tock\"' did not come in time"
    exits 2 sctx break 'topic =='
    exits 2 sctx break 'true' -o -
    exits 2 sctx break 'true' --from noon
    [ ! -e break-1.mcap ]
    exits 1 sctx break 'true' --from start
    sctx stat break-1.mcap >/dev/null
}
