# autostock-worker run, configured by $run/worker.env.

worker_settle() {
    port_settle WORKER_METRICS
    AUTOSTOCK_METRICS_PORT=$PORT_WORKER_METRICS
    AUTOSTOCK_DASHBOARD=on
    # The factory takes seconds here, so time-outs for it are shorter, too.
    AUTOSTOCK_CALLBACK_TIMEOUT=30s
    AUTOSTOCK_VISIBILITY=20s
}

# The settings of the worker, by name.
worker_names() {
    printf '%s\n' $DB_NAMES TOPIC_ARN QUEUE_URL DLQ_URL FACTORY_API_URL \
        CALLBACK_URL AUTOSTOCK_CALLBACK_SECRET_FILE AUTOSTOCK_METRICS_PORT \
        AUTOSTOCK_DASHBOARD AUTOSTOCK_STATUS_URL AUTOSTOCK_CALLBACK_TIMEOUT AUTOSTOCK_VISIBILITY
    if aws_is_external; then
        printf '%s\n' $EXTERNAL_AWS_NAMES | grep '^AWS_'
    else
        printf '%s\n' AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY \
            AWS_ENDPOINT_URL
    fi
}

# Its file also has the settings for "stack/stack worker ...".
worker_configure() {
    local name
    for name in $(worker_names); do
        [ -z "${!name-}" ] || printf '%s=%s\n' "$name" "${!name}"
    done | file_write "$run/worker.env" || exit 1
}

# The worker inherits only the variables that find programs and files, and gets
# the arguments NAME=VALUE...
worker_env() {
    env -i PATH="$PATH" HOME="${HOME-/}" LANG=C.UTF-8 "${checkers[@]}" "$@"
}

worker_is_built() {
    [ -x "$build/autostock-worker" ] || die "worker: not built: run make"
}

# Creates topic, queues and subscription in the emulator.  A second run changes
# nothing.
worker_provision() {
    local log
    worker_is_built
    worker_configure
    log=$(log_file provision)
    worker_env "$build/autostock-worker" provision --yes \
        --env-file "$run/worker.env" > "$log" 2>&1 \
        || { log_tail provision; die "autostock-worker provision failed"; }
}

worker_answers() { curl -s -m 2 "http://127.0.0.1:$PORT_WORKER_METRICS/healthz"; }

#   worker_start [NAME=VALUE]...: settings of this start, over the stack's
worker_start() {
    local setting file=$run/worker.env
    worker_is_built
    worker_configure
    port_is_free "$PORT_WORKER_METRICS" \
        || die "worker: port $PORT_WORKER_METRICS is taken"
    if [ $# -gt 0 ]; then
        file=$run/worker.start.env
        (umask 077; cat "$run/worker.env" > "$file")
        for setting in "$@"; do
            [[ $setting == [A-Z]*=* ]] \
                || die "worker: expected NAME=VALUE, found \"$setting\""
            printf '%s\n' "$setting" >> "$file"
        done
    fi
    # the settings that it runs with, to compare them with newer ones
    (umask 077; cat "$run/worker.env" > "$run/worker.started.env")
    process_start worker env -i PATH="$PATH" HOME="${HOME-/}" LANG=C.UTF-8 \
        "${checkers[@]}" "$build/autostock-worker" run --env-file "$file"
    wait_ready worker 20 worker_answers
}

worker_is_stale() {
    worker_configure
    ! cmp -s "$run/worker.env" "$run/worker.started.env"
}

worker_stop() { process_stop worker TERM 40; }
