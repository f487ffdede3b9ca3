# The man pages of the commands say what --help says: the same operands, the same options with the same letters and arguments.

man=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../docs/man" && pwd)

# section FILE SECTION: the lines of that section, without roff's escapes.
section() {
    awk -v section="$2" '/^\.SH / { on = $0 == ".SH " section; next } on' "$1" | sed -E 's/\\f[A-Z]//g; s/\\-/-/g; s/\\\(aq/'\''/g; s/\\e/\\/g'
}

# Those whose options are in the one table; top and plugin have words of their own.
pages() {
    local command
    for command in $(sctx help --json | jq -r .command); do
        [ "$command" = top ] || [ "$command" = plugin ] || [ ! -f "$man/sctx-$command.1" ] || echo "$command"
    done
}

test_man_pages_have_the_options() {
    local command
    sctx help --json >all
    same "$(for command in trace flow break cont expect react run diff; do pages | grep -x "$command"; done | wc -l)" 8
    for command in $(pages); do
        jq -r "select(.command == \"$command\") | (.options + .globals)[] |
            (if .short then \"-\" + .short + \", \" else \"\" end) + \"--\" + .name + (if .argument then \" \" + .argument else \"\" end)" all >wanted
        section "$man/sctx-$command.1" OPTIONS | sed -n 's/^\.B //p' | grep '^-' >written || true
        diff wanted written || die "sctx-$command.1 and sctx $command --help differ (<: --help)"
        # Each is described, and with the same default.
        section "$man/sctx-$command.1" OPTIONS | awk '/^\.TP/ { getline; option = $0; getline; if ($0 ~ /^\.TP/) print option }' >bare
        is_empty bare
        jq -r "select(.command == \"$command\").options[] | select(.default).default" all >defaults
        while read -r each; do
            section "$man/sctx-$command.1" OPTIONS | grep -qxF "Default: $each." || die "sctx-$command.1 does not say the default $each"
        done <defaults
    done
}

test_man_pages_have_the_operands() {
    local command
    sctx help --json >all
    for command in $(pages); do
        same "$(section "$man/sctx-$command.1" SYNOPSIS | sed -E 's/^\.(B|I|RI|IR|BR|BI) //; s/ //g' | paste -sd' ')" \
            "sctx$command [OPTION...] $(jq -r "select(.command == \"$command\").operands" all)"
    done
}

test_man_pages_are_sound() {
    local page
    command -v groff >/dev/null || return 0
    for page in "$man"/*.[17]; do
        groff -man -Tutf8 -ww -rLL=120n "$page" 2>complaints >/dev/null
        same "$(cat complaints)" ""
        has "$page" ".SH NAME"
    done
}
