# Several servers in one autostock_database: fail-over, fail-back, and sales in
# doubt.  Two proxies act as two servers of one database, as in a cluster;
# t/107-replication.t has separate servers.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;
use IO::Select ();
use Time::HiRes ();

our @Proxy = map { Autostock::Proxy->new(to => default_server()) } 1 .. 2;
our $Looks;
our @At = map { $_->server } @Proxy;

sub first  { return $Proxy[0]->tell(join ' ', @_) }
sub second { return $Proxy[1]->tell(join ' ', @_) }
sub sell   { return http(POST => '/checkout', '{}', @_) }
sub dies   { $Proxy[$_[0]]->tell('refuse'); $Proxy[$_[0]]->tell('cut') }

# The lines of the log about the servers, without their common parts.
sub told {
    return map { s/\Q$At[0]\E/FIRST/g; s/\Q$At[1]\E/SECOND/g; $_ }
        error_log() =~ /\[(?:error|warn|notice)\] [^\n]*"shop":
            [ ]((?:server|sales[ ]use|look-ups[ ]use)[ ][^\n]*)/xg;
}

# The database block with its servers and other directives.
sub servers {
    my ($first, $second, %over) = @_;
    return "server $At[0]" . ($first ? " $first" : '') . "; server $At[1]"
        . ($second ? " $second" : '') . ";\n"
        . join '', map { "$_ $over{$_};\n" } sort keys %over;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $_->tell('pass') for @Proxy;
    $block->set_value(errors => '');
});

run_tests();

__DATA__

=== TEST 1: the first one is used, and nothing is logged
--- post_setup_server_root
$::Looks = main::second('count');
--- database eval
main::servers('', 'backup')
--- drive
is(sell()->{code}, 200, 'sold');
is(http(GET => '/product/donut')->{code}, 200, 'found');
is(CORE::join(' ', told()), '', 'nothing is logged');
cmp_ok(second('count') - $::Looks, '<=', 1, 'the second is looked at only');



=== TEST 2: out of reach at start: the second is used
--- post_setup_server_root
main::dies(0);
--- database eval
main::servers()
--- drive
is(sell()->{code}, 200, 'sold');
is(http(GET => '/product/donut')->{code}, 200, 'found');
is_deeply([told()], ['server FIRST is not used for sales: it cannot be reached',
    'sales use server SECOND, not FIRST: it cannot be reached'], 'logged once');



=== TEST 3: the first dies between two requests: no client sees it
--- database eval
main::servers('', 'backup')
--- drive
is(sell()->{code}, 200, 'sold at the first');
dies(0);
is(sell()->{code}, 200, 'at the second');
is(http(GET => '/product/donut')->{json}{stock}, 1, 'look-ups, too');
is(sell()->{code}, 200, 'and again');
is(sell()->{code}, 409, 'sold out');
is_deeply([told()], ['server FIRST is not used for sales: it cannot be reached',
    'sales use server SECOND, not FIRST: it cannot be reached'], 'logged once');
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 4: under way, before COMMIT: it is sold elsewhere, once
--- database eval
main::servers('', 'backup')
--- drive
http(GET => '/product/donut');
first('match FOR UPDATE');
first('hold 1');
my $client = http_open(POST => '/checkout', '{"quantity":3}');
wait_for { first('held') == 1 };
first('refuse'); first('cut');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 200, 'sold');
unlike(error_log(), qr/in doubt/, 'without a doubt');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 5: the answer to COMMIT is lost, with a synchronous replication: the
other server tells
--- database eval
main::servers('', 'backup', replication => 'synchronous')
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
is(sell('Idempotency-Key' => 'k5')->{code}, 200, 'sold, once');
like(error_log(), qr/is in doubt/, 'it was in doubt');
is(sell('Idempotency-Key' => 'k5')->{headers}{'idempotency-replayed'}, 'true',
    'a replay');
--- sql_check
SELECT stock FROM product
--- sql_expect
2



