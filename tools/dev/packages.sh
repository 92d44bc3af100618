# What a build needs from outside: Debian packages (deps/debian.txt) and npm modules (deps/).

# wanted_packages SECTION…: the packages of these sections, without those their `unless` makes moot.
wanted_packages() {
    local section='' line package condition wanted=" $* "
    while IFS= read -r line; do
        line=${line%%#*}
        if [[ $line =~ ^\[([a-z]+)\] ]]; then
            section=${BASH_REMATCH[1]}
            continue
        fi
        read -r package condition <<<"$line" || true
        if [[ -z $package || $wanted != *" $section "* ]]; then continue; fi
        if [[ $condition == unless=* ]] && command -v "${condition#unless=}" >/dev/null; then
            continue
        fi
        printf '%s\n' "$package"
    done <"$ROOT/deps/debian.txt"
}

# missing_packages PACKAGE…: those that are not installed.
missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p') || true
    for package in "$@"; do
        grep -qxF "$package" <<<"$installed" || printf '%s\n' "$package"
    done
}

# Sets AS_ROOT to what makes a command run as root.
become_root() {
    AS_ROOT=()
    if [[ $(id -u) == 0 ]]; then return; fi
    command -v sudo >/dev/null ||
        die "these packages are missing and I am neither root nor have sudo: $*
     run as root: apt-get install $*"
    AS_ROOT=(sudo)
    if [[ ! -t 0 ]]; then AS_ROOT=(sudo -n); fi
}

# A fresh PostgreSQL or nginx package starts its service. Nothing here needs one, so a policy says
# no while we install; a policy that is already there is left alone.
apt_install() {
    local policy=${ZS_POLICY_FILE:-/usr/sbin/policy-rc.d} status=0
    if [[ ! -e $policy ]]; then
        # shellcheck disable=SC2064
        trap "${AS_ROOT[*]} rm -f '$policy'" EXIT
        printf '#!/bin/sh\nexit 101\n' | "${AS_ROOT[@]}" tee "$policy" >/dev/null
        "${AS_ROOT[@]}" chmod 755 "$policy"
    fi
    run "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" >&2 || status=$?
    if [[ $(trap -p EXIT) ]]; then
        "${AS_ROOT[@]}" rm -f "$policy"
        trap - EXIT
    fi
    if [[ -d /run/systemd/system && " $* " =~ \ (postgresql|nginx|redis) ]]; then
        say 'PostgreSQL, nginx and Redis were installed, not started; the tests start their own.' \
            'To keep them off after a reboot: systemctl disable postgresql nginx redis-server'
    fi
    return $status
}

install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian: make sure that you have what deps/debian.txt lists ($*)"
        return
    fi
    local wanted missing
    mapfile -t wanted < <(wanted_packages "$@")
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    if ((${#missing[@]} == 0)); then return; fi
    if [[ ${ZS_INSTALL:-} == never ]]; then
        die "missing packages (ZS_INSTALL=never): ${missing[*]}"
    fi
    become_root "${missing[@]}"
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    run "${AS_ROOT[@]}" apt-get update -q >&2 ||
        say 'apt-get update failed: trying with the package lists that are there'
    apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# install_modules FOLDER: what its package-lock.json says.
install_modules() {
    local folder=$1 modules=$ROOT/$1/node_modules
    local stamp=$modules/.package-lock.json
    if [[ -e $stamp && ! $stamp -ot $ROOT/$folder/package-lock.json ]]; then return; fi
    if [[ ${ZS_INSTALL:-} == never ]]; then die "$modules is missing or old (ZS_INSTALL=never)"; fi
    say "fetching the npm modules of $folder/package-lock.json"
    (cd "$ROOT/$folder" && run npm ci --ignore-scripts --no-audit --no-fund >&2) ||
        die "npm ci failed in $folder/"
    touch "$stamp"
}

# install_peers BENCHMARK: the modules of bench/peers, when its sources name that folder.
install_peers() {
    if grep -qs 'bench/peers' "$ROOT/bench/$1".*; then install_modules bench/peers; fi
}

check_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]') || die 'node does not run'
    if ((major < 18)); then die "node on PATH is version $major; 18 or later is needed"; fi
}

# install SECTION…: everything a command needs before CMake runs.
install() {
    install_packages build "$@"
    install_modules deps
    check_node
}
