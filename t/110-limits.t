# Limits of pool, backlog and time: beyond them 503 with Retry-After.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub locked {
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows('SELECT stock FROM product FOR UPDATE');
    return $lock;
}

sub sessions {
    return sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
        . " WHERE db = '" . db->{name} . "'") - 1;
}

sub answer_of {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

run_tests();

__DATA__

=== TEST 1: the backlog is full: 503 at once, and who waits is served
--- database
pool_size 1;
backlog 5;
--- drive
my $lock = locked();
my $first = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
my @waiting = map { http_open(POST => '/checkout', '{}') } 1 .. 5;
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 6 };
my $over = http(POST => '/checkout', '{}');
is($over->{code}, 503, 'over it');
like($over->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
problem_is($over->{body}, 503, 'body');
cmp_ok($over->{time}, '<', 0.5, 'at once');
$lock->run('COMMIT');
my @codes = map { answer_of($_)->{code} } $first, @waiting;
is("@codes", '200 200 200 409 409 409', 'who waited');
is(http(GET => '/product/donut')->{code}, 200, 'and after it');



=== TEST 2: no more connections than the pool's size
--- database
pool_size 2;
--- drive
http_all(map { ([GET => "/product/N-$_"], [POST => '/checkout', '{}']) } 1 .. 100);
cmp_ok(sessions(), '<=', 2, 'sessions');
cmp_ok(sessions(), '>=', 1, 'kept');



=== TEST 3: a pool of one serves everything
--- database
pool_size 1;
--- orders
1 CP-502101 requested 10
--- drive
my @answers = http_all([POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}'],
    map { ([POST => '/checkout', '{}'], [GET => '/product/donut']) } 1 .. 30);
is(scalar(grep { $_->{code} !~ /^(?:200|409)$/ } @answers), 0, 'no error');
is(sessions(), 1, 'one session');



=== TEST 4: idle connections are closed in time
--- database
idle_timeout 300ms;
--- drive
http(GET => '/product/donut');
cmp_ok(sessions(), '>=', 1, 'open');
ok(wait_for(sub { sessions() == 0 }), 'closed');
is(http(GET => '/product/donut')->{code}, 200, 'opened again');



=== TEST 5: old connections are replaced
--- database
lifetime 200ms;
pool_size 1;
--- drive
my %ids;
for (1 .. 6) {
    is(http(GET => '/product/donut')->{code}, 200, 'found');
    $ids{$_}++ for map { $_->[0] } @{ db->main->rows('SELECT id FROM'
        . " information_schema.PROCESSLIST WHERE db = '" . db->{name}
        . "' AND id <> CONNECTION_ID()") };
    select undef, undef, undef, 0.1;
}
cmp_ok(scalar(keys %ids), '>', 1, 'more than one session');



=== TEST 6: a locked row: 503 by the deadline, and nothing sold behind it
--- database
query_timeout 600ms;
--- shop
autostock_timeout 1s;
--- errors
--- drive
my $lock = locked();
my $answer = http(POST => '/checkout', '{}');
is($answer->{code}, 503, 'code');
cmp_ok($answer->{time}, '<', 2.5, 'in time');
$lock->run('COMMIT');
my $id = $answer->{json}{sale_id};
ok(wait_for(sub { http(POST => '/checkout', '{"quantity":3}')->{code} == 200 }),
    'all three are still there') unless $id;



=== TEST 7: a short lock is waited for
--- drive
my $lock = locked();
my $client = http_open(POST => '/checkout', '{}');
select undef, undef, undef, 0.3;
$lock->run('COMMIT');
is(answer_of($client)->{code}, 200, 'sold');



=== TEST 8: a deadlock with an outside session is run again
--- products
A-1|a1|1|10
B-1|b1|1|10
--- errors
--- drive
my @ids = map { $_->[0] } @{ db->main->rows("SELECT HEX(product_id)"
    . " FROM product WHERE sku <> 'CP-502101' ORDER BY product_id DESC") };
http(POST => '/any', qq({"sku":"$_"})) for 'A-1', 'B-1';
my $bad = 0;
for my $round (1 .. 4) {
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->run("UPDATE product SET price = price + 1 WHERE product_id = x'$ids[0]'");
    my @clients = map { http_open(POST => '/any', qq({"sku":"$_"})) }
        'A-1', 'B-1', 'A-1', 'B-1';
    wait_for { lock_waits() };
    eval { $lock->run("UPDATE product SET price = price + 1"
        . " WHERE product_id = x'$ids[1]'"); $lock->run('COMMIT') };
    eval { $lock->run('ROLLBACK') };
    $bad += grep { answer_of($_)->{code} !~ /^(?:200|409)$/ } @clients;
}
is($bad, 0, 'all answered');
--- sql_check
SELECT sku, stock FROM product WHERE sku <> 'CP-502101' ORDER BY sku
--- sql_expect
A-1 1
B-1 1



=== TEST 9: a worker's connections to nginx do not run out by refusals
--- database
backlog 1;
pool_size 1;
--- drive
my @answers = http_all(map { [POST => '/checkout', '{}'] } 1 .. 300);
my %codes;
$codes{$_->{code}}++ for @answers;
is($codes{0} // 0, 0, 'every one is answered');
is($codes{200}, 3, 'three are sold');



=== TEST 10: each location has its own timeout, also after another's request
--- shop
autostock_timeout 8s;
--- config
    location = /patient { autostock_sku CP-502101; autostock_checkout; }
    location = /hasty {
        autostock_timeout 500ms;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- errors
--- drive
is(http(POST => '/hasty', '{}')->{code}, 200, 'warm');
my $lock = locked();
my $patient = http_open(POST => '/patient', '{}');
wait_for { lock_waits() };
my $hasty = http(POST => '/hasty', '{}');
is($hasty->{code}, 503, 'refused');
cmp_ok($hasty->{time}, '<', 2, 'in its own time');
$lock->run('COMMIT');
is(answer_of($patient)->{code}, 200, 'the one with time left is served');



=== TEST 11: a lone buyer does not wait behind another product's lock
--- products
TEA-1|tea|10|1000
--- drive
http(POST => '/any', qq({"sku":"$_"})) for 'CP-502101', 'TEA-1';
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE");
my $stuck = http_open(POST => '/any', '{"sku":"CP-502101"}');
my $tea = http_open(POST => '/any', '{"sku":"TEA-1"}');
is(answer_of($tea)->{code}, 200, 'sold');
ok(wait_for(sub { lock_waits() }), 'while the other waits');
$lock->run('COMMIT');
is(answer_of($stuck)->{code}, 200, 'which is served then');



=== TEST 12: of two connections one is for look-ups, whatever the sales wait for
--- database
pool_size 2;
--- drive
http(POST => '/checkout', '{}');
my $lock = locked();
my @stuck;
for (1 .. 2) {
    push @stuck, http_open(POST => '/checkout', '{}');
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= @stuck };
    select undef, undef, undef, 0.05;
}
for (1 .. 20) {
    my $answer = http(GET => '/product/donut');
    is($answer->{code}, 200, 'found');
    cmp_ok($answer->{time}, '<', 0.5, 'at once');
}
$lock->run('COMMIT');
is(join(' ', map { answer_of($_)->{code} } @stuck), '200 200', 'then sold');



=== TEST 13: of three, sales keep no receipt of another product from its one
--- products
TEA-1|tea|10|1000
--- orders
1 TEA-1 requested 10
--- database
pool_size 3;
--- drive
http(POST => '/checkout', '{}');
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE");
my @stuck;
for (1 .. 2) {
    push @stuck, http_open(POST => '/checkout', '{}');
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= @stuck };
    select undef, undef, undef, 0.05;
}
my $answer = http(POST => '/product/TEA-1?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
is($answer->{code}, 200, 'booked');
cmp_ok($answer->{time}, '<', 0.5, 'at once');
$lock->run('COMMIT');
is(join(' ', map { answer_of($_)->{code} } @stuck), '200 200', 'then sold');
