# A private MariaDB: durable, in $run/db, on a unix socket and 127.0.0.1.

db_is_external() { [ "${EXTERNAL_DB-}" = yes ]; }

DB_NAMES='DB_HOSTNAME DB_PORT DB_SOCKET DB_USERNAME DB_PASSWORD DB_DATABASE
    DB_TLS DB_TLS_CA'

db_settle() {
    if db_is_external; then
        external_load $DB_NAMES
        return
    fi

    port_settle DB
    [ -n "${OWN_DB_PASSWORD-}" ] \
        || setting_set OWN_DB_PASSWORD "$(random_hex)"

    DB_HOSTNAME=127.0.0.1
    DB_PORT=$PORT_DB
    DB_SOCKET=$run/db/s.sock
    DB_USERNAME=autostock
    DB_PASSWORD=$OWN_DB_PASSWORD
    DB_DATABASE=shop
    # sun_path has 108 bytes, unix(7)
    [ ${#DB_SOCKET} -lt 108 ] || die "the path of the database's socket is" \
        "too long ($DB_SOCKET): set AUTOSTOCK_STACK_DIR to a shorter folder"
}

db_external() {
    [ -n "${DB_HOSTNAME-}${DB_SOCKET-}" ] \
        || die "--external-db: set DB_HOSTNAME (and DB_PORT) or DB_SOCKET"
    local name
    for name in DB_USERNAME DB_DATABASE; do
        [ -n "${!name-}" ] || die "--external-db: set $name"
    done
    DB_PORT=${DB_PORT:-3306}
    external_save $DB_NAMES
}

# Statements run as the shop's user; its password is in a file, not in argv.
db_client_file() {
    {
        printf '[client]\nuser="%s"\npassword="%s"\n' \
            "$DB_USERNAME" "$DB_PASSWORD"
        if [ -n "$DB_SOCKET" ]; then
            printf 'socket="%s"\n' "$DB_SOCKET"
        else
            printf 'host="%s"\nport=%s\nprotocol=tcp\n' \
                "$DB_HOSTNAME" "$DB_PORT"
        fi
        printf 'connect-timeout=3\ndefault-character-set=utf8mb4\n'
    } | file_write "$run/client.cnf" || exit 1
}

db_query() {
    mariadb --defaults-file="$run/client.cnf" -N -B "$DB_DATABASE" -e "$1"
}

db_configure() {
    mkdir -p "$run/db/tmp"
    cat > "$run/db/my.cnf" <<END
[mariadbd]
datadir = $run/db/data
socket = $DB_SOCKET
pid-file = $run/db/mariadbd.pid
tmpdir = $run/db/tmp
bind-address = 127.0.0.1
port = $DB_PORT
skip-name-resolve

# durable: a sale that was answered survives a power failure
innodb_flush_log_at_trx_commit = 1
innodb_doublewrite = 1
skip-log-bin

character-set-server = utf8mb4
innodb_buffer_pool_size = 256M
innodb_log_file_size = 256M
max_connections = 500
performance_schema = off
END
    [ "$(id -u)" != 0 ] || echo 'user = root' >> "$run/db/my.cnf"
}

db_install() {
    local log
    log=$(log_file db)
    mkdir -p "${log%/*}"
    rm -rf "$run/db/data.new"
    # all rights, only over the socket, only for the user that runs this
    mariadb-install-db --no-defaults --datadir="$run/db/data.new" \
        --auth-root-authentication-method=socket \
        --auth-root-socket-user="$(id -un)" --skip-test-db \
        --user="$(id -un)" >> "$log" 2>&1 \
        || { log_tail db; die "mariadb-install-db failed, see above"; }
    mv "$run/db/data.new" "$run/db/data"
}

db_root() {
    mariadb --no-defaults --socket="$DB_SOCKET" -u "$(id -un)" "$@"
}

# Safe to repeat: the next start continues after an interruption, and upgrades
# the tables of an older version.
db_load() {
    local host file sum
    sum=$(cat "$top"/sql/{schema,trigger,procedure}.sql | cksum)
    [ "$(cat "$run/db/loaded" 2>/dev/null)" != "$sum" ] || return 0
    {
        printf 'CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;\n'
        for host in localhost 127.0.0.1; do
            printf "CREATE OR REPLACE USER autostock@'%s' IDENTIFIED BY '%s';
GRANT ALL ON shop.* TO autostock@'%s';\n" "$host" "$DB_PASSWORD" "$host"
        done
    } | db_root || die "the database's user could not be created"
    for file in schema trigger mariadb-uuid procedure sample; do
        [ "$file" != sample ] || [ ! -f "$run/db/loaded" ] || continue
        db_root --default-character-set=utf8mb4 shop < "$top/sql/$file.sql" \
            || die "sql/$file.sql failed"
    done
    printf '%s\n' "$sum" > "$run/db/loaded"
}

db_answers() { mariadb-admin --no-defaults --socket="$DB_SOCKET" ping; }

db_start() {
    [ -d "$run/db/data" ] || { mkdir -p "$run/db"; db_install; }
    port_is_free "$DB_PORT" || die "db: port $DB_PORT is taken"
    db_configure
    process_start db mariadbd --defaults-file="$run/db/my.cnf"
    wait_ready db 60 db_answers
    db_load
}

db_stop() { process_stop db TERM 60; }

db_check_external() {
    db_query 'SELECT (SELECT COUNT(*) FROM restock_order)
        + (SELECT COUNT(*) FROM stock_movement_key)
        + (SELECT COUNT(*) FROM (SELECT sales, sale_list FROM stock_movement
            LIMIT 1) m)' >/dev/null \
        || die "the external database does not answer, or lacks autostock's" \
            "tables, or has those of an older version: load sql/schema.sql" \
            "and sql/trigger.sql (and, into MariaDB, sql/mariadb-uuid.sql)"
}
