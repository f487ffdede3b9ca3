# Contexts, topics, participants and markers.

test_create_and_rm() {
    exits 0 sctx create one --cells 128 --arena 64KiB --max-memory 64MiB
    is_empty "$T/out"
    exits 1 sctx create one
    has "$T/err" "one"
    exits 0 sctx -c one info --json
    jq -e '.cells == 128 and .arena_bytes == 65536 and .memory_max == 67108864' "$T/out"
    exits 0 sctx rm one
    is_empty "$T/err"
    exits 1 sctx rm one
    exits 2 sctx create bad --cells 100
    exits 0 sctx -c two create
    exits 0 sctx -c two info
    exits 0 sctx create --json three
    jq -e '.name == "three"' "$T/out"
}

test_rm_of_a_damaged_context() {
    sctx create broken
    head -c 100 /dev/urandom >"$SCTX_DIR/broken/ring"
    exits 1 sctx -c broken info
    exits 1 sctx doctor
    has "$T/out" "fail"
    exits 0 sctx rm broken
}

test_truncated_under_a_tap() {
    sctx pub t x
    in_background tap "$sctx_bin" sub --tap
    sleep 0.3
    truncate -s 4096 "$SCTX_DIR/default/ring"
    local got=0
    wait "$pid" || got=$?
    same $got 1
    [ -s "$T/tap.err" ]
}

test_info() {
    sctx pub t x
    exits 0 sctx info --json
    same "$(jq -r 'keys_unsorted[:10] | join(" ")' "$T/out")" "name path cells arenas memory tail span_ns clock participants topics"
    jq -e '.name == "default" and .tail == 2 and .topics == 1 and .arenas == 1 and .participants == 0 and .memory > 0' "$T/out"
    exits 0 sctx info
    grep -qE 'the ring holds the last 1 messages, [0-9.]+ seconds' "$T/out"
    exits 1 sctx -c none info
    has "$T/err" "none"
}

test_topics() {
    seq 10 | sctx pub --as a b/two
    sctx pub --as b b/two x
    sctx pub -e json a/one '{}'
    exits 0 sctx topics --json
    keys "$T/out" "topic id encoding messages bytes rate last_seq last_time writers"
    same "$(jq -c '[.topic, .encoding, .messages, .bytes, .last_seq, .writers]' "$T/out" | paste -sd' ')" '["a/one","json",1,2,12,1] ["b/two","",11,12,11,2]'
    exits 0 sctx topics --json 'a/*'
    same "$(wc -l <"$T/out")" 1
    exits 0 sctx topics
    same "$(wc -l <"$T/out")" 3
}

test_topics_without_messages() {
    sctx create --cells 64
    sctx pub old x
    seq 100 | sctx pub new
    exits 0 sctx topics --json old
    jq -e '.messages == 0 and .last_seq == null and .last_time == null and .writers == 0' "$T/out"
}

test_topics_beside_a_writer_at_full_speed() {
    local rates=0
    sctx create --cells 64
    in_background busy bash -c 'yes | exec timeout 50 "$1" pub busy' - "$sctx_bin"
    until_true eval '[ "$(sctx info --json | jq .tail)" -gt 100000 ]'
    for _ in {1..10}; do
        exits 0 sctx topics --json busy
        jq -e '.messages > 0 and .bytes > 0 and .last_seq > 0 and .writers == 1' "$T/out"
        rates=$((rates + $(jq '.rate | if . > 1000 then 1 else 0 end' "$T/out")))
    done
    [ $rates -ge 5 ] || die "only $rates of 10 rates make sense"
    pkill -P "$pid" || true
    kill "$pid" 2>/dev/null || true
}

