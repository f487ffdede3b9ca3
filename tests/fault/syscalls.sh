#!/bin/bash
# Each system call of a kind fails once, the first, the second, ...: exit 1 with a message, or, where one can do without, success; never a signal, a hang, or
# anything left behind. By strace; skipped where it may not trace.
sctx=${SCTX_BUILD_DIR:?}/bin/sctx
. "$(dirname "$0")/lib.sh"
command -v strace >/dev/null || skip "strace is not installed"
strace -o /dev/null -e inject=getpid:error=EIO true 2>/dev/null || skip "strace may not trace here"

# The calls that the loader makes before are not ours: counted up to the first that names the folder of contexts.
first_of() { # first_of KIND COMMAND...
    local kind=$1
    shift
    timeout 30 strace -f -o "$T/trace" "$@" >/dev/null 2>&1 </dev/null
    awk -v kind="$kind" -v dir="$SCTX_DIR" '
        { sub(/^[0-9]+ +/, "") }
        index($0, kind "(") == 1 { n++ }
        index($0, dir) { found = 1; print (index($0, kind "(") == 1 ? n : n + 1); exit }
        END { if (!found) print 1000 }' "$T/trace"
}

count_of() { grep -cE "^[0-9]+ +$1\(" "$T/trace"; }

nothing_left() {
    local left
    left=$(find "$SCTX_DIR" -mindepth 1 -maxdepth 1 -name '.sctx-*')
    [ -z "$left" ]
}

prepare() {
    rm -rf "${SCTX_DIR:?}"/* "$SCTX_DIR"/.sctx-*
    # What a killed creator left, for the next one to clean up.
    [ "$1" = create ] && mkdir "$SCTX_DIR/.sctx-new.dead.1" && : >"$SCTX_DIR/.sctx-new.dead.1/alive"
    [ "$1" = create ] || { "$sctx" create --cells 64 --arena 64KiB && "$sctx" pub t first; } >/dev/null || exit 1
}

# try NAME KIND ERROR COMMAND...
try() {
    local name=$1 kind=$2 error=$3 first last n code
    shift 3
    prepare "$name"
    first=$(first_of "$kind" "$@")
    last=$(count_of "$kind")
    [ "$last" -ge "$first" ] || bad "$name makes no call of $kind: nothing was tried"
    for ((n = first; n <= last && n < first + 40; n++)); do
        prepare "$name"
        tried=$((tried + 1))
        code=0
        timeout -k 5 20 strace -f -o /dev/null -e "inject=$kind:error=$error:when=$n" "$@" >"$T/out" 2>"$T/err" </dev/null || code=$?
        case $code in
        0) ;;
        1 | 3) [ -s "$T/err" ] || [ "$kind" = write ] || bad "$name, $kind $n $error: exit $code without a word" ;;
        *) bad "$name, $kind $n $error: exit $code" ;;
        esac
        if [ "$error" = EINTR ] && [ $code -ne 0 ] && [ "$kind" != openat ]; then bad "$name, $kind $n: exit $code for a signal that came"; fi
        # A folder that could not be deleted is left for the next one who creates.
        find "$SCTX_DIR" -mindepth 1 -maxdepth 1 -name '.sctx-*' -exec touch -d '1 hour ago' {} + # what was just being made is left alone
        nothing_left || "$sctx" create after || bad "$name, $kind $n $error: cannot create any more"
        nothing_left || bad "$name, $kind $n $error: left behind: $(ls -A "$SCTX_DIR")"
        [ "$name" = create ] || timeout 10 "$sctx" sub --tap --from start -n 1 --raw >"$T/out" 2>&1 || bad "$name, $kind $n $error: the context is spoilt"
    done
}

create=("$sctx" create --cells 64)
pub=("$sctx" pub new/topic hello)
sub=("$sctx" sub -n 1 --from start --timeout 5)
for error in EMFILE EIO; do
    try create openat $error "${create[@]}"
    try pub openat $error "${pub[@]}"
    try sub openat $error "${sub[@]}"
done
for kind in mkdir mkdirat fchmod renameat2 renameat unlinkat; do try create $kind EIO "${create[@]}"; done
try create fallocate ENOSPC "${create[@]}"
try create fallocate EINTR "${create[@]}"
try create ftruncate EINTR "${create[@]}"
try create ftruncate EIO "${create[@]}"
try pub fallocate ENOSPC "${pub[@]}"
try pub fallocate EINTR "${pub[@]}"
for name in create pub sub; do
    declare -n command=$name
    try $name mmap ENOMEM "${command[@]}"
    try $name fcntl ENOLCK "${command[@]}"
    try $name newfstatat EIO "${command[@]}"
done
try sub write ENOSPC "${sub[@]}"
try sub write EIO "${sub[@]}"
try sub write EINTR "${sub[@]}"
finish 60
