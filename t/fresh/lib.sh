# The steps that a user runs by hand, for t/fresh/run.

port=8080
package='Into an existing nginx of Debian'
service='The worker as a service'
unit=/usr/lib/systemd/system/autostock-worker.service

#   block HEADING PATTERN [DOCUMENT]: the first code block under the heading of
#   the document (README.md) that has a line of the pattern, as it is typed
block() {
    local document=${3:-README.md}
    awk -v heading="$1" -v pattern="$2" -v document="$document" '
        function tell() {
            if (text != "" && matches) { printf "%s", text; told = 1; exit }
            text = ""; matches = 0
        }
        /^#+ / { tell(); on = substr($0, index($0, " ") + 1) == heading; next }
        !on { next }
        /^    / { line = substr($0, 5); text = text line "\n"
                  if (line ~ pattern) { matches = 1 } next }
        /^$/ && text != "" { text = text "\n"; next }
        { tell() }
        END { if (!told) { tell() }
              if (!told) {
                  print document ": no block with \"" pattern "\" under \"" \
                      heading "\"" > "/dev/stderr"
                  exit 1
              } }' "$top/$document"
}

# Commands of standard input, by a shell that ends at the first that fails;
# t/fresh/bin has stand-ins for systemctl and the user's editor.
by_hand() {
    sed "s/127\.0\.0\.1:8080/127.0.0.1:$port/g" > /root/by-hand.sh
    PATH=$top/t/fresh/bin:$PATH bash -e /root/by-hand.sh \
        > "$log.by-hand" 2>&1 < /dev/null
    local rc=$?
    cat "$log.by-hand"
    return $rc
}

#   wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

# Debian's server with its own settings, but without a TCP port: this root
# shares the network of the machine.
start_database() {
    printf '[mariadbd]\nskip-networking\n' \
        > /etc/mysql/mariadb.conf.d/99-fresh.cnf
    install -d -o mysql /run/mysqld
    setsid mariadbd --user=mysql > /root/mariadbd.log 2>&1 &
    wait_for 30 mariadb -e 'SELECT 1'
}

# nginx with Debian's configuration, but for the site on port 80.
restart_nginx() {
    rm -f /etc/nginx/sites-enabled/default
    if [ -s /run/nginx.pid ] && kill -0 "$(cat /run/nginx.pid)" 2> /dev/null
    then
        nginx -s quit
        wait_for 10 not test -e /run/nginx.pid
    fi
    nginx
}

setup() {
    port_is_free $port || port=$(port_choose)
    export FRESH_CONF=/root/autostock.conf
    block Synopsis '^http' | awk '/^http \{/ { on = 1; next } /^\}/ { on = 0 }
        on { print substr($0, 5) }' \
        | sed "s/127\.0\.0\.1:8080/127.0.0.1:$port/" > $FRESH_CONF
    restart_nginx || return
    block "$package" 'CREATE DATABASE' | by_hand || return
    # the first connection may take longer than a request waits for it
    wait_for 30 curl -sf "http://127.0.0.1:$port/product/CP-502101"
}

secret_modes() {
    [ "$(stat -c '%a %U' /etc/autostock)" = '755 root' ] || return
    [ "$(stat -c '%a %U %G' $env)" = '640 root _autostock' ] || return
    not find /etc/autostock -type f -not -perm 600 -not -path $env \
        | not grep .
}

stack_parts() {
    stack/stack start emulator && stack/stack start factory || return
    eval "$(stack/stack env)"
}

# worker.env and /etc/autostock/aws-credentials as the README shows them, with
# the values of this machine.
worker_files() {
    (
        umask 077
        block "$service" '^DB_SOCKET' | sed \
            -e "s,^FACTORY_API_URL=.*,FACTORY_API_URL=$FACTORY_API_URL," \
            -e "s,^CALLBACK_URL=https://shop.example,CALLBACK_URL=http://127.0.0.1:$port," \
            >> $env
        echo "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL" >> $env
        block "$service" '^.default.' | sed 's/\.\.\.$/fresh/' \
            > /etc/autostock/aws-credentials
    )
}

# provision and check-config; what provision prints is added to worker.env.
worker_commands() {
    local command
    while read -r command; do
        case $command in
        *provision*)
            echo "$command --yes" | by_hand || return
            grep -E '^ *(TOPIC_ARN|QUEUE_URL|DLQ_URL)=' "$log.by-hand" \
                | sed 's/^ *//' >> $env ;;
        *check-config*)
            echo "$command" | by_hand || return ;;
        esac
    done < <(block "$service" provision)
}

verify_unit() {
    grep -q '^ExecStart=/usr/sbin/autostock-worker run' $unit || return
    if command -v systemd-analyze > /dev/null; then
        systemd-analyze verify --man=no $unit
    fi
}

start_worker() {
    block "$service" provision | grep '^systemctl' | by_hand
}

start_unconfigured() {
    start_worker || return
    grep 'condition is not met' "$log.by-hand"
}

stop_worker() { echo 'systemctl stop autostock-worker' | by_hand; }

# aws-credentials is optional: AWS keys may come from another source.
start_worker_without_file() {
    rm /etc/autostock/aws-credentials
    sed -i '/^AWS_SHARED_CREDENTIALS_FILE/d' $env
    printf '%s\n' AWS_ACCESS_KEY_ID=fresh AWS_SECRET_ACCESS_KEY=fresh >> $env
    start_worker && wait_for 20 curl -sf http://127.0.0.1:9508/healthz
}

# --- packages

is_enabled() { test -L "$wants/$1"; }

# The README's commands without "git clone": the work tree is there.
build_packages() {
    { echo 'umask 077'
      block "$package" 'make package' | sed '/^git clone/d'; } | by_hand
}

# The packages of FOLDER under a later version, without a second build.
#   newer FOLDER VERSION INTO
newer() {
    local deb root=/root/newer
    rm -rf "$3" && mkdir -p "$3"
    for deb in "$1"/*.deb; do
        rm -rf $root
        dpkg-deb -R "$deb" $root || return
        sed -i "s/^Version: .*/Version: $2/" $root/DEBIAN/control
        dpkg-deb --root-owner-group -b $root "$3" || return
    done
}

# lintian's errors and warnings fail the test, its notes do not.
lintian_is_content() {
    stack/install package || return
    lintian --allow-root --fail-on error,warning build/package/*.changes
}

# autostock 0.1.0, one package, on a machine with an edited worker.env.
install_former() {
    t/fresh/former build/package /root/former.deb \
        && apt-get install /root/former.deb && echo '# mine' > $env
}

# nginx sells with the former package, whose module is today's, from a database
# without the tables that a sale does not need.
start_former_shop() {
    mariadb shop <<'END' || return
DROP VIEW stock_sale_net, stock_sale;
REVOKE ALL PRIVILEGES ON stock_hold FROM autostock@localhost;
REVOKE ALL PRIVILEGES ON stock_return FROM autostock@localhost;
DROP TABLE stock_return, stock_hold_line, stock_hold;
END
    cp $FRESH_CONF /etc/nginx/conf.d/autostock.conf
    restart_nginx
}
