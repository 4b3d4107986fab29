# A locked row delays the buyers of its product only.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;
use Time::HiRes ();

sub now { return Time::HiRes::time() }

sub lock_row {
    my ($sku) = @_;

    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows("SELECT stock FROM product WHERE sku = '$sku' FOR UPDATE");
    return $lock;
}

sub buy {
    my ($sku, %headers) = @_;
    return http_open(POST => '/any', qq({"sku":"$sku","quantity":1}),
        %headers);
}

sub read_all {
    my (@clients) = @_;

    wait_for { sysread($_->{socket}, $_->{raw}, 65536) } 10 for @clients;
    return map { http_close($_) } @clients;
}

sub codes { return join ' ', map { $_->{code} } @_ }

# Clients that buy these SKUs repeatedly for so many seconds; returns the
# longest response time and the number of responses other than 200.
sub crowd {
    my ($seconds, @skus) = @_;

    my $end = now() + $seconds;
    my ($n, $longest, @other) = (0, 0);
    while (now() < $end) {
        for my $answer (http_all(map { [POST => '/any',
            qq({"sku":"$_","quantity":1})] } @skus))
        {
            $n++;
            $longest = $answer->{time} if $answer->{time} > $longest;
            push @other, $answer->{body} if $answer->{code} != 200;
        }
    }
    return ($n, $longest, @other);
}

# Makes the worker process cache these SKUs, so that they share a flight.
sub know { http(GET => "/product/$_") for @_; codes(read_all(map { buy($_) } @_)) }

run_tests();

__DATA__

=== TEST 1: one product's row is locked: the others are sold to
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9000
TEA-3|홍차|1400|9000
--- drive
is(know(qw( TEA-1 TEA-2 TEA-3 )), '200 200 200', 'before');
my $lock = lock_row('TEA-2');
my $start = now();
my @held = map { buy($_) } qw( TEA-1 TEA-2 TEA-3 TEA-2 );
is(codes(read_all(@held[0, 2])), '200 200', 'the others of its flight');
cmp_ok(now() - $start, '<', 2.5, 'after one lock wait');
my ($n, $longest, @other) = crowd(1.5, qw( TEA-1 TEA-3 TEA-1 TEA-3 ));
is("@other", '', 'all sold');
cmp_ok($longest, '<', 0.8, "at once, while it is locked ($n)");
push @held, buy('TEA-2');
$lock->run('COMMIT');
is(codes(read_all(@held[1, 3, 4])), '200 200 200', 'and its own afterwards');
is(error_log() =~ /left open/ ? 1 : 0, 0, 'no transaction is left');



=== TEST 2: at the deadline: a definite 503, nothing was done
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9
--- shop
autostock_timeout 2500ms;
--- drive
know(qw( TEA-1 TEA-2 ));
my $lock = lock_row('TEA-2');
my @held = map { buy('TEA-2') } 1 .. 3;
my ($n, $longest, @other) = crowd(3, ('TEA-1') x 4);
is("@other", '', 'the other is sold');
my @answers = read_all(@held);
is(codes(@answers), '503 503 503', 'not sold');
is(scalar(grep { $_->{json}{type} =~ /unknown/ } @answers), 0, 'definite');
$lock->run('COMMIT');
is(codes(read_all(buy('TEA-2'))), '200', 'and then');
--- sql_check
SELECT stock FROM product WHERE sku = 'TEA-2'
--- sql_expect
7



=== TEST 3: many are locked, each its own: no flight is left for ever
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9000
TEA-3|홍차|1400|9000
TEA-4|백차|1400|9000
TEA-5|흑차|1400|9000
--- drive
know(qw( TEA-1 TEA-2 TEA-3 TEA-4 TEA-5 ));
my @locks = map { lock_row("TEA-$_") } 2 .. 5;
my @held = map { buy("TEA-$_") } 2 .. 5;
my $first = buy('TEA-1');
is(codes(read_all($first)), '200', 'sold beside them');
my ($n, $longest, @other) = crowd(1.5, ('TEA-1') x 4);
is("@other", '', 'and ever after');
cmp_ok($longest, '<', 1.3, "without a wait ($n)");
$locks[2]->run('COMMIT');
is(codes(read_all($held[2])), '200', 'the one let go does not wait for others');
$_->run('COMMIT') for @locks[0, 1, 3];
is(codes(read_all(@held[0, 1, 3])), '200 200 200', 'all');



=== TEST 4: an Idempotency-Key that others are writing: it alone waits
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9000
--- drive
know(qw( TEA-1 TEA-2 ));
http(POST => '/any', '{"sku":"TEA-1","quantity":1}',
    'Idempotency-Key' => 'taken');
my $key = sql(q{SELECT HEX(idempotency_key) FROM stock_movement_key
    WHERE fingerprint IS NOT NULL});
chomp $key;
db->run("DELETE FROM stock_movement WHERE kind = 'sale'"
    . " ORDER BY movement_id DESC LIMIT 1");
db->run("DELETE FROM stock_movement_key WHERE idempotency_key = X'$key'");
db->run("UPDATE product SET stock = stock + 1 WHERE sku = 'TEA-1'");
my $other = db->session;
$other->run('START TRANSACTION');
$other->run("INSERT INTO stock_movement_key (idempotency_key, movement_id,"
    . " product_id) VALUES (X'$key', UUID_TO_BIN(UUID()),"
    . ' (SELECT MIN(product_id) FROM product))');
my @held = (buy('TEA-1', 'Idempotency-Key' => 'taken'),
    map { buy($_, 'Idempotency-Key' => "mine-$_") } qw( TEA-1 TEA-2 ));
is(codes(read_all(@held[1, 2])), '200 200', 'the others');
my ($n, $longest, @more) = crowd(1, qw( TEA-1 TEA-2 ));
is("@more", '', 'and more of them');
$other->run('ROLLBACK');
is(codes(read_all($held[0])), '200', 'then it is sold');



=== TEST 5: gone while it was waited for
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9000
--- drive
know(qw( TEA-1 TEA-2 ));
my $lock = lock_row('TEA-2');
my @held = map { buy($_) } qw( TEA-1 TEA-2 );
is(codes(read_all($held[0])), '200', 'the other');
$lock->run("DELETE FROM stock_movement_key WHERE product_id ="
    . " (SELECT product_id FROM product WHERE sku = 'TEA-2')");
$lock->run("DELETE FROM product WHERE sku = 'TEA-2'");
$lock->run('COMMIT');
is(codes(read_all($held[1])), '404', 'no product');
--- no_books



=== TEST 6: sold out meanwhile: who comes first is served first
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|3
--- drive
know(qw( TEA-1 TEA-2 ));
my $lock = lock_row('TEA-2');
my @held = map { my $c = buy('TEA-2'); select undef, undef, undef, 0.03; $c }
    1 .. 5;
wait_for { status_counter(qr/^autostock_waiting/) >= 5 } 3;
$lock->run('COMMIT');
is(codes(read_all(@held)), '200 200 409 409 409', 'in their order');
