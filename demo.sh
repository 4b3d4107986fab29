#!/bin/bash
# Shows the complete process on one machine: purchases until the stock is 0,
# the order to the factory, the arrival of the goods, another purchase, holds
# that are paid and that expire, a cart, and a return.
#
#   ./demo.sh [--keep] [--no-install]
#
# Debian 12 or 13; missing packages need root or sudo.  --keep leaves the stack
# running.  The demo starts a new stack: it removes the content of stack/run.
set -u

top=$(dirname "$(readlink -f "$0")")
cd "$top" || exit 1
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

keep=no
install=yes
for argument in "$@"; do
    case $argument in
    --keep) keep=yes ;;
    --no-install) install=no ;;
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

AUTOSTOCK_STACK_DIR=${AUTOSTOCK_STACK_DIR:-$top/stack/run}
export AUTOSTOCK_STACK_DIR
stack=stack/stack
started=$(date +%s%N)

if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
tell()  { printf '  %s\n' "$*"; }
fail()  {
    printf '\ndemo failed: %s\n' "$*" >&2
    local part
    for part in nginx worker factory; do
        [ ! -s "$AUTOSTOCK_STACK_DIR/log/$part.log" ] || {
            printf -- '--- the last lines of %s\n' \
                "$AUTOSTOCK_STACK_DIR/log/$part.log"
            tail -n 8 "$AUTOSTOCK_STACK_DIR/log/$part.log"
        } >&2
    done
    exit 1
}

finish() {
    local rc=$?
    trap - EXIT INT TERM
    if [ $keep = no ] && [ -d "$AUTOSTOCK_STACK_DIR" ]; then
        $stack down > /dev/null 2>&1
    fi
    exit $rc
}
trap finish EXIT
trap 'exit 130' INT TERM

# --- the parts

if [ $install = yes ]; then
    title 'Packages'
    stack/install build run || fail 'not everything could be installed'
    tell 'all installed'
fi

title 'Build'
log=$(mktemp)
make -j"$(nproc)" all > "$log" 2>&1 \
    || { cat "$log" >&2; rm -f "$log"; fail 'make failed, see above'; }
rm -f "$log"
tell 'build/ngx_http_autostock_module.so, build/autostock-worker'

title 'The stack: database, SNS and SQS, factory, nginx, worker'
if [ -d "$AUTOSTOCK_STACK_DIR" ]; then
    $stack down --wipe > /dev/null || fail 'the old stack could not be removed'
fi
$stack up | sed 's/^/  /'
[ "${PIPESTATUS[0]}" = 0 ] || fail 'the stack did not come up, see above'
eval "$($stack env)"

# --- requests and orders

status='' body=''

request() {
    local answer
    answer=$(curl -s -m 10 -w '\n%{http_code}' "$@") \
        || fail "nginx does not answer: curl $*"
    status=${answer##*$'\n'}
    body=${answer%$'\n'*}
}

field() { jq -r "$1" <<< "$body"; }

expect_status() {
    [ "$status" = "$1" ] || fail "expected status $1, found $status: $body"
}

# An order's state, and the time of each state it has been in.
order_row() {
    $stack sql "SELECT state, quantity, received, BIN_TO_UUID(order_id),
        COALESCE(TIME(pending_at), '-'), COALESCE(TIME(published_at), '-'),
        COALESCE(TIME(requested_at), '-'), COALESCE(TIME(fulfilled_at), '-'),
        COALESCE(last_error, '-')
        FROM restock_order ORDER BY pending_at LIMIT 1"
}

order=() state=
read_order() {
    IFS=$'\t' read -r -a order <<< "$(order_row)"
    state=${order[0]-none}
}

rank() {
    case $1 in
    pending) echo 1 ;; published) echo 2 ;; requested) echo 3 ;;
    fulfilled) echo 4 ;; *) echo 0 ;;
    esac
}

