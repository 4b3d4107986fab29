# nginx with the module, configured by nginx.conf.example, with the stack's
# paths, ports and secrets.

nginx_settle() {
    port_settle NGINX
    AUTOSTOCK_URL=http://127.0.0.1:$PORT_NGINX
    CALLBACK_URL=$AUTOSTOCK_URL/product/donut
    AUTOSTOCK_STATUS_URL=$AUTOSTOCK_URL/autostock/status
    AUTOSTOCK_CALLBACK_SECRET_FILE=$run/callback.secret
    if [ ! -s "$AUTOSTOCK_CALLBACK_SECRET_FILE" ]; then
        (umask 077; random_hex 32 > "$AUTOSTOCK_CALLBACK_SECRET_FILE")
    fi
}

# The database's address for the module.
nginx_server() {
    if [ -n "$DB_SOCKET" ]; then
        printf 'unix:%s\n' "$DB_SOCKET"
    else
        printf '%s:%s\n' "$DB_HOSTNAME" "$DB_PORT"
    fi
}

# A host name needs nginx's own resolver: this machine's.
nginx_resolver() {
    [ -z "$DB_SOCKET" ] || return
    [[ ! $DB_HOSTNAME =~ ^[0-9.]+$ && $DB_HOSTNAME != *:* ]] || return
    awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' \
        /etc/resolv.conf
}

nginx_configure() {
    local folder=$run/nginx
    mkdir -p "$folder/tmp"
    (umask 077; printf '%s\n' "$DB_PASSWORD" > "$folder/db.password")

    awk \
        -v root="$([ "$(id -u)" != 0 ] || echo yes)" \
        -v folder="$folder" \
        -v module="$(nginx_module)" \
        -v port="$PORT_NGINX" \
        -v server="$(nginx_server)" \
        -v resolver="$(nginx_resolver)" \
        -v user="$DB_USERNAME" \
        -v database="$DB_DATABASE" \
        -v tls="${DB_TLS:-off}" -v tls_ca="${DB_TLS_CA-}" \
        -v secret="$AUTOSTOCK_CALLBACK_SECRET_FILE" \
        -v dashboard="$top/dashboard" -v metrics="$PORT_WORKER_METRICS" \
        -f "$top/stack/lib/nginx.awk" "$top/nginx.conf.example" > "$folder/nginx.conf.new" \
        || die "nginx.conf.example does not fit stack/lib/nginx.awk, see above"
    mv "$folder/nginx.conf.new" "$folder/nginx.conf"
}

# That of a build with sanitizers (make asan), or the installed one.
nginx_binary() {
    if [ -f "$build/nginx" ] && [ -x "$build/nginx" ]; then
        printf '%s\n' "$build/nginx"
    else
        command -v nginx
    fi
}

nginx_module() { printf '%s\n' "$build/ngx_http_autostock_module.so"; }

nginx_run() {
    "$(nginx_binary)" -p "$run/nginx" -c "$run/nginx/nginx.conf" "$@"
}

nginx_answers() { curl -s -m 2 "$AUTOSTOCK_URL/autostock/status"; }

# Succeeds once nginx has reached the database, too: it answers a look-up, also
# with 404.
nginx_looks_up() {
    local code
    code=$(curl -s -m 6 -o /dev/null -w '%{http_code}' \
        "$AUTOSTOCK_URL/product/donut")
    [ "$code" != 000 ] && [ "$code" != 503 ]
}

nginx_start() {
    local log
    [ -e "$(nginx_module)" ] || die "nginx: module not built: run make"
    port_is_free "$PORT_NGINX" || die "nginx: port $PORT_NGINX is taken"
    nginx_configure
    log=$(log_file nginx)
    mkdir -p "${log%/*}"
    nginx_run -t -q >> "$log" 2>&1 || { log_tail nginx; die "nginx -t failed"; }
    process_start nginx "$(nginx_binary)" -p "$run/nginx" \
        -c "$run/nginx/nginx.conf" -g 'daemon off;'
    wait_ready nginx 20 nginx_answers
}

nginx_is_stale() {
    local old
    old=$(cat "$run/nginx/nginx.conf" "$run/nginx/db.password")
    nginx_configure
    [ "$old" != "$(cat "$run/nginx/nginx.conf" "$run/nginx/db.password")" ]
}

nginx_stop() { process_stop nginx QUIT 15; }
