# plugin list, info and new.

plugin_keys="name version origin encodings file state reason"

# The project NAME, written and built against the sctx that was built.
a_project() {
    exits 0 sctx plugin new "$1"
    cmake -S "$1" -B "$1/build" -Dsctx_DIR="$build" >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
    cmake --build "$1/build" >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
}

test_plugin_list() {
    exits 0 sctx plugin list
    head -n 1 "$T/out" | grep -qE '^name +version +origin +encodings +file +state$'
    grep -qE "^json +[0-9.]+ +bundled +json,application/json +$build/lib/sctx/decoders/json.so +used$" "$T/out"
    exits 0 sctx plugin list --json
    keys "$T/out" "$plugin_keys"
    same "$(jq -r 'select(.origin == "bundled") | .name' "$T/out" | paste -sd' ')" "cbor hex json logfmt msgpack protobuf struct text"
    jq -se 'all(.[]; .state == "used" and .reason == null)' "$T/out"
    jq -se 'any(.[]; .name == "struct" and .encodings == ["struct","struct:*"])' "$T/out"
}

test_plugin_list_says_what_is_shadowed_and_refused() {
    mkdir -m 755 one two
    cp "$build/lib/sctx/decoders/json.so" one/mine.so
    cp "$build/lib/sctx/decoders/json.so" two/writable.so
    echo 'no plugin' >two/text.so
    chmod 666 two/writable.so
    exits 1 sctx plugin list --json --plugin "one:two/writable.so:two:nowhere"
    same "$(jq -r 'select(.name == "json") | .origin + " " + .state' "$T/out" | paste -sd, )" "--plugin used,bundled shadowed"
    same "$(jq -r 'select(.name == "json" and .state == "shadowed").reason' "$T/out")" "$T/one/mine.so"
    jq -se 'any(.[]; .state == "refused" and (.file | endswith("two/text.so")) and (.reason | startswith("not a plugin: ")))' "$T/out"
    jq -se 'any(.[]; .state == "refused" and .file == "nowhere" and .reason == "No such file or directory")' "$T/out"
    jq -se 'any(.[]; .state == "refused" and (.reason | test("others may write to .*/two/writable.so; mend it: chmod go-w")))' "$T/out"
    has "$T/err" "sctx plugin: nowhere: No such file or directory"
    has "$T/err" "two/text.so: not a plugin"
    exits 1 sctx plugin list --plugin two
    has "$T/out" "refused: not a plugin: this is no ELF file"
    exits 0 sctx plugin list --plugin one
    has "$T/out" "shadowed by $T/one/mine.so"
}

test_plugin_info() {
    exits 0 sctx plugin info struct
    has "$T/out" "struct:*"
    has "$T/out" "struct-layout"
    has "$T/out" "$build/lib/sctx/decoders/struct.so"
    exits 0 sctx plugin info json --json
    keys "$T/out" "$plugin_keys schemas license summary"
    jq -e '.license == "MIT" and .schemas == [] and .state == "used"' "$T/out"
    exits 0 sctx plugin info --json "$build/lib/sctx/decoders/json.so"
    jq -e '.origin == "bundled" and .state == "used"' "$T/out"
    cp "$build/lib/sctx/decoders/json.so" ./mine.so
    exits 0 sctx plugin info --json ./mine.so
    jq -e '.name == "json" and .origin == null and .state == "unlisted"' "$T/out"
    exits 0 sctx plugin info --json ./mine.so --plugin .
    jq -e '.origin == "--plugin" and .state == "used"' "$T/out"
}

test_plugin_info_of_what_is_none() {
    exits 1 sctx plugin info jsn
    has "$T/err" "there is no plugin 'jsn'; did you mean 'json'?"
    exits 1 sctx plugin info ./nowhere.so
    has "$T/err" "./nowhere.so: No such file or directory"
    mkdir folder
    exits 1 sctx plugin info ./folder
    has "$T/err" "folder without plugins"
    head -c 100 "$build/lib/sctx/decoders/json.so" >cut.so
    exits 1 sctx plugin info ./cut.so
    has "$T/err" "cut short"
    is_empty "$T/out"
}

test_plugin_wrong_calls() {
    exits 2 sctx plugin
    exits 2 sctx plugin lsit
    has "$T/err" "did you mean 'list'?"
    exits 2 sctx plugin frobnicate
    has "$T/err" "there are list, info"
    exits 2 sctx plugin info
    has "$T/err" "sctx plugin info NAME"
    exits 2 sctx plugin list json
    exits 2 sctx plugin new x --plugin y
    has "$T/err" "plugin new has no option --plugin"
}

test_plugin_new() {
    exits 0 sctx plugin new thermo-2
    has "$T/out" "wrote thermo-2/thermo-2.c"
    has "$T/out" "cmake -S thermo-2 -B thermo-2/build"
    same "$(cd thermo-2 && find . -type f | LC_ALL=C sort | paste -sd' ')" \
        "./CMakeLists.txt ./README.md ./corpus/cut ./corpus/sea-level ./corpus/storm ./thermo-2.c"
    has thermo-2/thermo-2.c "name=thermo-2"
    lacks thermo-2/thermo-2.c barometer
    lacks thermo-2/CMakeLists.txt barometer
    exits 0 sctx plugin new --json other
    same "$(jq -r .wrote "$T/out" | head -n 1)" "other/CMakeLists.txt"
    # Others may not write to it, whatever the umask.
    (umask 0 && sctx plugin new open)
    same "$(find open -perm /022)" ""
}

test_plugin_new_refuses() {
    mkdir there
    exits 1 sctx plugin new there
    has "$T/err" "there is there already; nothing was written"
    same "$(ls there)" ""
    for name in 9lives Upper a/b ../up 'white space' '' a234567890123456789012345678901234567890; do
        exits 2 sctx plugin new "$name"
        has "$T/err" "sctx plugin: '$name' is "
    done
    chmod 500 there
    [ "$(id -u)" -eq 0 ] || (cd there && exits 1 sctx plugin new x)
}

test_plugin_project_against_what_was_built() {
    a_project meter
    exits 0 sctx plugin info --json meter/build/meter.so
    jq -e '.name == "meter" and .encodings == ["meter"]' "$T/out"
}

# In a fresh folder, with nothing but what was installed; the folder may be moved afterwards.
test_plugin_project_against_what_was_installed() {
    cmake --install "$build" --prefix "$T/first" >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
    mv first prefix
    exits 0 prefix/bin/sctx plugin new meter
    cmake -S meter -B meter/build -DCMAKE_PREFIX_PATH="$T/prefix" >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
    cmake --build meter/build >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
    lacks meter/build/CMakeCache.txt "$build"
    cmake --install meter/build --prefix "$T/prefix" >"$T/cmake" 2>&1 || die "$(cat "$T/cmake")"
    exits 0 prefix/bin/sctx plugin info --json meter
    jq -e '.state == "used" and .origin == "system"' "$T/out"
}
