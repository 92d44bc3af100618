# Things that run the release binary: demo, serve, bench.

cmd_demo() {
    case ${1:-} in
        '' | --once) ;;
        *) die_usage "demo knows only --once, not '$1'" ;;
    esac
    install
    build release zserver
    exec node "$ROOT/tools/dev/demo.mjs" --binary "$ROOT/build/release/zserver" "$@"
}

cmd_serve() {
    local argument data=(--data "$ROOT/data")
    for argument in "$@"; do
        case $argument in
            --data | --data=* | -c | --config | --config=* | -h | --help) data=() ;;
        esac
    done
    if [[ -n ${ZDB_DATA:-}${ZSERVER_CONFIG:-} ]]; then data=(); fi
    install
    build release zserver
    run exec "$ROOT/build/release/zserver" server "${data[@]}" "$@"
}

# One line per benchmark: its name and the first comment of its file.
list_benches() {
    local file name about
    while read -r file; do
        name=$(basename "${file%.*}")
        name=${name#bench_}
        about=$(awk '/^#!/ { next } { sub(/^(\/\/|#) */, ""); print; exit }' "$file")
        printf '  %-16s %s\n' "${name%_bench}" "$about"
    done < <(find "$ROOT/bench" -maxdepth 1 \
        \( -name '*.sh' -o -name '*.mjs' -o -name '*.cpp' \) | sort) | sort -u -k 1,1
}

cmd_bench() {
    local name=${1:-} script
    if [[ -z $name || $name == --help ]]; then
        echo 'Usage: ./dev bench NAME [ARGUMENTS]. Benchmarks:'
        list_benches
        return
    fi
    shift
    [[ $name =~ ^[a-z0-9_-]+$ ]] || die_usage "'$name' is not the name of a benchmark"
    install test bench
    install_peers "$name"
    configure release
    local targets=(zserver)
    if has_target release "bench_$name"; then targets+=("bench_$name"); fi
    for script in "$ROOT/bench/$name.sh" "$ROOT/bench/$name.mjs"; do
        if [[ ! -f $script ]]; then continue; fi
        build release "${targets[@]}"
        export ZSERVER_BINARY=$ROOT/build/release/zserver ZS_BUILD_DIR=$ROOT/build/release
        case $script in
            *.sh) run exec bash "$script" "$@" ;;
            *) run exec node "$script" "$@" ;;
        esac
    done
    if ((${#targets[@]} < 2)); then
        list_benches >&2
        die_usage "there is no benchmark '$name'"
    fi
    build release "${targets[@]}"
    run exec "$ROOT/build/release/bin/bench_$name" "$@"
}
