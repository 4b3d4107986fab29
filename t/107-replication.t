# Several servers with real replication: which of them is writable, and replicas
# for look-ups.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Server;
use Autostock::Test;
use IO::Select ();
use Time::HiRes ();

sub options {
    my ($id, @more) = @_;
    return ("--server-id=$id", '--log-bin=bin', '--sync-binlog=1',
        '--binlog-format=ROW', '--log-slave-updates', '--gtid-strict-mode=0',
        @more);
}

our ($Primary, $Replica) = map { Autostock::Server->new(options($_)) } 1, 2;
our %At = map { $_ => '127.0.0.1:' . $_->port } $Primary, $Replica;

# a proxy that makes the replica look like a MySQL server
our $Old = Autostock::Proxy->new(to => $At{$Replica});

our $Name = 'shop';
our $Db = $Primary->db($Name);

sub on { my ($server, $sql) = @_; $server->db($Name)->connect->do($sql) }

sub ask {
    my ($server, $sql) = @_;
    my $dbh = $server->db($Name)->connect;
    return $dbh->selectrow_array($sql);
}

sub replicate {
    on($Replica, "CHANGE MASTER TO master_host = '127.0.0.1', master_port = "
        . $Primary->port . ", master_user = 'repl', master_password = 'repl',"
        . ' master_use_gtid = slave_pos, master_connect_retry = 1');
    on($Replica, 'START SLAVE');
}

# Waits until the replica has applied all transactions of the primary.
sub level {
    my $gtid = ask($Primary, 'SELECT @@gtid_binlog_pos');
    ask($Replica, "SELECT MASTER_GTID_WAIT('$gtid', 10)") == 0
        or die 'the replica does not follow';
}

on($Primary, q{GRANT REPLICATION SLAVE ON *.* TO repl IDENTIFIED BY 'repl'});
$Db->create;
on($Primary, q{CREATE USER sell IDENTIFIED BY 'sell'});
on($Primary, "GRANT SELECT, INSERT, UPDATE, DELETE ON $Name.* TO sell");
on($Primary, 'GRANT REPLICA MONITOR ON *.* TO sell');
replicate();
level();

sub sell { return http(POST => '/checkout', '{}', @_) }
sub look { return http(GET => '/product/donut') }
sub read_only { on($_[0], "SET GLOBAL read_only = $_[1]") }
sub stock { return ask($_[0], "SELECT stock FROM $Name.product") }

sub figure {
    my ($server, $name, $label) = @_;
    return status_counter(qr/^autostock_server_$name\{database="shop",
        server="\Q$At{$server}\E".*\Q@{[$label \/\/ '']}\E/x);
}

sub told {
    return map { s/\Q$At{$Primary}\E/PRIMARY/g; s/\Q$At{$Replica}\E/REPLICA/g;
        $_ } error_log() =~ /\[(?:error|warn|notice)\] [^\n]*"shop":
            [ ]((?:server|sales[ ]use|look-ups[ ]use)[ ][^\n]*)/xg;
}

# Undoes a promotion: both have the former rows and replicate as before.
sub restore {
    on($Replica, 'STOP SLAVE');
    on($Replica, 'RESET SLAVE ALL');
    for my $server ($Primary, $Replica) {
        on($server, 'SET GLOBAL read_only = 0');
        on($server, 'RESET MASTER');
        on($server, "SET GLOBAL gtid_slave_pos = ''") if $server == $Replica;
        on($server, "DELETE FROM $Name.$_") for qw( stock_movement
            stock_movement_key stock_hold stock_hold_line stock_return
            restock_order product );
        on($server, 'RESET MASTER');
    }
    replicate();
    level();
}

sub servers {
    my ($first, $second, %over) = @_;
    return "server $At{$Primary}" . ($first ? " $first" : '')
        . "; server $At{$Replica}" . ($second ? " $second" : '') . ";\n"
        . join '', map { "$_ $over{$_};\n" } sort keys %over;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    on($Replica, 'START SLAVE');
    read_only($Primary, 0);
    read_only($Replica, 1);
    $Db->reset;
    $Db->run('UPDATE product SET stock = 100; UPDATE stock_movement SET'
        . ' quantity = 100');
    level();
    $block->set_value(errors => '');
    $block->set_value(no_books => '');
    $block->set_value(database => $block->database
        . "user sell;\npassword sell;\ndatabase $Name;\n");
});

run_tests();

__DATA__

=== TEST 1: look-ups go to the replica, sales and the rest to the primary
--- database eval
main::servers('', 'replica')
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
is(look()->{code}, 200, 'found');
is(sell()->{code}, 200, 'sold');
level();
is(look()->{json}{stock}, 99, 'what was replicated');
is(main::figure($::Replica, 'workers', 'lookups'), 1, 'counted');
is(main::stock($::Primary), 99, 'at the primary');
my $status = http(GET => '/autostock/status?format=json')->{json};
my ($first, $second) = @{ $status->{databases}{shop}{servers} };
is_deeply([@$first{qw( server role sales_workers lookup_workers lag_seconds )}],
    [$::At{$::Primary}, 'primary', 1, 0, undef], 'the primary');
