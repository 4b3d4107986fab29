#!/usr/bin/perl

# The worker with servers whose defaults are unsuitable, and with one that sends
# an endless answer.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Autostock::Proxy;
use Autostock::Server;

my $server = Autostock::Server->new('--log-bin=bin', '--server-id=1');
my $db = $server->db('shop');
$db->create;
$db->run("CREATE USER autostock\@localhost;\n"
    . "CREATE USER autostock_worker\@localhost IDENTIFIED BY 'w';\n");
$db->run(Autostock::Db::slurp('sql/grants.sql'));
$db->run('CREATE DATABASE other');

my $worker = ($ENV{AUTOSTOCK_BUILD} || 'build') . '/autostock-worker';

# A command's output and exit code, as the user root, who has all privileges.
sub worker {
    my ($over, @command) = @_;
    local %ENV = (%ENV, DB_SOCKET => $server->socket, DB_DATABASE => 'shop',
        DB_USERNAME => 'root', DB_PASSWORD => '', %$over);
    my $said = `$worker @command 2>&1`;
    return ($said, $? >> 8);
}

subtest 'whatever the defaults, commands work' => sub {
    $db->run("SET GLOBAL $_") for 'autocommit = 0', 'sql_select_limit = 1',
        'completion_type = 1', 'tx_read_only = 1', 'sql_safe_updates = 1',
        'max_join_size = 1', 'max_statement_time = 0.0001',
        'foreign_key_checks = 0', 'check_constraint_checks = 0',
        "time_zone = '+09:00'", "tx_isolation = 'SERIALIZABLE'",
        "sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION'";
    my ($said, $code) = worker({}, qw( stock add CP-502101 4 --yes ));
    is($code, 0, 'stock add') or diag $said;
    is($db->value('SELECT stock FROM product'), 7, 'is done');
    ($said, $code) = worker({}, qw( stock add CP-502101 -- -8 --yes ));
    isnt($code, 0, 'not below 0');
    is($db->value('SELECT stock FROM product'), 7, 'nothing is done');
    ($said, $code) = worker({}, 'reconcile');
    is($code, 0, 'reconcile') or diag $said;
    is(join("\n", $db->findings), '', 'the books agree');
};

# The client runs the files of sql/ in a session with such defaults.
subtest 'and so do the files of sql/' => sub {
    my $client = "mariadb --no-defaults -u root --socket=" . $server->socket;
    for my $file (qw( schema trigger mariadb-uuid sample sample schema
        grants ))
    {
        is(`$client --default-character-set=latin1 other < sql/$file.sql 2>&1`,
            '', "$file.sql");
    }
    is($db->table('SELECT sku, HEX(p.name), quantity FROM other.product p
        JOIN other.stock_movement USING (product_id)'), 'CP-502101 '
        . uc(unpack 'H*', '부산도너츠') . " 3\n", 'the sample is there');
};

subtest 'a binary log by statement' => sub {
    $db->run('SET GLOBAL tx_read_only = 0; ');
    $db->run('SET GLOBAL binlog_format = STATEMENT');
    my ($said) = worker({ DB_USERNAME => 'autostock_worker',
        DB_PASSWORD => 'w' }, 'doctor');
    like($said, qr/binlog-format.*may not change it for its session/,
        'doctor names it');
    unlike($said, qr/grants.*may not/, 'and blames no grants');
    my $code;
    ($said, $code) = worker({}, qw( stock add CP-502101 1 --yes ));
    is($code, 0, 'a user with the privilege writes by row') or diag $said;
    my $client = "mariadb --no-defaults -u root --socket=" . $server->socket;
    is(`$client shop < sql/schema.sql 2>&1`, '', 'schema.sql, too');
    $db->run('SET GLOBAL binlog_format = MIXED');
};

subtest 'small packets' => sub {
    $db->run('SET GLOBAL max_allowed_packet = 16384');
    my ($said) = worker({}, 'doctor');
    like($said, qr/packet.*max_allowed_packet is 16384/, 'doctor names it');
    $db->run('SET GLOBAL max_allowed_packet = 16777216');
};

subtest 'an answer without end' => sub {
    my $proxy = Autostock::Proxy->new(to => 'unix:' . $server->socket);
    my ($host, $port) = $proxy->server =~ /^(.*):(\d+)$/;
    $proxy->tell('match restock_order');
    $proxy->tell('lie endless_results 1');
    my ($said, $code) = worker({ DB_SOCKET => '', DB_HOSTNAME => $host,
        DB_PORT => $port }, qw( orders list ));
    is($code, 3, 'ends with 3');
    like($said, qr/did not end after 65536 results/, 'and says so');
};

done_testing();