test_ps() {
    in_background sub "$sctx_bin" sub --as listener
    until_true readers_are 1
    sctx pub --as talker t x
    exits 0 sctx ps --json
    keys "$T/out" "join name pid uid alive roles published bytes rate cursor lag lost gone joined"
    jq -se --argjson pid "$pid" '.[0] | .name == "listener" and .alive == true and .roles == ["reader"] and .pid == $pid' "$T/out"
    jq -se '.[1] | .name == "talker" and .alive == false and .published == 1 and .bytes == 1' "$T/out"
    kill "$pid"
    ends 143 "$pid"
    for i in {1..25}; do sctx pub --as "p$i" t x; done
    exits 0 sctx ps
    has "$T/out" "(7 more dead; --all)"
    exits 0 sctx ps --all
    same "$(wc -l <"$T/out")" 28
    exits 0 sctx ps --json
    same "$(wc -l <"$T/out")" 27
}

test_doctor() {
    sctx pub t x
    sctx doctor --json >"$T/out" || true
    keys "$T/out" "check status detail mend"
    jq -se 'map(.check) | index("shared memory") != null and index("clock") != null and index("processor") != null and index("context default") != null' "$T/out"
    jq -se 'map(select(.status == "warn" or .status == "fail") | .mend) | all(. != null)' "$T/out"
    jq -se 'map(select(.check == "context default"))[0].mend | startswith("sctx rm default frees")' "$T/out"
    chmod 777 "$SCTX_DIR"
    exits 1 sctx doctor
    chmod 700 "$SCTX_DIR"
}

test_markers() {
    exits 0 sctx set body/temp 36.6 --unit C --low 35 --high 40
    is_empty "$T/out"
    exits 0 sctx get body/temp
    same "$(cat "$T/out")" 36.6
    exits 0 sctx get body/temp --json
    keys "$T/out" "marker kind value unit low high time"
    jq -e '.kind == "f64" and .value == 36.6 and .unit == "C" and .low == 35 and .high == 40 and .time > 0' "$T/out"
    exits 0 sctx set body/temp -1.5
    exits 0 sctx get body/temp
    same "$(cat "$T/out")" -1.5
    exits 0 sctx set n -9223372036854775808 --kind i64
    exits 0 sctx add n 1 --json
    has "$T/out" '"value":-9223372036854775807,'
    exits 0 sctx add c 18446744073709551615 --kind counter --json
    has "$T/out" '"value":18446744073709551615,'
    exits 1 sctx set c 5
    has "$T/err" "only grows"
    exits 2 sctx add c -1
    exits 2 sctx set n 1.5
    exits 1 sctx set n 1 --kind f64
    exits 0 sctx set f nan
    exits 0 sctx get f --json
    jq -e '.value == {"$float": "nan"}' "$T/out"
    exits 0 sctx set f -- -inf
    exits 0 sctx get f
    same "$(cat "$T/out")" -inf
    exits 0 sctx markers --json
    same "$(jq -r .marker "$T/out" | paste -sd' ')" "body/temp c f n"
    exits 0 sctx markers 'body/*'
    same "$(wc -l <"$T/out")" 2
    exits 1 sctx get none
    has "$T/err" "no marker 'none'"
    exits 2 sctx set x 1 --step 2
}

# mend CHECK FILE: what is proposed for it.
mend() { jq -r --arg check "$1" 'select(.check == $check) | .mend' "$2"; }

test_doctor_looks_where_the_contexts_are() {
    sctx doctor --json >"$T/out" || true
    jq -se 'any(.[]; .check == "shared memory" and (.detail | test(" in /dev/shm")))' "$T/out"
    # Not there yet: the nearest folder above it counts. On a disk: that is told.
    local disk
    disk=$(mktemp -d /tmp/sctx-cli.XXXXXX)
    exits 0 env SCTX_DIR="$disk/a/b" "$sctx_bin" doctor --json
    rmdir "$disk"
    [ ! -e "$disk" ]
    if [ "$(stat -f -c %T /tmp)" != tmpfs ]; then
        jq -se 'any(.[]; .check == "shared memory" and .status == "warn" and (.detail | test("not in memory")) and (.mend | test("SCTX_DIR")))' "$T/out"
    fi
    cd "$SCTX_DIR/.." || exit
    exits 0 env SCTX_DIR=dir "$sctx_bin" doctor
    has "$T/out" "SCTX_DIR=dir is relative"
    has "$T/out" "$SCTX_DIR, mode 0700"
}

