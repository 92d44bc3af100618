# Configure and build one preset; lints, formatting.

# How many compilers at once: one per core, and 1.5 GB of memory for each.
build_jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo 2>/dev/null || echo 1)
    if ((memory < 1)); then memory=1; fi
    echo $((memory < cores ? memory : cores))
}

configure() {
    local preset=$1 stamp=$ROOT/build/$1/.configured
    if [[ -e $stamp && -e $ROOT/build/$preset/build.ninja &&
        ! $stamp -ot $ROOT/CMakePresets.json ]]; then
        return
    fi
    say "configuring preset $preset"
    (cd "$ROOT" && run cmake --preset "$preset" >&2) || die "cmake could not configure $preset"
    touch "$stamp"
}

# build PRESET [TARGET…]
build() {
    local preset=$1 targets=()
    shift
    configure "$preset"
    if (($# > 0)); then targets=(--target "$@"); fi
    say "building $preset: ${*:-everything}"
    (cd "$ROOT" && run cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}" >&2) ||
        die "the build of preset $preset failed"
}

# has_target PRESET TARGET
has_target() {
    ninja -C "$ROOT/build/$1" -t query "$2" >/dev/null 2>&1
}

# Not the precompiled header: a change of its layout alone would rebuild everything.
cpp_files() {
    find "$ROOT/src" "$ROOT/tests" "$ROOT/bench" "$ROOT/examples" \
        \( -name corpus -o -name pch \) -prune -o \( -name '*.cpp' -o -name '*.hpp' \) -print | sort
}

# C++ files that differ from the main branch (or from the last commit when on it), or are new.
changed_files() {
    local base
    base=$(git -C "$ROOT" merge-base HEAD origin/main 2>/dev/null || echo HEAD)
    {
        git -C "$ROOT" diff --name-only --diff-filter=d "$base" -- src tests bench examples
        git -C "$ROOT" ls-files --others --exclude-standard -- src tests bench examples
    } | sort -u | grep '\.cpp$' || true
}

tidy() {
    local files
    mapfile -t files < <(changed_files)
    if ((${#files[@]} == 0)); then
        say 'clang-tidy: no source has changed'
        return
    fi
    say "clang-tidy over ${#files[@]} changed sources"
    local commands
    commands=$(python3 "$ROOT/tools/dev/tidy_commands.py")
    (cd "$ROOT" && printf '%s\0' "${files[@]}" |
        xargs -0 -n 1 -P "$(build_jobs)" clang-tidy -p "$commands" --quiet \
            --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument)
}

cmd_lint() {
    local with_tidy='' failed=() rule
    case ${1:-} in
        '') ;;
        --tidy) with_tidy=yes ;;
        *) die_usage "lint knows only --tidy, not '$1'" ;;
    esac
    install lint
    configure dev
    for rule in layers co_await budgets; do
        say "lint: $rule"
        python3 "$ROOT/tools/lint/$rule.py" || failed+=("$rule")
    done
    say 'lint: headers (each compiles alone)'
    python3 "$ROOT/tools/lint/headers.py" --jobs "$(build_jobs)" || failed+=(headers)
    say 'lint: clang-format'
    cpp_files | xargs -r clang-format --dry-run -Werror || failed+=("format (./dev fmt repairs it)")
    say 'lint: shell syntax'
    bash -n "$ROOT/dev" "$ROOT"/tools/dev/*.sh || failed+=(shell)
    if [[ $with_tidy ]]; then tidy || failed+=(tidy); fi
    if ((${#failed[@]} > 0)); then die "lint failed: ${failed[*]}"; fi
    say 'lint: all rules hold'
}

cmd_fmt() {
    install_packages lint
    say 'clang-format over src, tests, bench and examples'
    cpp_files | xargs -r clang-format -i
}

cmd_clean() {
    say "removing $ROOT/build"
    rm -rf "$ROOT/build"
}