is_deeply([map { $_->{replica} ? 1 : 0 } $first, $second], [0, 1],
    'configured as replica');
is(main::figure($::Primary, 'replica'), 0, 'and so is the metric');
is(main::figure($::Replica, 'replica'), 1, 'of the replica, too');
is_deeply([@$second{qw( server role sales_workers lookup_workers lag_seconds )}],
    [$::At{$::Replica}, 'replica', 0, 1, 0], 'the replica');
ok($first->{up} && $second->{up}, 'both are up');



=== TEST 2: the product before a sale is looked up at the primary
--- database eval
main::servers('', 'replica max_lag=1d')
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
on($::Replica, 'STOP SLAVE SQL_THREAD');
on($::Primary, "UPDATE shop.product SET sku = 'NEW' WHERE sku = 'CP-502101'");
is(http(POST => '/any', '{"sku":"NEW","quantity":1}')->{code}, 200, 'sold');
is(http(POST => '/any', '{"sku":"CP-502101","quantity":1}')->{code}, 404,
    'gone');
on($::Replica, 'START SLAVE');



=== TEST 3: a replica that lags is left, and used again when it does not
--- database eval
main::servers('', 'replica fail_timeout=200ms max_lag=0s')
--- timeout: 30
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
on($::Replica, 'STOP SLAVE SQL_THREAD');
is(sell()->{code}, 200, 'sold');
ok(wait_for(sub { error_log() =~ /replication does not run/ }), 'noticed');
is(look()->{json}{stock}, 99, 'look-ups go to the primary');
is(main::figure($::Primary, 'workers', 'lookups'), 1, 'counted');
on($::Replica, 'START SLAVE');
ok(wait_for(sub { (() = error_log() =~ /look-ups use/g) == 3 }, 10), 'again');
level();
is(look()->{json}{stock}, 99, 'found');
is_deeply([told()], ['look-ups use server REPLICA',
    'server REPLICA is not used for look-ups: its replication does not run',
    'look-ups use server PRIMARY', 'server REPLICA can be used again',
    'look-ups use server REPLICA'], 'each change is logged once');



=== TEST 4: the lag is above max_lag
--- database eval
main::servers('', 'replica max_lag=1s')
--- timeout: 30
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
my $lock = $::Replica->db('shop')->session;
$lock->run('START TRANSACTION; ');
$lock->rows('SELECT * FROM product FOR UPDATE');
is(sell()->{code}, 200, 'sold');
ok(wait_for(sub { error_log() =~ /its lag is above max_lag/ }, 15), 'noticed');
is(look()->{json}{stock}, 99, 'look-ups go to the primary');
cmp_ok(main::figure($::Replica, 'lag_seconds'), '>', 1, 'counted');
$lock->run('ROLLBACK; ');
level();



=== TEST 5: no right to read the lag: logged once, look-ups go to the primary
--- post_setup_server_root
main::on($::Primary, 'REVOKE REPLICA MONITOR ON *.* FROM sell');
main::level();
--- database eval
main::servers('', 'replica fail_timeout=200ms')
--- drive
ok(wait_for(sub { error_log() =~ /its lag cannot be read/ }), 'told');
is(look()->{json}{stock}, 100, 'found');
Time::HiRes::sleep(1);
is(scalar(() = error_log() =~ /its lag cannot be read/g), 1, 'once');
like(error_log(), qr/grant REPLICA MONITOR \(MySQL: REPLICATION CLIENT\)/,
    'with what to do');
on($::Primary, 'GRANT REPLICA MONITOR ON *.* TO sell');
main::level();



=== TEST 6: a replica that dies costs no look-up
--- database eval
main::servers('', 'replica')
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
is(look()->{code}, 200, 'found');
$::Replica->stop;
is(look()->{code}, 200, 'found at the primary') for 1 .. 3;
ok(wait_for(sub { main::figure($::Replica, 'up') == 0 }), 'counted');
$::Replica->start;



=== TEST 7: a replica without the right to read the table
--- post_setup_server_root
main::on($::Replica, 'SET sql_log_bin = 0');
main::on($::Replica, 'REVOKE SELECT ON shop.* FROM sell');
--- database eval
main::servers('', 'replica')
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
is(look()->{code}, 200, 'found at the primary');
ok(wait_for(sub { error_log() =~ /REPLICA|accepts no queries/ }), 'told');
on($::Replica, 'GRANT SELECT ON shop.* TO sell');



=== TEST 8: the standby is read-only: it is not sold from, and that is no error
--- database eval
main::servers('fail_timeout=200ms', 'backup fail_timeout=200ms')
--- drive
is(sell()->{code}, 200, 'sold');
ok(wait_for(sub { main::figure($::Replica, 'role', 'replica') == 1 }),
    'its role is known');
