# shellcheck shell=bash
# Programs in the background for demo.sh and shop/shop.sh, to be sourced: each in a session of its own, so that all it starts can be ended with it.

pids=()
session_start() { # COMMAND...
    setsid "$@" </dev/null &
    pids+=("$!")
}

sessions_alive() { # a zombie is not: whose parent is gone, that one stays for as long as the first process likes
    local stat line state group
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        read -r state _ group _ <<<"${line##*) }"
        [[ $state != Z && " ${pids[*]} " == *" $group "* ]] && return 0
    done
    return 1
}

sessions_signal() { # SIGNAL; a session may not be there yet: then the process that is about to make it
    local pid
    for pid in "${pids[@]}"; do
        kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null
    done
}

sessions_end() { # within three seconds
    local tries
    sessions_signal TERM
    for ((tries = 0; tries < 60; tries++)); do
        sessions_alive || break
        sleep 0.05
    done
    sessions_signal KILL
    wait 2>/dev/null
}
