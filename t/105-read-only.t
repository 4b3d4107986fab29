# A read-only server, as in a fail-over or a planned switch-over: requests take
# longer, but do not fail.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;

# A server of its own: read_only is of a server, and other tests sell there.
our $Server;
BEGIN {
    $Server = Autostock::Server->new;
    $ENV{AUTOSTOCK_TEST_DB_SOCKET} = $Server->socket;
    $ENV{AUTOSTOCK_TEST_DB_PORT} = $Server->port;
    @ENV{qw( AUTOSTOCK_TEST_DB_USER AUTOSTOCK_TEST_DB_PASSWORD )} = ('root', '');
}

use Autostock::Test;

$Autostock::Test::Server = '127.0.0.1:' . $Server->port;

# The suites' own user may write to a read-only server; a shop's may not.
sub read_only { db->run("SET GLOBAL read_only = $_[0]") }

db->run("CREATE USER autostock_plain IDENTIFIED BY 'plain';\n"
    . 'GRANT SELECT, INSERT, UPDATE, DELETE ON `' . db->{name}
    . '`.* TO autostock_plain;');

run_tests();

__DATA__

=== TEST 1: while the primary changes, sales wait
--- database
user autostock_plain;
password plain;
--- drive
is(http(POST => '/checkout', '{}')->{code}, 200, 'before');
read_only(1);
my @clients = map { http_open(POST => '/checkout',
    '{"quantity":1}', 'Idempotency-Key' => "k$_") } 1 .. 2;
ok(wait_for(sub { error_log() =~ /accepts no writes, error 1290/ }), 'told');
is(http(GET => '/product/donut')->{code}, 200, 'look-ups go on');
read_only(0);
wait_for { sysread($_->{socket}, $_->{raw}, 65536) } for @clients;
is(join(' ', map { http_close($_)->{code} } @clients), '200 200', 'sold');
unlike(error_log(), qr/left open/, 'no transaction is pooled');
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 2: it stays so: a definite 503 at the deadline
--- database
user autostock_plain;
password plain;
--- shop
autostock_timeout 700ms;
--- drive
http(GET => '/product/donut');
read_only(1);
# the outcome is unknown if an attempt is under way at the deadline
my ($answer, $asked);
for (1 .. 5) {
    $asked++;
    $answer = http(POST => '/checkout', '{}');
    last if $answer->{json}{type} !~ /unknown/;
}
read_only(0);
is($answer->{code}, 503, 'code');
unlike($answer->{json}{type}, qr/unknown/, 'nothing was done');
cmp_ok($answer->{time}, '>', 0.5, 'tried until then');
my $told = () = error_log() =~ /accepts no writes, error/g;
is($told, $asked, 'logged once for each batch');
is(http(POST => '/checkout', '{}')->{code}, 200, 'and back');
--- sql_check
SELECT stock FROM product
--- sql_expect
2
