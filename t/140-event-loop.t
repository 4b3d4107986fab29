# The event loop never blocks: an unrelated location answers in milliseconds
# while eight half-second queries run, over the socket, TCP and TLS.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Certs;
use Autostock::Server;
use Autostock::Test;

# seconds
our $Late = $ENV{TEST_NGINX_USE_VALGRIND} ? 1 : 0.3;

our $Dir = tmp();
Autostock::Certs::authority($Dir, 'ca');
Autostock::Certs::certificate($Dir, 'good', ca => 'ca', san => 'IP:127.0.0.1');

our $Server = Autostock::Server->new("--ssl-cert=$Dir/good.pem",
    "--ssl-key=$Dir/good.key", "--ssl-ca=$Dir/ca.pem");
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER busy\@'127.0.0.1' IDENTIFIED BY 'busypw';\n"
    . "GRANT ALL ON shop.* TO busy\@'127.0.0.1';\n");

# Each sale takes half a second in the database, each of another product.
$Db->run("INSERT INTO product (product_id, sku, name, price, stock,"
    . " factory_id, ad_id) SELECT UNHEX(MD5('$_')), 'S-$_', 's$_', 1, 100,"
    . " factory_id, ad_id FROM product WHERE sku = 'CP-502101'") for 1 .. 8;
$Db->run("CREATE TRIGGER slow BEFORE INSERT ON stock_movement FOR EACH ROW"
    . " SET NEW.kind = IF(SLEEP(0.5) = 0, NEW.kind, NEW.kind)");

sub block {
    my (%over) = @_;
    my %line = (server => '127.0.0.1:' . $Server->port, user => 'busy',
        password => 'busypw', database => 'shop', pool_size => 8,
        query_timeout => '10s', %over);
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

# The longest response time of many unrelated requests meanwhile.
sub loop_is_free {
    my @slow = map { http_open(POST => '/any', qq({"sku":"S-$_"})) } 1 .. 8;
    my ($worst, $asked) = (0, 0);
    my $select = IO::Select->new(map { $_->{socket} } @slow);

    until ($select->can_read(0.005)) {
        my $alive = http(GET => '/alive');
        $worst = $alive->{time} if $alive->{time} > $worst;
        $asked++;
    }
    cmp_ok($asked, '>', 10, "asked $asked times meanwhile");
    cmp_ok($worst, '<', $::Late, sprintf 'worst: %.1f ms', 1000 * $worst);

    my @codes = map {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
        http_close($client)->{code};
    } @slow;
    is("@codes", '200 200 200 200 200 200 200 200', 'all sold');
}

run_tests();

__DATA__

=== TEST 1: over a socket
--- database eval
main::block(server => 'unix:' . $::Server->socket, user => 'root',
    password => '""')
--- shop
autostock_timeout 20s;
--- drive
loop_is_free();



=== TEST 2: over TCP
--- database eval
main::block()
--- shop
autostock_timeout 20s;
--- drive
loop_is_free();



=== TEST 3: over TLS
--- database eval
main::block(tls => 'on', tls_trusted_certificate => "$::Dir/ca.pem")
--- shop
autostock_timeout 20s;
--- drive
loop_is_free();



=== TEST 4: slow look-ups over TLS
--- database eval
main::block(tls => 'on', tls_trusted_certificate => "$::Dir/ca.pem")
--- shop
autostock_timeout 20s;
--- drive
my $lock = $::Db->session;
$lock->run('LOCK TABLES product WRITE');
my @slow = map { http_open(GET => "/product/S-$_") } 1 .. 8;
my $worst = 0;
for (1 .. 50) {
    my $alive = http(GET => '/alive');
    $worst = $alive->{time} if $alive->{time} > $worst;
    select undef, undef, undef, 0.01;
}
cmp_ok($worst, '<', $::Late, sprintf 'worst: %.1f ms', 1000 * $worst);
$lock->run('UNLOCK TABLES');
for my $client (@slow) {
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    is(http_close($client)->{code}, 200, 'found');
}
