# The report options of sanitizers and valgrind.  A part inherits only these and
# the variables that find programs.
checkers=()
for name in ASAN_OPTIONS UBSAN_OPTIONS VALGRIND_OPTS; do
    [ -z "${!name-}" ] || checkers+=("$name=${!name}")
done

# The processes of a part.  Each part is a session of its own (setsid), so
# all its processes can be found: a master and its children, also after the
# master has ended.  $run/NAME.pid holds pid and start time, because the pid may
# have been assigned to another process.

start_time_of() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # the command's name may hold blanks and parentheses
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "$1" != X ] && printf '%s\n' "${20}"
}

# The part's recorded pid if that process, by its start time, still runs.
pid_of() {
    local pid started
    { read -r pid started < "$run/$1.pid"; } 2>/dev/null || return 1
    [ -n "$started" ] && [ "$(start_time_of "$pid")" = "$started" ] || return 1
    printf '%s\n' "$pid"
}

# Every process of the part.
pids_of() {
    local pid started now
    { read -r pid started < "$run/$1.pid"; } 2>/dev/null || return 0
    now=$(start_time_of "$pid")
    [ -z "$now" ] || [ "$now" = "$started" ] || return 0
    ps -o pid=,stat= -s "$pid" 2>/dev/null | awk '$2 !~ /^Z/ { print $1 }'
}

is_running() { pid_of "$1" >/dev/null; }

#   process_start NAME COMMAND...
process_start() {
    local name=$1 log pid
    shift
    log=$(log_file "$name")
    mkdir -p "${log%/*}"
    ulimit -n "$(most_files)" 2>/dev/null
    # fd 9 is the lock: a daemon must not keep it
    setsid -- "$@" >> "$log" 2>&1 < /dev/null 9>&- &
    pid=$!
    disown
    # setsid has not run yet, perhaps: the session must be there to be listed
    until [ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ]; do
        [ -d "/proc/$pid" ] || break
    done
    printf '%s %s\n' "$pid" "$(start_time_of "$pid")" > "$run/$name.pid"
}

most_files() {
    local hard
    hard=$(ulimit -Hn)
    if [ "$hard" = unlimited ] || [ "$hard" -gt 65536 ]; then
        hard=65536
    fi
    printf '%s\n' "$hard"
}

# Waits for all processes of the part to be gone: 1 when they are not in time.
wait_gone() {
    local name=$1 tries=$(($2 * 50))
    while [ -n "$(pids_of "$name")" ]; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.02
    done
    rm -f "$run/$name.pid"
}

#   process_stop NAME SIGNAL SECONDS: then SIGKILL
process_stop() {
    local name=$1 signal=$2 seconds=$3 pid
    pid=$(pid_of "$name")
    if [ -n "$pid" ]; then
        kill "-$signal" "$pid" 2>/dev/null
        # a stopped process (SIGSTOP) handles no other signal
        kill -CONT "$pid" 2>/dev/null
        wait_gone "$name" "$seconds" && return
        warn "$name did not stop in $seconds s: killed"
    fi
    process_kill "$name"
}

process_kill() {
    local name=$1 tries pids
    for tries in 1 2 3 4 5; do
        pids=$(pids_of "$name")
        [ -n "$pids" ] || break
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null
        wait_gone "$name" 5 && return
    done
    wait_gone "$name" 5 || die "$name: processes $(pids_of "$name") survive" \
        "SIGKILL"
}
