# Checkouts as subrequests of njs and Lua.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $Modules = '/usr/lib/nginx/modules';

# Another nginx, for example one built with sanitizers, cannot load Debian's
# modules.
plan(skip_all => 'needs the nginx of Debian')
    unless $ENV{TEST_NGINX_LOAD_MODULES};

write_file(tmp() . '/shop.js', <<'END');
function body(r) {
    return r.args.sku ? JSON.stringify({ sku: r.args.sku, quantity: 2 })
                      : r.requestText;
}

async function order(r) {
    const answer = await r.subrequest('/internal/checkout',
        { method: 'POST', body: body(r) });
    r.headersOut['X-Type'] = answer.headersOut['Content-Type'];
    r.return(answer.status, answer.responseText);
}

async function three(r) {
    const answers = await Promise.all([1, 2, 4].map(n => r.subrequest(
        '/internal/checkout', { method: 'POST', body: `{"quantity":${n}}` })));
    r.return(200, answers.map(a => a.status).join(' '));
}

function detached(r) {
    r.subrequest('/internal/checkout', { method: 'POST', body: '{}',
        detached: true });
    r.return(200, 'gone');
}

export default { order, three, detached };
END

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => CORE::join '', map
        "load_module $Modules/$_.so;\n", qw( ndk_http_module
            ngx_http_lua_module ngx_http_js_module ));
    $block->set_value(http_config => ($block->http_config // '')
        . "lua_package_path '/usr/share/lua/5.1/?.lua;;';\n"
        . 'js_path "' . tmp() . "\";\njs_import shop from shop.js;\n");
    $block->set_value(config => ($block->config // '') . <<'END');
location = /internal/checkout {
    internal;
    autostock_sku CP-502101;
    autostock_subrequest on;
    autostock_checkout;
}
location = /internal/off { autostock_sku CP-502101; autostock_checkout; }
location = /js { client_body_buffer_size 8k; js_content shop.order; }
location = /three { js_content shop.three; }
location = /detached { js_content shop.detached; }
location = /lua {
    content_by_lua_block {
        ngx.req.read_body()
        local answer = ngx.location.capture(ngx.var.arg_to
            or "/internal/checkout", { method = ngx.HTTP_POST,
            body = ngx.var.arg_body and ngx.unescape_uri(ngx.var.arg_body) })
        ngx.status = answer.status
        ngx.print(answer.body)
    }
}
END
});

run_tests();

__DATA__

=== TEST 1: njs sells, with a body of its own
--- drive
my $answer = http(GET => '/js?sku=CP-502101');
is($answer->{code}, 200, 'sold');
is($answer->{json}{stock}, 1, 'two pieces');
is($answer->{headers}{'x-type'}, 'application/json', 'its type');
$answer = http(GET => '/js?sku=CP-502101');
is($answer->{code}, 409, 'then it is refused');
problem_is($answer->{body}, 409, 'with the whole problem');



=== TEST 2: Lua sells, with a body of its own or the client's
--- drive
my $answer = http(GET => '/lua?body=%7B%22quantity%22%3A2%7D');
is("$answer->{code} $answer->{json}{stock}", '200 1', 'its own');
$answer = http(POST => '/lua', '{"quantity":1}');
is("$answer->{code} $answer->{json}{stock}", '200 0', 'the client\'s');
is(http(POST => '/lua', '{"quantity":0}')->{code}, 400, 'a wrong one');



=== TEST 3: many at once, each with its own answer
--- drive
is(http(GET => '/three')->{body}, '200 200 409', 'three of one request');
my @answers = http_all(map { [GET => '/js?sku=none'] } 1 .. 20);
is(scalar(grep { $_->{code} == 404 } @answers), 20, 'no such product');



=== TEST 4: the client's Idempotency-Key
--- drive
my $first = http(POST => '/lua', '{}', 'Idempotency-Key' => 'k');
my $again = http(POST => '/js', '{}', 'Idempotency-Key' => 'k');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'one sale');



=== TEST 5: a client that leaves
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(GET => '/js?sku=CP-502101');
wait_for { lock_waits() };
http_close($client);
$lock->run('ROLLBACK');
ok(wait_for(sub { db->value('SELECT stock FROM product') == 1 }), 'is sold to');
is(http(GET => '/alive')->{code}, 200, 'nginx goes on');



=== TEST 6: off by default
--- errors
--- drive
is(http(POST => '/lua?to=/internal/off', '{}')->{code}, 500, 'refused');
like(error_log(), qr/not a checkout.*: "autostock_subrequest" is off/, 'why');
is(db->value('SELECT stock FROM product'), 3, 'nothing is sold');



=== TEST 7: whose answer no client sees
--- config
location = /mirrored { mirror /internal/checkout; return 204; }
location = /proxied { mirror /internal/checkout; proxy_pass $alive; }
set $alive http://127.0.0.1:$TEST_NGINX_SERVER_PORT/alive;
--- errors
--- drive
is(http(POST => '/proxied', '{}')->{code}, 200, 'a mirror');
is(http(GET => '/detached')->{body}, 'gone', 'detached in njs');
ok(wait_for(sub { 2 == (() = error_log()
    =~ /whose caller does not see the answer/g) }), 'both are refused');
is(db->value('SELECT stock FROM product'), 3, 'nothing is sold');



=== TEST 8: a body in a file
--- errors
--- shop
client_body_in_file_only clean;
--- drive
is(http(POST => '/lua', '{}')->{code}, 500, 'refused');
like(error_log(), qr/whose body is in a file/, 'why');
is(http(GET => '/lua?body=%7B%7D')->{code}, 200, 'a body of the script is not');