# Waits until the order has reached the state.
wait_for_order() {
    local wanted=$1 end=$((SECONDS + $2))
    read_order
    while [ "$(rank "$state")" -lt "$(rank "$wanted")" ]; do
        case $state in
        failed | cancelled)
            fail "the order is $state: ${order[8]}" ;;
        esac
        [ $SECONDS -lt $end ] \
            || fail "the order is \"$state\" after $2 s, expected \"$wanted\""
        sleep 0.05
        read_order
    done
}

journal() {
    jq -c "select(.event == \"$1\")" "$FACTORY_JOURNAL" 2>/dev/null | tail -n 1
}

# --- the process

title 'The stock'
request "$AUTOSTOCK_URL/product/donut"
expect_status 200
[ "$(field .stock)" = 3 ] || fail "expected a stock of 3, found $body"
tell "GET /product/donut: $(field .name) ($(field .sku)), stock $(field .stock)"

title 'Four purchases'
for buyer in 1 2 3; do
    request -X POST "$AUTOSTOCK_URL/checkout"
    expect_status 200
    [ "$(field .stock)" = $((3 - buyer)) ] || fail "buyer $buyer: $body"
    tell "buyer $buyer: POST /checkout: 200 $(field .message)"
done
request -X POST "$AUTOSTOCK_URL/checkout"
expect_status 409
tell "buyer 4: POST /checkout: 409 $(field .message)"

title 'The order to the factory'
wait_for_order pending 5
tell "opened     ${order[4]}  ${order[3]}, ${order[1]} pieces, in the sale's" \
    'own transaction'
wait_for_order published 15
wait_for_order requested 20
tell "published  ${order[5]}  by the worker to SNS, and on to SQS"
tell "requested  ${order[6]}  from the factory, by the worker, which received" \
    'the message from SQS'
taken=$(journal request)
[ -n "$taken" ] || fail 'the factory has no request in its journal'
tell "           the factory: 201, id $(jq -r .id <<< "$taken"), " \
    "$(jq -r '.body.MessageAttributeProductCnt' <<< "$taken") pieces," \
    'in production for 4 seconds'

title 'The goods'
wait_for_order fulfilled 30
tell "fulfilled  ${order[7]}  by the factory's callback: ${order[2]} pieces booked"
[ "${order[2]}" = 10 ] || fail "expected 10 pieces, found ${order[2]}"
request "$AUTOSTOCK_URL/product/donut"
[ "$(field .stock)" = 10 ] || fail "expected a stock of 10, found $body"
tell "GET /product/donut: stock $(field .stock)"
request -X POST "$AUTOSTOCK_URL/checkout"
expect_status 200
[ "$(field .stock)" = 9 ] || fail "expected a stock of 9, found $body"
tell "buyer 5: POST /checkout: 200 $(field .message)"

title 'A hold that is paid'
request -d '{"quantity":2}' "$AUTOSTOCK_URL/hold"
expect_status 200
hold=$(field .hold_id)
tell "POST /hold, 2 pieces: 200 $(field .message), until $(field .expires_at)"
request "$AUTOSTOCK_URL/product/donut"
tell "GET /product/donut: stock $(field .stock), held $(field .held)"
request -d "{\"hold_id\":\"$hold\"}" "$AUTOSTOCK_URL/hold/confirm"
expect_status 200
[ "$(field .sale_id)" = "$hold" ] || fail "expected the sale $hold, found $body"
tell "POST /hold/confirm: 200 $(field .message), sale $hold"

title 'A hold that expires'
request -d '{"seconds":2}' "$AUTOSTOCK_URL/hold"
expect_status 200
[ "$(field '.lines[0].stock')" = 6 ] || fail "expected a stock of 6, found $body"
unpaid=$(field .hold_id)
tell "POST /hold, 1 piece for 2 seconds: 200 $(field .message)"
deadline=$((SECONDS + 15))
until request "$AUTOSTOCK_URL/product/donut"; [ "$(field .stock)" = 7 ]; do
    [ $SECONDS -lt $deadline ] || fail "the hold does not expire: $body"
    sleep 0.2
