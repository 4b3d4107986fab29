# TLS to the database: verified, without blocking the event loop.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Certs;
use Autostock::Dns;
use Autostock::Proxy;
use Autostock::Server;
use Autostock::Test;

our $Dir = tmp();
Autostock::Certs::authority($Dir, $_) for qw( ca other );
Autostock::Certs::authority($Dir, 'self',
    san => 'DNS:db.test,IP:127.0.0.1');
Autostock::Certs::certificate($Dir, 'good', ca => 'ca',
    san => 'DNS:db.test,IP:127.0.0.1');
Autostock::Certs::certificate($Dir, 'expired', ca => 'ca', expired => 1,
    san => 'DNS:db.test,IP:127.0.0.1');
Autostock::Certs::certificate($Dir, 'client', ca => 'ca', san => 'DNS:client');

our $Server = Autostock::Server->new(with('good'));
our $Proxy = Autostock::Proxy->new(to => '127.0.0.1:' . $Server->port);
our ($Port) = $Proxy->server =~ /:(\d+)$/;
our $Dns = Autostock::Dns->new('db.test' => ['127.0.0.1'],
    'wrong.test' => ['127.0.0.1']);

our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER tls\@'127.0.0.1' IDENTIFIED BY 'tlspw' REQUIRE SSL;\n"
    . "GRANT ALL ON shop.* TO tls\@'127.0.0.1';\n"
    . "CREATE USER x509\@'127.0.0.1' IDENTIFIED BY 'tlspw' REQUIRE X509;\n"
    . "GRANT ALL ON shop.* TO x509\@'127.0.0.1';\n");

sub with {
    my ($name) = @_;
    return ("--ssl-cert=$Dir/$name.pem", "--ssl-key=$Dir/$name.key",
        "--ssl-ca=$Dir/ca.pem");
}

sub present {
    my ($name) = @_;
    $Server->stop;
    $Server->{options} = [with($name)];
    $Server->start;
}

# valgrind
our $Slow = $ENV{TEST_NGINX_USE_VALGRIND};

sub proxy { return $Proxy->tell(join ' ', @_) }

# Lines of the database block for these tests.
sub tls {
    my (%over) = @_;
    my %line = (server => "127.0.0.1:$Port", user => 'tls',
        password => 'tlspw', database => 'shop', tls => 'on',
        tls_trusted_certificate => "$Dir/ca.pem",
        connect_timeout => '20s', %over);
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $Db->reset;
    proxy('pass');
    if ($Slow && $block->shop && $block->drive !~ /stall|mute/) {
        $block->set_value(shop => $block->shop =~ s/timeout \K\d+s/10s/r);
    }
});

run_tests();

__DATA__

=== TEST 1: a good certificate
--- database eval
main::tls()
--- drive
is(http(POST => '/checkout', '{}')->{json}{stock}, 2, 'sold');
is(http(GET => '/product/donut')->{json}{stock}, 2, 'looked up');
is($::Db->value('SELECT stock FROM product'), 2, 'in that database');



=== TEST 2: the name in the certificate is the server's
--- http_config eval
'resolver ' . $::Dns->address . ' ipv6=off;'
--- database eval
main::tls(server => "db.test:$::Port")
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 3: another name than the certificate's
--- http_config eval
'resolver ' . $::Dns->address . ' ipv6=off;'
--- database eval
main::tls(server => "wrong.test:$::Port")
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors
--- drive
like(error_log(), qr/\[error\].*(?:certificate|TLS|SSL)/i, 'told');
is($::Db->value('SELECT stock FROM product'), 3, 'nothing sold');



=== TEST 4: tls_name says which name to expect
--- database eval
main::tls(tls_name => 'db.test')
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 5: TLS and name of one server alone
--- database eval
main::tls(tls => 'off', server => "127.0.0.1:$::Port tls=on tls_name=db.test")
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 6: another name of one server alone
--- database eval
main::tls(tls => 'off', server => "127.0.0.1:$::Port tls=on tls_name=wrong.test")
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors



=== TEST 7: tls_name of another
--- database eval
main::tls(tls_name => 'wrong.test')
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors



=== TEST 8: another authority
--- database eval
main::tls(tls_trusted_certificate => "$::Dir/other.pem")
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors
--- drive
like(error_log(), qr/\[error\].*(?:certificate|TLS|SSL)/i, 'told');