is(main::figure($::Primary, 'role', 'primary'), 1, 'the other one, too');
like(error_log(), qr/\[notice\].*not used for sales: it is read-only/, 'noted');
unlike(error_log(), qr/\[error\]/, 'no error');



=== TEST 9: a planned switch-over: sales wait, and go on at the new primary
--- database eval
main::servers('', 'backup')
--- shop
autostock_timeout 8s;
--- drive
is(sell()->{code}, 200, 'sold');
read_only($::Primary, 1);
my @clients = map { http_open(POST => '/checkout', '{}',
    'Idempotency-Key' => "s9$_") } 1 .. 3;
ok(wait_for(sub { error_log() =~ /PRIMARY|accepts no writes/ }), 'noticed');
is(look()->{code}, 200, 'look-ups go on');
level();
on($::Replica, 'STOP SLAVE');
read_only($::Replica, 0);
wait_for { sysread($_->{socket}, $_->{raw}, 65536) } 8 for @clients;
is(CORE::join(' ', map { http_close($_)->{code} } @clients), '200 200 200',
    'sold');
is(main::stock($::Replica), 96, 'at the new primary');
is(main::stock($::Primary), 99, 'not at the old one');
is(main::figure($::Replica, 'failovers_total'), 1, 'counted');
main::restore();



=== TEST 10: the primary is killed and its replica promoted; the old one comes
back read-only, and is not sold from
--- database eval
main::servers('fail_timeout=200ms', 'fail_timeout=200ms')
--- shop
autostock_timeout 8s;
--- drive
is(sell()->{code}, 200, 'sold');
level();
kill KILL => $::Primary->{pid};
waitpid $::Primary->{pid}, 0;
my $client = http_open(POST => '/checkout', '{}');
ok(wait_for(sub { error_log() =~ /cannot be reached/ }), 'noticed');
on($::Replica, 'STOP SLAVE');
read_only($::Replica, 0);
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 8;
is(http_close($client)->{code}, 200, 'sold at the new primary');
$::Primary->start('--read-only=1');
ok(wait_for(sub { main::figure($::Primary, 'role', 'replica') == 1 }),
    'the old one is looked at');
is(sell()->{code}, 200, 'sold');
is(main::stock($::Replica), 97, 'at the new primary');
is(main::stock($::Primary), 99, 'not at the old one');
main::restore();



=== TEST 11: what a read-only server lacks, or has too little of, is no answer
--- database eval
main::servers('fail_timeout=200ms', 'fail_timeout=200ms')
--- shop
autostock_timeout 500ms;
--- post_setup_server_root
main::read_only($::Primary, 1);
--- drive
my $hold = '{"hold_id":"01900000-0000-7000-8000-000000008001"}';
my $callback = http_open(POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
for (['/any', '{"sku":"none"}'], ['/checkout', '{"quantity":1000}'],
    ['/hold/confirm', $hold], ['/hold/release', $hold],
    ['/return', '{"sale_id":"01900000-0000-7000-8000-000000000000"}'])
{
    my ($path, $body) = @$_;
    is(http(POST => $path, $body)->{code}, 503, $path);
}
is(look()->{code}, 200, 'look-ups go on');
ok(!IO::Select->new($callback->{socket})->can_read(0), 'a callback waits');
read_only($::Primary, 0);
ok(wait_for(sub { http(POST => '/any', '{"sku":"none"}')->{code} == 404 }, 10),
    'an answer from a server that writes');
is(http(POST => '/hold/confirm', $hold)->{code}, 404, 'no such hold');
wait_for { sysread($callback->{socket}, $callback->{raw}, 65536) } 10;
is(http_close($callback)->{code}, 404, 'no such order');



=== TEST 12: MySQL before 8.0.22 does not know SHOW REPLICA STATUS
--- post_setup_server_root
$::Old->tell('greet mysql');
$::Old->tell('match SHOW\sREPLICA');
$::Old->tell('lie error_syntax 1000');
--- database eval
"server $::At{$::Primary}; server " . $::Old->server . " replica;\n"
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
is(look()->{code}, 200, 'found');
like(error_log(), qr/look-ups use server \Q@{[$::Old->server]}\E/, 'there');
Time::HiRes::sleep(1.5);
is($::Old->tell('left'), 999, 'the statement is tried once');
unlike(error_log(), qr/cannot be read/, 'the lag is known');



=== TEST 13: max_fails=0: a replica that fails stays in use, no look-up fails
--- database eval
main::servers('', 'replica max_fails=0')
--- drive
ok(wait_for(sub { error_log() =~ /look-ups use/ }), 'the replica is known');
is(look()->{code}, 200, 'found');
$::Replica->stop;
is(look()->{code}, 200, 'found at the primary') for 1 .. 3;
unlike(error_log(), qr/look-ups use server \Q$::At{$::Primary}\E/, 'not left');
$::Replica->start;