test_doctor_proposes_what_works() {
    local name
    mkdir "$SCTX_DIR/noring" "$SCTX_DIR/.sctx-new.c.1" "$SCTX_DIR/.sctx-old.c.2"
    touch -d '1 hour ago' "$SCTX_DIR/.sctx-new.c.1"
    sctx create noalive
    sctx create whole
    rm "$SCTX_DIR/noalive/alive"
    mkdir "$SCTX_DIR/.sctx-new.c.3"
    touch -d '1 hour ago' "$SCTX_DIR/.sctx-new.c.3"
    exits 1 sctx doctor --json
    cp "$T/out" first
    for name in noalive noring; do
        jq -se --arg check "context $name" 'any(.[]; .check == $check and .status == "fail" and (.detail | test("is missing")))' first
    done
    same "$(jq -r 'select(.check == "leftover") | .detail' first | grep -c 'sctx-new.c.3')" 1
    # As people see them, and as they would paste them.
    sctx doctor | sed -n 's/^ *-> \(sctx rm no[a-z]*\) removes it$/\1/p' >mends
    same "$(wc -l <mends)" 2
    sed "s|^sctx|'$sctx_bin'|" mends | bash -e
    sctx create another # cleans up
    sctx rm another
    rmdir "$SCTX_DIR"/.sctx-old.* 2>/dev/null || true # it was just made: left alone
    same "$(ls -A "$SCTX_DIR")" whole
    exits 0 sctx doctor
}

# What is no context's is somebody's: it is never proposed that it be removed.
test_doctor_removes_nothing_of_others() {
    mkdir "$SCTX_DIR/-x" "$SCTX_DIR/"$'e\033[31m\377 it'"'s" "$SCTX_DIR/user:x" "$SCTX_DIR/.ssh"
    echo >"$SCTX_DIR/a file"
    echo >"$SCTX_DIR/.bashrc"
    touch -d '1 hour ago' "$SCTX_DIR/.ssh" "$SCTX_DIR/.bashrc"
    exits 0 sctx doctor
    lacks "$T/out" "rm "
    lacks "$T/out" .ssh
    lacks "$T/out" .bashrc
    is_inert "$T/out"
    exits 0 sctx doctor --json
    same "$(grep -c '"foreign f' "$T/out")" 4
}

test_doctor_of_one_context() {
    sctx create one
    sctx create two
    exits 0 sctx doctor --json -c one
    same "$(jq -r 'select(.check | startswith("context ")) | .check' "$T/out")" "context one"
    exits 1 sctx doctor -c none
    has "$T/out" "context none"
    has "$T/out" "it is not there"
    exits 2 sctx doctor -c 'no/name'
    exits 0 env SCTX_CONTEXT=none "$sctx_bin" doctor
}

test_doctor_of_folder_modes() {
    sctx create one
    mkdir -p open/dir
    chmod 700 open/dir
    chmod 777 open
    exits 0 env SCTX_DIR="$T/open/dir" "$sctx_bin" doctor --json
    same "$(mend "folder mode" "$T/out")" "chmod +t $T/open"
    chmod 1777 open
    exits 0 env SCTX_DIR="$T/open/dir" "$sctx_bin" doctor --json
    same "$(mend "folder mode" "$T/out")" null
    ln -s open link
    exits 1 env SCTX_DIR="$T/link" "$sctx_bin" doctor --json
    has "$T/out" "remove what is there"
    # As another user.
    local other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 711 "$base" "$base"/test_doctor_of_folder_modes
    "${other[@]}" "$sctx_bin" --version >/dev/null 2>&1 || return 0
    exits 1 "${other[@]}" "$sctx_bin" doctor --json
    has "$T/out" "belongs to user $(id -u): set SCTX_DIR to a folder of your own"
    lacks "$T/out" "remove what is there"
    chmod 755 "$SCTX_DIR"
    exits 1 "${other[@]}" "$sctx_bin" doctor --json
    mend contexts "$T/out" | grep -q "^set SCTX_DIR to a folder "
    jq -se 'any(.[]; .check == "context one" and .status == "ok" and (.detail | test("keeps it private")))' "$T/out"
    exits 1 env SCTX_DIR="$T/none" "${other[@]}" "$sctx_bin" doctor --json
}

