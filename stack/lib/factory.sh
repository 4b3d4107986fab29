# The factory simulator; its requests and callbacks are in
# $run/log/factory.journal.

factory_is_external() { [ "${EXTERNAL_FACTORY-}" = yes ]; }

factory_settle() {
    if factory_is_external; then
        external_load FACTORY_API_URL
        return
    fi

    port_settle FACTORY
    port_settle FACTORY_CONTROL
    FACTORY_API_URL=http://127.0.0.1:$PORT_FACTORY/api/manufactures
    FACTORY_CONTROL_URL=http://127.0.0.1:$PORT_FACTORY_CONTROL
    FACTORY_JOURNAL=$run/log/factory.journal
}

factory_external() {
    [ -n "${FACTORY_API_URL-}" ] \
        || die "--external-factory: set FACTORY_API_URL"
    external_save FACTORY_API_URL
}

factory_answers() { curl -sf -m 2 "$FACTORY_CONTROL_URL/"; }

# A step of production takes a second; the real factory's takes ten.
factory_start() {
    local port
    [ -x "$build/autostock-factory" ] || die "factory: not built: run make"
    for port in "$PORT_FACTORY" "$PORT_FACTORY_CONTROL"; do
        port_is_free "$port" || die "factory: port $port is taken"
    done
    mkdir -p "$run/log"
    process_start factory env -i PATH="$PATH" "${checkers[@]}" \
        "$build/autostock-factory" \
        --port "$PORT_FACTORY" --control-port "$PORT_FACTORY_CONTROL" \
        --journal "$FACTORY_JOURNAL" \
        --step-ms "${AUTOSTOCK_STACK_STEP_MS:-1000}" "$@"
    wait_ready factory 10 factory_answers
}

factory_stop() { process_stop factory TERM 10; }
