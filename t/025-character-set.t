# The character sets of the server's sessions and of the shop's columns.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;

our $Build = $ENV{AUTOSTOCK_BUILD} // 'build';

# A server that ignores what its clients ask for.
our $Server = Autostock::Server->new('--skip-character-set-client-handshake',
    '--character-set-server=latin1');
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER sell\@'127.0.0.1' IDENTIFIED BY 'sellpw';\n"
    . "GRANT ALL ON shop.* TO sell\@'127.0.0.1';\n");

# A user that init_connect applies to.
sub block {
    my ($name) = @_;
    my %line = (server => '127.0.0.1:' . $Server->port, user => 'sell',
        password => 'sellpw', database => $name // 'shop');
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

# What the worker's command says, and its exit code.
sub worker {
    my (@words) = @_;
    local %ENV = (PATH => $ENV{PATH}, DB_HOSTNAME => '127.0.0.1',
        DB_PORT => $Server->port, DB_USERNAME => 'sell',
        DB_PASSWORD => 'sellpw', DB_DATABASE => 'shop');
    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec "$Build/autostock-worker", @words or die $!;
    }
    my $output = do { local $/; <$pipe> } // '';
    close $pipe;
    return ($output, $? >> 8);
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $Db->reset;
    $Db->run("SET GLOBAL init_connect = '"
        . ($block->init_connect // '') =~ s/\n//r . "'");
    $Db->run("UPDATE product SET sku = '도너츠🍩', name = '부산도너츠'");
});

run_tests();

__DATA__

=== TEST 1: a server that ignores its clients' character set
--- database eval
main::block()
--- request eval
["GET /product/도너츠🍩", qq(POST /any\n{"sku":"도너츠🍩"})]
--- response_body_like eval
[qr/"sku":"도너츠🍩","name":"부산도너츠"/, qr/"sku":"도너츠🍩","quantity":1,"stock":2/]



=== TEST 2: one that gives its clients another
--- init_connect
SET NAMES latin1
--- database eval
main::block()
--- request eval
["GET /product/도너츠🍩", qq(POST /any\n{"sku":"도너츠🍩"})]
--- response_body_like eval
[qr/"sku":"도너츠🍩","name":"부산도너츠"/, qr/"sku":"도너츠🍩","quantity":1,"stock":2/]



=== TEST 3: the worker, on such a server
--- init_connect
SET NAMES latin1
--- database eval
main::block()
--- drive
my ($said, $code) = main::worker(qw( stock add 도너츠🍩 4 ));
is($code, 0, 'stock add') or unlike($said, qr/session-charset/, 'doctor finds the session in order')
    or diag $said;
like($said, qr/도너츠🍩/, 'it names the product');
($said, $code) = main::worker(qw( doctor ));
unlike($said, qr/session-charset/, 'doctor finds the session in order')
    or diag $said;
