# Tests, the demo as a test, and the fuzzers.

# ThreadSanitizer of g++ 12 cannot map its memory when addresses are randomised over 28 bits.
without_aslr() {
    if setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

# What failed, in the words of the runners; shown once more at the very end.
FAILURES=''

# ctest_in PRESET ARGUMENTS…: runs ctest; its closing lines go to $SUMMARY.
ctest_in() {
    local preset=$1 log=$ROOT/build/$1/ctest.log status=0 wrap=()
    shift
    if [[ $preset == tsan ]]; then wrap=(without_aslr); fi
    say "ctest ($preset)"
    printf '  $ ctest --test-dir build/%s %s\n' "$preset" "$*" >&2
    ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1} \
        UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1} \
        TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1} \
        "${wrap[@]}" ctest --test-dir "$ROOT/build/$preset" -j 2 --output-on-failure \
        --no-tests=error "$@" 2>&1 | tee "$log" || status=1
    if ((status != 0)); then
        FAILURES+=$(grep -aE -A 8 ': Failure$|ERROR: |WARNING: Thread' "$log" | head -n 60)$'\n'
    fi
    SUMMARY+="ctest ($preset):"$'\n'
    SUMMARY+=$(sed -n '/tests passed/,$p' "$log")$'\n'
    return $status
}

# The end-to-end tests of tests/e2e drive the real release binary with real clients.
node_tests() {
    local log=$ROOT/build/release/node-test.log files status=0
    mapfile -t files < <(find "$ROOT/tests/e2e" -name '*.test.mjs' -not -path '*/node_modules/*' |
        sort)
    if ((${#files[@]} == 0)); then
        SUMMARY+=$'end to end: there are no tests\n'
        return 1
    fi
    say "end-to-end tests: ${#files[@]} files"
    printf '  $ node --test %s\n' "${files[*]#"$ROOT/"}" >&2
    (cd "$ROOT" && ZSERVER_BINARY=$ROOT/build/release/zserver NODE_PATH=$ROOT/deps/node_modules \
        node --test --test-reporter=spec "${files[@]}" 2>&1) | tee "$log" || status=1
    if ((status != 0)); then
        FAILURES+=$(sed -n '/failing tests:$/,$p' "$log" | head -n 120)$'\n'
    fi
    SUMMARY+=$'end to end (node --test):\n'
    SUMMARY+=$(grep -aE '^(ℹ|#) (tests|pass|fail|cancelled|skipped|duration_ms) ' "$log")$'\n'
    return $status
}

demo_once() {
    local log=$ROOT/build/release/demo.log status=0
    say 'demo --once'
    node "$ROOT/tools/dev/demo.mjs" --binary "$ROOT/build/release/zserver" --once 2>&1 |
        tee "$log" || status=1
    SUMMARY+="demo: $(tail -n 1 "$log")"$'\n'
    return $status
}

# Prints what failed, then what the runners said at their end; fails when anything did.
finish() {
    local failed=$1
    if [[ $FAILURES ]]; then printf '\n%s' "$FAILURES"; fi
    printf '\n%s' "$SUMMARY"
    if [[ $failed ]]; then die "failed:$failed"; fi
    say 'all tests passed'
}

# Only the tests that match, and only what they need: for the loop while working on one thing.
test_matching() {
    local preset=$1 regex=$2 names targets=() name failed=''
    configure "$preset"
    mapfile -t names < <(ctest --test-dir "$ROOT/build/$preset" -N -R "$regex" |
        sed -n 's/^ *Test *#[0-9]*: //p')
    if ((${#names[@]} == 0)); then die "no test matches '$regex' (./dev test lists none)"; fi
    for name in "${names[@]}"; do
        if has_target "$preset" "$name"; then targets+=("$name"); fi
    done
    if ((${#targets[@]} > 0)); then build "$preset" "${targets[@]}"; fi
    ctest_in "$preset" -R "$regex" || failed+=' ctest'
    finish "$failed"
}

# test_everything PRESET CTEST_ARGUMENTS…
test_everything() {
    local preset=$1 failed=''
    shift
    build "$preset"
    ctest_in "$preset" "$@" || failed+=' ctest'
    if [[ $preset == dev ]]; then
        build release zserver
        node_tests || failed+=' end-to-end'
        demo_once || failed+=' demo'
    fi
    finish "$failed"
}

cmd_test() {
    local preset=dev regex=''
    while (($# > 0)); do
        case $1 in
            -R) regex=${2:?'-R needs a regular expression'} && shift 2 ;;
            --preset) preset=${2:?'--preset needs dev, asan or tsan'} && shift 2 ;;
            *) die_usage "test does not know '$1'" ;;
        esac
    done
    case $preset in
        dev | asan | tsan | release) ;;
        *) die_usage "--preset is dev, asan or tsan, not '$preset'" ;;
    esac
    SUMMARY=''
    install test
    if [[ $regex ]]; then
        test_matching "$preset" "$regex"
    else
        test_everything "$preset"
    fi
}

cmd_check() {
    if (($# > 0)); then die_usage "check takes no argument, not '$1'"; fi
    SUMMARY=''
    install test lint
    cmd_lint
    test_everything dev -LE '^lint$' # the rules themselves have just run
}

fuzz_one() {
    local target=$1 seconds=$2 name=${1%_fuzz} status=0
    local found=$ROOT/build/fuzz/corpus/$name crashes=$ROOT/build/fuzz/crashes
    mkdir -p "$found" "$crashes"
    local seeds=()
    if [[ -d $ROOT/tests/corpus/$name ]]; then seeds=("$ROOT/tests/corpus/$name"); fi
    say "fuzzing $target for $seconds s"
    "$ROOT/build/fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$crashes/$name-" "$found" "${seeds[@]}" || status=$?
    if ((status != 0)); then
        say "$target failed: put the input from $crashes into tests/corpus/$name/ with the repair"
    fi
    return $status
}

cmd_fuzz() {
    local wanted=${1:-} seconds=${2:-60} targets target failed=()
    [[ $seconds =~ ^[0-9]+$ ]] || die_usage "SECONDS is a number, not '$seconds'"
    install fuzz
    configure fuzz
    mapfile -t targets < <(ninja -C "$ROOT/build/fuzz" -t targets all |
        sed -n '/^cmake_/d; s/^\([a-z0-9_]*_fuzz\): phony.*/\1/p' | sort -u)
    if ((${#targets[@]} == 0)); then die 'there are no fuzz targets'; fi
    if [[ -n $wanted && $wanted != all ]]; then
        wanted=${wanted%_fuzz}_fuzz
        [[ " ${targets[*]} " == *" $wanted "* ]] ||
            die_usage "there is no fuzz target '$wanted'; there are: ${targets[*]}"
        targets=("$wanted")
    fi
    build fuzz "${targets[@]}"
    for target in "${targets[@]}"; do
        fuzz_one "$target" "$seconds" || failed+=("$target")
    done
    if ((${#failed[@]} > 0)); then die "fuzzing failed: ${failed[*]}"; fi
    say "fuzzing: ${#targets[@]} targets, no failure"
}
