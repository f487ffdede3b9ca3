#!/usr/bin/env bash
# A little life for the demo, all of it real: files come, change, get new names and go; processes start and end; questions are asked;
# and all processors are busy for a moment, so that a marker crosses its threshold.
#
# Usage: life.sh FOLDER
set -u
folder=${1:?usage: life.sh FOLDER}

burn() { # MILLISECONDS
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000))
    while ((${EPOCHREALTIME/[.,]/} < end)); do :; done
}

burn_all() { # MILLISECONDS
    local core
    for ((core = $(nproc); core > 0; core--)); do
        burn "$1" &
    done
    wait
}

rest() { # sleep is a process too: vitals sees it come and go
    sleep "$1"
}

for ((round = 1;; round++)); do
    sctx pub --as life --encoding text ask/time 'what time is it?'
    printf 'round %d\n' "$round" >"$folder/draft-$round.txt"
    rest 0.7
    printf 'another line\n' >>"$folder/draft-$round.txt"
    mv "$folder/draft-$round.txt" "$folder/report-$round.txt"
    if ((round % 5 == 1)); then
        burn 1100     # one core; where only a part of the machine may be used, all of them cannot be kept busy
        burn_all 1600
        printf 'x' >"$folder/"$'caf\xe9 \e[31mred' # a name in Latin-1, with a control character in it
        sctx pub --as life --encoding text ask/uptime 'since when do you run?'
    fi
    rest 0.7
    rm -f -- "$folder/report-$round.txt" "$folder/"$'caf\xe9 \e[31mred'
done