=== TEST 6: the same by default: the outcome is unknown, and never "failed"
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 1s;
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
my $answer = sell('Idempotency-Key' => 'k6');
is($answer->{code}, 503, 'not known');
like($answer->{json}{type}, qr/outcome-unknown/, 'and says so');
is(sell()->{code}, 200, 'other sales go on at the second');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 7: the same, and the first server comes back before the deadline
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 10s;
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
my $client = http_open(POST => '/checkout', '{}');
ok(wait_for(sub { error_log() =~ /is in doubt/ }), 'in doubt');
is(sell()->{code}, 200, 'other sales go on at the second');
ok(!IO::Select->new($client->{socket})->can_read(0.5), 'no answer elsewhere');
first('pass');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 200, 'resolved where it was sent to');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 8: a settlement in doubt: by default it is not resolved elsewhere
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 1s;
--- holds
1 CP-502101:1
2 CP-502101:1
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
my $answer = http(POST => '/hold/confirm', '{"hold_id":"' . hold_id(1) . '"}');
is($answer->{code}, 503, 'not known');
like($answer->{json}{type}, qr/outcome-unknown/, 'and says so');
is(http(POST => '/hold/confirm', '{"hold_id":"' . hold_id(2) . '"}')->{code},
    200, 'others go on');



=== TEST 9: with a synchronous replication it is
--- database eval
main::servers('', 'backup', replication => 'synchronous')
--- holds
1 CP-502101:1
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
is(http(POST => '/hold/confirm', '{"hold_id":"' . hold_id(1) . '"}')->{code},
    200, 'confirmed');



=== TEST 10: a receipt in doubt waits for its server, and is booked once
--- database eval
main::servers('', 'backup')
--- shop
autostock_restock_timeout 10s;
--- orders
1 CP-502101 requested 10
--- drive
http(GET => '/product/donut');
first('commits');
first('lose 1');
first('refuse');
my $client = http_open(POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
ok(wait_for(sub { error_log() =~ /sales use server/ }), 'another server');
is(sell()->{code}, 200, 'sales go on');
ok(!IO::Select->new($client->{socket})->can_read(0.5), 'not booked elsewhere');
first('pass');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 200, 'booked');
--- sql_check
SELECT stock FROM product
--- sql_expect
12



=== TEST 11: a server that accepts and says nothing
--- post_setup_server_root
main::first('mute');
--- database eval
main::servers('', 'backup', connect_timeout => '300ms')
--- shop
autostock_timeout 3s;
--- drive
my $answer = sell();
is($answer->{code}, 200, 'sold within the deadline');
cmp_ok($answer->{time}, '<', 2, 'after connect_timeout');
is(sell()->{time} < 0.5, 1, 'the next one at once');
first('pass'); first('cut');



=== TEST 12: a server that stops in the middle is left before query_timeout
--- database eval
main::servers('', 'backup', replication => 'synchronous',
    connect_timeout => '300ms', query_timeout => '20s')
--- shop
autostock_timeout 10s;
--- drive
is(sell()->{code}, 200, 'sold');
first('stall');
my $answer = sell();
is($answer->{code}, 200, 'sold at the second');
cmp_ok($answer->{time}, '<', 8, 'before the deadline');
like(CORE::join("\n", told()), qr/FIRST is not used for sales: it (?:cannot|does not)/, 'told');
first('pass'); first('cut');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 13: used again after fail_timeout without a failure, not before
--- database eval
main::servers('fail_timeout=500ms', 'backup')
--- sql_before
UPDATE product SET stock = 1000;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', 997 FROM product;
--- drive
is(sell()->{code}, 200, 'sold');
dies(0);
is(sell()->{code}, 200, 'at the second');
first('pass');
my $start = Time::HiRes::time();
wait_for { sell(); error_log() =~ /usable for long enough/ } 8;
cmp_ok(Time::HiRes::time() - $start, '>', 0.9, 'fail_timeout, doubled');
my ($again) = grep { /enough/ } told();
is($again, 'sales use server FIRST again, not SECOND: it was usable for long'
    . ' enough', 'told');
is(sell()->{code}, 200, 'sold');
is(scalar(() = error_log() =~ /sales use server/g), 2, 'two changes');



=== TEST 14: a server that comes and goes changes little, and costs no sale
--- database eval
main::servers('fail_timeout=200ms', 'backup', replication => 'synchronous')
--- timeout: 30
--- sql_before
UPDATE product SET stock = 1000000;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', 999997 FROM product;
--- drive
my ($codes, $up) = ({}, 1);
my $end = Time::HiRes::time() + 8;
my $next = 0;
while (Time::HiRes::time() < $end) {
    if (Time::HiRes::time() > $next) {
        $up = !$up;
        $up ? first('pass') : dies(0);
        $next = Time::HiRes::time() + 0.3;
    }
    $codes->{sell()->{code}}++;
}
first('pass');
is_deeply([keys %$codes], [200], 'all are sold') or diag explain $codes;
cmp_ok(scalar(() = error_log() =~ /sales use server/g), '<=', 6, 'changes');



