# How ./dev speaks: one line per thing it does, on stderr, so stdout stays what the command prints.

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

die_usage() {
    printf 'dev: %s\n' "$*" >&2
    exit 2
}

# run COMMAND…: shows a command, then runs it.
run() {
    printf '  $ %s\n' "$*" >&2
    "$@"
}