done
tell 'expired: the worker put its piece back'
request -d "{\"hold_id\":\"$unpaid\"}" "$AUTOSTOCK_URL/hold/confirm"
expect_status 409
tell "POST /hold/confirm: 409 $(field .message)"

title 'A cart'
$stack sql "INSERT INTO product (product_id, sku, name, price, stock,
        factory_id, ad_id)
    SELECT UUID_TO_BIN('213175b4-c9bf-11ec-a849-0a5824c89b03'), 'CP-502102',
        '김해도너츠', 9900, 5, factory_id, ad_id FROM product" > /dev/null \
    || fail 'the second product could not be inserted'
cart='{"lines":[{"sku":"CP-502101","quantity":2},{"sku":"CP-502102","quantity":%d}]}'
request -d "$(printf "$cart" 6)" "$AUTOSTOCK_URL/checkout"
expect_status 409
tell "2 of CP-502101 and 6 of CP-502102: 409 $(field .message) stock" \
    "$(field '.lines[] | "\(.stock) of \(.sku)"')"
request -d "$(printf "$cart" 3)" "$AUTOSTOCK_URL/checkout"
expect_status 200
cart=$(field .sale_id)
tell "2 of CP-502101 and 3 of CP-502102: 200 $(field .message) left" \
    "$(field '[.lines[] | "\(.stock) of \(.sku)"] | join(", ")')"

title 'A return'
request -d "{\"sale_id\":\"$cart\",\"lines\":[{\"sku\":\"CP-502101\"}]}" \
    "$AUTOSTOCK_URL/return"
expect_status 200
[ "$(field '.lines[0].stock')" = 6 ] || fail "expected a stock of 6, found $body"
tell "POST /return, 1 of CP-502101: 200 $(field .message)"
request -d "{\"sale_id\":\"$cart\",\"lines\":[{\"sku\":\"CP-502101\",\"quantity\":2}]}" \
    "$AUTOSTOCK_URL/return"
expect_status 409
tell "POST /return, 2 of CP-502101: 409 $(field .message) left" \
    "$(field '.lines[0].left')"

title 'Stock and ledger'
ledger=$($stack sql "SELECT p.stock, SUM(m.quantity), SUM(m.quantity <> 0)
    FROM product p JOIN stock_movement m USING (product_id)
    WHERE p.sku = 'CP-502101' GROUP BY p.product_id, p.stock")
IFS=$'\t' read -r stock sum movements <<< "$ledger"
[ "$stock" = "$sum" ] || fail "stock $stock, but its movements sum to $sum"
[ "$movements" = 11 ] || fail "expected 11 movements, found $movements"
tell "stock $stock = opening 3 - 4 sales + 10 received - 2 paid - 1 held" \
    '+ 1 expired - 2 in a cart + 1 returned:'
tell "$movements movements, each booked once"

title 'By hand'
if [ $keep = yes ]; then
    tell 'The stack continues to run:'
    cat <<END
    curl $AUTOSTOCK_URL/product/donut
    curl -X POST $AUTOSTOCK_URL/checkout
    curl -X POST -H 'Idempotency-Key: 1' -d '{"quantity":2}' $AUTOSTOCK_URL/checkout
    curl -d '{"seconds":60}' $AUTOSTOCK_URL/hold
    curl $AUTOSTOCK_URL/autostock/status
    stack/stack status            shows which parts run
    stack/stack logs worker -f    follows the worker's log
    stack/stack sql               opens a session of the database
    stack/stack down              stops the stack

  The shop           $AUTOSTOCK_URL
  SNS and SQS        $AWS_ENDPOINT_URL
  The factory        $FACTORY_API_URL
  The database       $DB_SOCKET, 127.0.0.1:$DB_PORT
END
else
    tell 'The stack stops now.  "./demo.sh --keep" leaves it running, and prints'
    tell 'its addresses.'
fi

printf '\nthe demo took %d s\n' $((($(date +%s%N) - started) / 1000000000))
trap - EXIT
if [ $keep = no ]; then
    $stack down > /dev/null || fail 'the stack did not go down'
fi
echo 'demo ok'