=== TEST 15: both are out of reach: a definite 503 at once, then back by itself
--- database eval
main::servers('', 'backup')
--- drive
is(sell()->{code}, 200, 'sold');
dies(0); dies(1);
my $answer = sell();
is($answer->{code}, 503, 'code');
unlike($answer->{json}{type}, qr/unknown/, 'nothing was done');
cmp_ok($answer->{time}, '<', 1.5, 'soon');
wait_for { sell(); 0 } 1;
cmp_ok(scalar(my @lines = told()), '<=', 4, 'few lines');
second('pass');
ok(wait_for(sub { sell()->{code} == 200 }), 'back at the second');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 16: max_fails: attempts, while the request waits
--- database eval
main::servers('max_fails=4', 'backup')
--- drive
is(sell()->{code}, 200, 'sold');
dies(0);
my $before = first('count');
is(sell()->{code}, 200, 'sold at the second');
cmp_ok(first('count') - $before, '>=', 4, 'attempts at the first');



=== TEST 17: max_fails=0: a server that cannot be reached stays in use
--- database eval
main::servers('max_fails=0', 'backup')
--- shop
autostock_timeout 1s;
--- drive
is(sell()->{code}, 200, 'sold');
dies(0);
is(sell()->{code}, 503, 'no other server');
first('pass');
ok(wait_for(sub { sell()->{code} == 200 }), 'back');
is(scalar(my @lines = told()), 0, 'no change');



=== TEST 18: a killed session is no reason to leave its server
--- database eval
main::servers('', 'backup')
--- drive
for (1 .. 3) {
    is(sell()->{code}, 200, 'sold');
    first('cut');
}
is(scalar(my @lines = told()), 0, 'no change');



=== TEST 19: a worker process quits while a server is looked at
--- post_setup_server_root
main::second('mute');
--- database eval
main::servers('', 'backup', connect_timeout => '20s')
--- drive
is(sell()->{code}, 200, 'sold');
ok(wait_for(sub { second('open') == 1 }), 'the second is looked at');
my ($worker) = workers_of(master_pid());
kill QUIT => $worker;
ok(wait_for(sub { !kill 0, $worker }, 3), 'it has ended');
second('cut'); second('pass');



=== TEST 20: all flights in doubt on a server that died: the requests that wait
and new ones go on at the second at once
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 10s;
--- sql_before
UPDATE product SET stock = 10;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', 7 FROM product;
--- drive
http(GET => '/product/donut');
first('commits');
first('hold 2');
my @doubt;
for my $n (1 .. 2) {
    push @doubt, http_open(POST => '/checkout', '{}');
    ok(wait_for(sub { first('held') == $n }), "COMMIT $n is under way");
}
my $queued = http_open(POST => '/checkout', '{}');
ok(wait_for(sub { status_counter(qr/^autostock_waiting\{/)
    == 1 }), 'the next one waits');
dies(0);
ok(IO::Select->new($queued->{socket})->can_read(3), 'it goes on');
wait_for { sysread($queued->{socket}, $queued->{raw}, 65536) };
is(http_close($queued)->{code}, 200, 'sold at the second');
my $answer = sell();
is($answer->{code}, 200, 'a new one, too');
cmp_ok($answer->{time}, '<', 1, 'at once');
is(scalar(() = error_log() =~ /is in doubt/g), 2, 'two are in doubt');
ok(!IO::Select->new($_->{socket})->can_read(0), 'no answer') for @doubt;
first('pass');
for (@doubt) {
    my $client = $_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    is(http_close($client)->{code}, 200, 'resolved where it was sent to');
}
--- sql_check
SELECT stock FROM product
--- sql_expect
6



=== TEST 21: the same with settlements
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 10s;
--- holds
1 CP-502101:1
2 CP-502101:1
3 CP-502101:1
--- drive
my $confirm = sub { return (POST => '/hold/confirm',
    '{"hold_id":"' . hold_id(shift) . '"}') };
http(GET => '/product/donut');
first('commits');
first('hold 2');
my @doubt;
for my $n (1 .. 2) {
    push @doubt, http_open($confirm->($n));
    ok(wait_for(sub { first('held') == $n }), "COMMIT $n is under way");
}
dies(0);
ok(wait_for(sub { (() = error_log() =~ /is in doubt/g) == 2 }), 'in doubt');
my $answer = http($confirm->(3));
is($answer->{code}, 200, 'the next one goes on at the second');
cmp_ok($answer->{time}, '<', 2, 'at once');
first('pass');
for my $client (@doubt) {
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    is(http_close($client)->{code}, 200, 'resolved where it was sent to');
}
