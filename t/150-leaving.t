# Clients that close at any moment: stock and ledger stay consistent, and other
# clients are not affected.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());

sub proxy { return $Proxy->tell(join ' ', @_) }

sub locked {
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows('SELECT stock FROM product FOR UPDATE');
    return $lock;
}

sub answer_of {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

run_tests();

__DATA__

=== TEST 1: one whose sale is in the database already: it is sold
--- drive
my $lock = locked();
my $client = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { sql('SELECT stock FROM product') == 2 }), 'sold');
ok(wait_for(sub { status_counter(qr/^autostock_sales_total/) == 1 }),
    'and counted');
is(status_counter(qr/^autostock_sold_pieces_total/), 1, 'with its piece');
is(http(POST => '/checkout', '{}')->{json}{stock}, 1, 'the next is served');



=== TEST 2: those who still wait and leave are not sold to
--- database
pool_size 1;
--- drive
my $lock = locked();
my $first = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
my @leaving = map { http_open(POST => '/checkout', '{}') } 1 .. 20;
my $last = http_open(POST => '/checkout', '{}');
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 22 };
http_close($_) for @leaving;
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) <= 2 };
$lock->run('COMMIT');
is(answer_of($first)->{code}, 200, 'the first');
is(answer_of($last)->{code}, 200, 'the last');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 3: some of a batch leave in mid-flight: each other his own answer
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- database eval
"server " . $::Proxy->server . ";\npool_size 1;"
--- drive
for my $round (1 .. 3) {
    proxy('commits');
    proxy('hold 1');
    my $first = http_open(POST => '/checkout', '{}');
    wait_for { proxy('held') == 1 };
    my @clients = map { http_open(POST => '/checkout', qq({"quantity":$_})) }
        1 .. 6;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 7 };
    proxy('hold 1');
    proxy('release');
    is(answer_of($first)->{code}, 200, 'the first');
    ok(wait_for(sub { proxy('held') == 1 }), 'the six are under way');
    http_close(splice @clients, $_, 1) for 4, 2, 0;
    select undef, undef, undef, 0.1;
    proxy('release');
    is(join(' ', map { my $a = answer_of($_); $a->{json}{quantity} // 'none' }
        @clients), '2 4 6', 'the others');
}
--- sql_check
SELECT stock IN (34, 43, 52, 61) FROM product
--- sql_expect
1



=== TEST 4: a storm of clients that leave at once
--- sql_before
UPDATE stock_movement SET quantity = 1000;
UPDATE product SET stock = 1000;
--- drive
for my $round (1 .. 10) {
    my @clients = map { http_open(POST => '/checkout', '{}',
        $_ % 3 ? () : ('Idempotency-Key' => "k-$round-$_")) } 1 .. 40;
    my $i = 0;
    http_close($_) for grep { $i++ % 4 } @clients;
    answer_of($_) for grep { defined fileno $_->{socket} } @clients;
}
is(http(POST => '/checkout', '{}')->{code}, 200, 'still selling');
is(status_counter(qr/^autostock_in_flight/), 0, 'none in flight');
is(status_counter(qr/^autostock_waiting/), 0, 'none waits');



=== TEST 5: look-ups that nobody waits for
--- drive
http_close($_) for map { http_open(GET => '/product/donut') } 1 .. 200;
is(http(GET => '/product/donut')->{code}, 200, 'still looking up');



=== TEST 6: a client that closes only its sending half gets its answer
--- drive
my $client = http_open(POST => '/checkout', '{}');
shutdown $client->{socket}, 1;
like(answer_of($client)->{code}, qr/^(?:0|200)$/, 'an answer, or none');
is(http(GET => '/alive')->{code}, 200, 'alive');



=== TEST 7: one who left asks again with the same key: his sale
--- drive
my $lock = locked();
my @ask = (POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k-1');
my $client = http_open(@ask);
wait_for { lock_waits() };
http_close($client);
my $again = http_open(@ask);
$lock->run('COMMIT');
is(answer_of($again)->{code}, 200, 'sold');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale'
    AND quantity <> 0) FROM product
--- sql_expect
1 1