# A file system that is read-only, mounted above another.
test_doctor_of_a_read_only_mount() {
    mkdir -p "$T/ro/dir"
    unshare -rm mount -t tmpfs -o ro none "$T/ro" 2>/dev/null || return 0
    exits 1 env T="$T" SCTX_DIR="$T/ro/dir" unshare -rm bash -c 'mount -t tmpfs none "$T/ro" && mount -t tmpfs -o ro none "$T/ro" && exec "$1" doctor --json' - "$sctx_bin"
    same "$(mend mount "$T/out")" "mount -o remount,rw $T/ro"
}

test_thresholds_make_sense() {
    exits 2 sctx set m 1 --low 5 --high 2
    has "$T/err" "the lower threshold 5 is above the upper threshold 2"
    exits 2 sctx set m 1 --high nan
    exits 2 sctx set m 1 --low nan
    for step in -1 0 nan inf; do
        exits 2 sctx set m 1 --announce --step "$step"
        has "$T/err" "--step '$step'"
    done
    exits 2 sctx set m 1 --announce --step 0 --kind i64
    exits 1 sctx get m
    exits 0 sctx set m 1 --low 2 --high 2
    exits 2 sctx set m 7 --high 1
    has "$T/err" "the lower threshold 2, which the marker has, is above"
    exits 2 sctx set m 7 --low 3
    exits 0 sctx get m
    same "$(cat "$T/out")" 1
    exits 0 sctx set m 1 --low 5 --high 9
}

test_unit_of_a_marker_that_is_there() {
    sctx set m 1 --unit C
    exits 0 sctx set m 2 --unit C
    exits 1 sctx set m 3 --unit K
    has "$T/err" "marker 'm' is there already, with the unit C"
    exits 1 sctx add m 3 --unit K
    exits 0 sctx get m
    same "$(cat "$T/out")" 2
    exits 1 sctx set m 3 --kind i64 --unit C
    has "$T/err" "is no i64"
    sctx set none 1
    exits 1 sctx set none 1 --unit K
    has "$T/err" "with no unit"
}

test_ends_of_the_numbers() {
    sctx set i 9223372036854775807 --kind i64
    exits 1 sctx add i 1
    has "$T/err" "beyond 64 bits"
    exits 0 sctx get i
    same "$(cat "$T/out")" 9223372036854775807
    sctx set i -9223372036854775808
    exits 1 sctx add i -1
    # Counters wrap, as `sctx add --help` says.
    sctx add c 18446744073709551615 --kind counter
    exits 0 sctx add c 2 --json
    jq -e '.value == 1' "$T/out"
    exits 0 sctx set c 1
    exits 1 sctx set c 0
    has "$T/err" "only grows, and is at 1"
    sctx add --help | grep -q 'begins at 0 again'
}

test_announce() {
    sctx set level 1 --high 5 --announce
    in_background sub "$sctx_bin" sub --json -n 1 --timeout 10 'marker/**'
    until_true readers_are 1
    sctx set level 9
    ends 0 "$pid"
    jq -e '.topic == "marker/level" and .encoding == "json" and .data != null' "$T/sub.out"
}

test_watch() {
    sctx set old 1
    in_background watch "$sctx_bin" watch --json -n 3 --interval 5ms
    sleep 0.3
    sctx set old 1
    sctx set old 2
    until_true grep -q '"value":2' "$T/watch.out"
    sctx set new 7 --high 5
    until_true grep -q '"marker":"new"' "$T/watch.out"
    sctx add old 1
    ends 0 "$pid"
    keys "$T/watch.out" "marker kind value unit low high time"
    same "$(jq -c '[.marker, .value]' "$T/watch.out" | paste -sd' ')" '["old",2] ["new",7] ["old",3]'
}

