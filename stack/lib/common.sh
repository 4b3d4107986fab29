# Functions that every part of the stack uses: messages, settings, ports.

say()  { [ "${quiet-}" = yes ] || printf '%s\n' "$*"; }
warn() { printf 'stack: %s\n' "$*" >&2; }
die()  { warn "$@"; exit 1; }

# A value as any POSIX shell reads it back.
quoted() {
    local value=$1
    printf "'%s'" "${value//\'/\'\\\'\'}"
}

#   file_write FILE: writes stdin to a file that only the owner reads.
#
# Commands may run at the same time, and each writes the same files: a reader
# always finds a complete one.
file_write() {
    local new
    new=$(mktemp "$1.XXXXXX") && cat > "$new" && mv "$new" "$1" \
        || die "$1 could not be written"
}

# Settings that are kept between commands, in a file that only the owner can
# read: ports, secrets, which parts are external.
setting_set() {
    local name=$1 value=$2
    { [ ! -f "$run/settings" ] || grep -v "^$name=" "$run/settings"
      printf '%s=%s\n' "$name" "$(quoted "$value")"; } \
        | file_write "$run/settings" || exit 1
    printf -v "$name" '%s' "$value"
}

random_hex() { openssl rand -hex "${1:-16}"; }

port_is_free() {
    ! ss -Hltn "sport = :$1" 2>/dev/null | grep -q .
}

# A port below the range that the kernel uses for outgoing connections, so that
# no such connection uses it while a part of the stack is down.
port_choose() {
    local port tries
    for tries in $(seq 200); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        port_is_free "$port" && { printf '%s\n' "$port"; return; }
    done
    die "no free port between 20000 and 32000 after $tries tries"
}

# The port of a part: given (AUTOSTOCK_STACK_PORT_<NAME>), the one it had, or
# a free one.
port_settle() {
    local name=$1 given=AUTOSTOCK_STACK_PORT_$1 setting=PORT_$1
    if [ -n "${!given-}" ]; then
        [[ ${!given} =~ ^[0-9]+$ ]] \
            || die "$given: expected a port, found \"${!given}\""
        [ "${!given}" = "${!setting-}" ] || setting_set "$setting" "${!given}"
    elif [ -z "${!setting-}" ]; then
        setting_set "$setting" "$(port_choose)"
    fi
}

# Saves the environment variables of --external-... under separate names: those
# without a prefix apply only while the part is external.
external_save() {
    local name
    for name in "$@"; do
        setting_set "EXTERNAL_$name" "${!name-}"
    done
}

external_load() {
    local name kept
    for name in "$@"; do
        kept=EXTERNAL_$name
        printf -v "$name" '%s' "${!kept-}"
    done
}

# Waits until the command succeeds.  Fails when the part's process ends.
#   wait_ready NAME SECONDS COMMAND...
wait_ready() {
    local name=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! is_running "$name"; then
            log_tail "$name"
            die "$name ended while it started, see above ($(log_file "$name"))"
        fi
        if [ $SECONDS -ge $end ]; then
            log_tail "$name"
            die "$name runs but does not answer, see above" \
                "($(log_file "$name"))"
        fi
        sleep 0.05
    done
}

log_file() { printf '%s\n' "$run/log/$1.log"; }

log_tail() {
    local file
    file=$(log_file "$1")
    [ ! -s "$file" ] || tail -n 15 "$file" | sed "s/^/    $1: /" >&2
}