=== TEST 9: TLS stripped from the greeting: no word of the password
--- database eval
main::tls(password => 'tlspw')
--- shop
autostock_timeout 1s;
--- post_setup_server_root
main::proxy('greet tls_stripped');
--- errors
--- drive
is(http(POST => '/checkout', '{}')->{code}, 503, 'refused');
is($::Db->value("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
    . " WHERE user = 'tls'"), 0, 'no session began');
proxy('pass');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10), 'back');



=== TEST 10: tls off is plain, and a server that wants TLS refuses it
--- database eval
main::tls(tls => 'off') =~ s/tls_trusted\S+ \S+;\n//r
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors



=== TEST 11: a certificate of our own
--- database eval
main::tls(user => 'x509', tls_certificate => "$::Dir/client.pem",
    tls_certificate_key => "$::Dir/client.key")
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 12: a server stopped in mid-handshake blocks no other request
--- database eval
main::tls(connect_timeout => '3s')
--- shop
autostock_timeout 3s;
--- post_setup_server_root
main::proxy('pass');
--- errors
--- drive
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }), 'before');
proxy('cut'); proxy('stall');
my $client = http_open(POST => '/checkout', '{}');
my $worst = 0;
for (1 .. 40) {
    my $alive = http(GET => '/alive');
    $worst = $alive->{time} if $alive->{time} > $worst;
    select undef, undef, undef, 0.02;
}
cmp_ok($worst, '<', 1, "an unrelated location: $worst s");
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 503, 'told');
proxy('pass'); proxy('cut');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10), 'back');



=== TEST 13: a server that is mute before its greeting blocks no other request
--- database eval
main::tls(connect_timeout => '3s')
--- shop
autostock_timeout 3s;
--- post_setup_server_root
main::proxy('mute');
--- errors
--- drive
my $client = http_open(POST => '/checkout', '{}');
my $worst = 0;
for (1 .. 40) {
    my $alive = http(GET => '/alive');
    $worst = $alive->{time} if $alive->{time} > $worst;
    select undef, undef, undef, 0.02;
}
cmp_ok($worst, '<', 1, "an unrelated location: $worst s");
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 503, 'told');
proxy('cut'); proxy('pass');



=== TEST 14: a reload while a handshake hangs: the old worker goes
--- database eval
main::tls(connect_timeout => '1s')
--- shop
autostock_timeout 1s;
--- post_setup_server_root
main::proxy('mute');
--- errors
--- drive
my $client = http_open(POST => '/checkout', '{}');
my %old = map { $_ => 1 } workers_of(master_pid());
reload();
ok(wait_for(sub { !grep { $old{$_} } workers_of(master_pid()) },
    $::Slow ? 30 : 8), 'gone');
http_close($client);
proxy('cut'); proxy('pass');



=== TEST 15: many sales over TLS
--- database eval
main::tls(pool_size => 4)
--- drive
$::Db->run('UPDATE stock_movement SET quantity = 300;'
    . ' UPDATE product SET stock = 300');
my @answers = http_all(map { [POST => '/checkout', '{}'] } 1 .. 200);
is(scalar(grep { $_->{code} == 200 } @answers), 200, 'sold');
is(join("\n", $::Db->findings), '', 'books');
is($::Db->value('SELECT stock FROM product'), 100, 'stock');



=== TEST 16: an expired certificate
--- post_setup_server_root
main::present('expired');
--- database eval
main::tls()
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors
--- drive
like(error_log(), qr/\[error\].*(?:certificate|TLS|SSL)/i, 'told');
present('good');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10),
    'a new one is taken, without an action on nginx');



=== TEST 17: a self-signed certificate
--- post_setup_server_root
main::present('self');
--- database eval
main::tls()
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors
--- drive
like(error_log(), qr/\[error\].*(?:certificate|TLS|SSL)/i, 'told');
present('good');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10),
    'the right one is taken');



=== TEST 18: the same, trusted by name
--- post_setup_server_root
main::present('self');
--- database eval
main::tls(tls_trusted_certificate => "$::Dir/self.pem")
--- drive
is(http(POST => '/checkout', '{}')->{code}, 200, 'sold');
present('good');