test_watch_tells_crossings() {
    sctx set level 1 --unit V --low 0 --high 5
    in_background watch "$sctx_bin" watch -n 3 --interval 5ms level
    sleep 0.3
    sctx set level 6
    until_true grep -q "level  6 V  above high 5" "$T/watch.out"
    sctx set level 4
    until_true grep -q "level  4 V  back within" "$T/watch.out"
    sctx set level -1
    until_true grep -q "level  -1 V  below low 0" "$T/watch.out"
    ends 0 "$pid"
}

test_watch_follows_rm_and_create() {
    in_background watch "$sctx_bin" watch --json --interval 5ms
    until_true grep -q waiting "$T/watch.err"
    sctx set a 1
    until_true grep -q '"value":1' "$T/watch.out"
    sctx rm
    until_true grep -q removed "$T/watch.err"
    sctx set a 2
    until_true grep -q '"value":2' "$T/watch.out"
    kill -INT "$pid"
    ends 130 "$pid"
}

# A command for each crossing, with the level as it was then; what is no crossing runs none.
test_watch_runs_a_command() {
    sctx set level 1 --unit V --low 0 --high 5
    sctx set other 1 --high 5
    in_background watch "$sctx_bin" watch -n 3 --interval 5ms level -- sh -c \
        'echo "$SCTX_MARKER_NAME $SCTX_MARKER_BEFORE $SCTX_MARKER_ZONE $SCTX_MARKER_VALUE $SCTX_MARKER_UNIT $SCTX_MARKER_LOW $SCTX_MARKER_HIGH $SCTX_MARKER_KIND"; jq -c .value; sleep 0.3'
    sleep 0.3
    for value in 2 6 7 4 -1; do
        sctx set level "$value"
        sctx set other 9
        sleep 0.1 # of changes that follow each other faster only the last would be seen
    done
    ends 0 "$pid"
    same "$(grep -v : "$T/watch.out" | paste -sd,)" \
        'level within high 6 V 0 5 f64,6,level high within 4 V 0 5 f64,4,level within low -1 V 0 5 f64,-1'
    same "$(grep -c 'level  ' "$T/watch.out")" 3
}

test_watch_tells_of_commands_that_fail() {
    sctx set level 1 --high 5
    in_background watch "$sctx_bin" watch -n 1 --interval 5ms -- sh -c 'exit 3'
    sleep 0.3
    sctx set level 6
    ends 1 "$pid"
    has "$T/watch.err" "'sh' failed: exit 3"
    in_background watch "$sctx_bin" watch --interval 5ms level -- /no/such/program
    sleep 0.3
    sctx set level 4
    ends 1 "$pid"
    has "$T/watch.err" "cannot start '/no/such/program': No such file"
    exits 2 sctx watch level --
    exits 4 sctx watch level -n 1 -t 50ms -- true
}

# Nobody reads what it says, and its commands are killed: it goes on.
test_watch_with_a_command_goes_on() {
    local fifo=$T/fifo
    sctx set level 1 --high 5
    mkfifo "$fifo"
    "$sctx_bin" watch --interval 5ms level -- sh -c 'echo "$SCTX_MARKER_ZONE" >>zones; kill -KILL $$' >"$fifo" 2>"$T/watch.err" &
    pid=$!
    started+=("$pid")
    head -c 0 "$fifo"
    sleep 0.3
    sctx set level 6
    until_true grep -q high zones
    sctx set level 4
    until_true grep -q within zones
    # The threshold goes below the level.
    sctx set level 4 --high 3
    until_true eval '[ "$(wc -l <zones)" = 3 ]'
    kill -TERM "$pid"
    ends 143 "$pid"
    same "$(paste -sd, zones)" high,within,high
    has "$T/watch.err" "'sh' failed: signal 9"
}
