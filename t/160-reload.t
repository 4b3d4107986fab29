# Reload and quit: nginx answers the requests that it has read, sells nothing
# twice, and its old worker processes exit.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;
use IO::Select;

sub locked {
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows('SELECT stock FROM product FOR UPDATE');
    return $lock;
}

sub answer_of {
    my ($client) = @_;
    sysread($client->{socket}, $client->{raw}, 65536)
        if IO::Select->new($client->{socket})->can_read(10);
    return http_close($client);
}

sub sessions {
    return sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
        . " WHERE db = '" . db->{name} . "'") - 1;
}

run_tests();

__DATA__

=== TEST 1: in flight and waiting during a reload: all are answered
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- drive
my $lock = locked();
my $first = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
my @clients = map { http_open(POST => '/checkout', '{}') } 1 .. 20;
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 21 };
my %old = map { $_ => 1 } workers_of(master_pid());
reload();
ok((grep { $old{$_} } workers_of(master_pid())), 'the old worker waits');
$lock->run('COMMIT');
is(scalar(grep { answer_of($_)->{code} == 200 } $first, @clients), 21, 'sold');
ok(wait_for(sub { !grep { $old{$_} } workers_of(master_pid()) }, 8),
    'the old worker goes');
is(http(POST => '/checkout', '{}')->{code}, 200, 'the new one sells');
--- sql_check
SELECT stock FROM product
--- sql_expect
78



=== TEST 2: an idle worker goes at once, its connections with it
--- drive
is(http(POST => '/checkout', '{}')->{code}, 200, 'sold');
my %old = map { $_ => 1 } workers_of(master_pid());
reload();
ok(wait_for(sub { !grep { $old{$_} } workers_of(master_pid()) }, 3), 'gone');
cmp_ok(sessions(), '<=', 1, 'sessions');
is(http(POST => '/checkout', '{}')->{code}, 200, 'sold');



=== TEST 3: reloads under load: one answer a request, one sale a 200
--- sql_before
UPDATE stock_movement SET quantity = 5000;
UPDATE product SET stock = 5000;
--- drive
my ($sold, $none, $other) = (0, 0, 0);
for my $round (1 .. 6) {
    kill HUP => master_pid();
    for (1 .. 8) {
        my @answers = http_all(map { [POST => '/checkout', '{}'] } 1 .. 25);
        $_->{code} == 200 ? $sold++ : $_->{code} ? $other++ : $none++
            for @answers;
    }
}
is($other, 0, 'no error');
is($sold + $none, 1200, "all accounted for ($none without an answer)");
my $ledger = sql("SELECT -SUM(quantity) FROM stock_movement"
    . " WHERE kind = 'sale'") + 0;
cmp_ok($ledger, '>=', $sold, 'ledger');
cmp_ok($ledger, '<=', $sold + $none, 'ledger');
is($none, 0, 'no request that was sent is lost');



=== TEST 4: a keyed sale in flight, the same key at the new worker
--- drive
my $lock = locked();
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1');
my $first = http_open(@ask);
wait_for { lock_waits() };
reload();
my $second = http_open(@ask);
select undef, undef, undef, 0.2;
$lock->run('COMMIT');
my @answers = map { answer_of($_) } $first, $second;
is(join(' ', map { $_->{code} } @answers), '200 200', 'both');
is($answers[0]{json}{sale_id}, $answers[1]{json}{sale_id}, 'one sale');
--- sql_check
SELECT stock FROM product
--- sql_expect
2



=== TEST 5: a worker killed: another takes its place, the books agree
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- error_log eval
qr/\[alert\] .* exited on signal 9/
--- no_error_log
[emerg]
--- drive
for (1 .. 5) {
    my @clients = map { http_open(POST => '/checkout', '{}') } 1 .. 10;
    kill KILL => workers_of(master_pid());
    answer_of($_) for @clients;
    ok(wait_for(sub { eval { http(POST => '/checkout', '{}')->{code} == 200 } }),
        'sold');
}
my $log = error_log();
unlike($log, qr/exited on signal (?!9)/, 'only by the test');
--- allow_log: exited on signal 9



=== TEST 6: a callback in flight at quit is booked
--- orders
1 CP-502101 requested 10
--- drive
my $lock = locked();
my $client = http_open(POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
wait_for { lock_waits() };
kill QUIT => master_pid();
select undef, undef, undef, 0.3;
$lock->run('COMMIT');
is(answer_of($client)->{code}, 200, 'answered');
--- sql_check
SELECT state, received FROM restock_order
--- sql_expect
fulfilled 10
