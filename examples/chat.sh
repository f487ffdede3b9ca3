#!/bin/sh
# Lesson 5: a participant in shell. It answers questions with sctx sub and sctx pub; try
#
#   sctx sub 'answer/*' &
#   sctx pub ask/time now
#   sctx pub ask/uptime now
#
# Usage: chat.sh [CONTEXT]
#
# sctx sub --json prints one object a line, and its first key is always the seq. That is what the answer names as its cause.
# What others wrote (the data) is never handed to the shell as code: only digits, and topics known here, are used.

if [ $# -ge 1 ]; then
    export SCTX_CONTEXT="$1"
fi

answer() { # TOPIC TEXT, to the message whose seq is $seq
    sctx pub --as chat --encoding text --cause "$seq" "$1" "$2" || exit 1
}

sctx sub --as chat --json 'ask/*' | while IFS= read -r line; do
    seq=$(printf '%s\n' "$line" | sed -n 's/^{"seq": *\([0-9][0-9]*\),.*/\1/p')
    topic=$(printf '%s\n' "$line" | sed -n 's/^{"seq"[^{]*"topic": *"\([a-z/]*\)".*/\1/p')
    [ -n "$seq" ] || continue # {"lost":...}: messages were missed
    case $topic in
    ask/time) answer answer/time "$(date '+%H:%M:%S')" ;;
    ask/uptime) answer answer/uptime "$(cut -d. -f1 /proc/uptime) s" ;;
    *) answer answer/unknown "I know the time and the uptime" ;;
    esac
done
