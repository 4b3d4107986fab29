# Calls of the procedure: the right to it, its COMMIT, its session's end, and
# what the session tracks.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Server;

# A server of its own: the stages of a backup are of a server, and other tests
# sell there.
our $Server;
BEGIN {
    $Server = Autostock::Server->new;
    $ENV{AUTOSTOCK_TEST_DB_SOCKET} = $Server->socket;
    $ENV{AUTOSTOCK_TEST_DB_PORT} = $Server->port;
    $ENV{AUTOSTOCK_TEST_DB_USER} = 'root';
    $ENV{AUTOSTOCK_TEST_DB_PASSWORD} = '';
    $ENV{AUTOSTOCK_PROCEDURE} = 1;
}

use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => '127.0.0.1:' . $Server->port);
$Autostock::Test::Server = $Proxy->server;

our $User = "autostock\@'127.0.0.1'";

# The rights of grants.sql are all that the user has.
{
    local (@ARGV, $/) = 'sql/grants.sql';
    my $grants = <> =~ s/\@localhost/\@'127.0.0.1'/gr;
    db->run("CREATE USER $User IDENTIFIED BY 'pw';\n"
        . "CREATE USER autostock_worker\@'127.0.0.1' IDENTIFIED BY 'pw';\n");
    db->run($grants);
}

sub granted { db->run("GRANT EXECUTE ON PROCEDURE autostock_sell TO $User") }
sub revoked { db->run("REVOKE EXECUTE ON PROCEDURE autostock_sell FROM $User") }

sub proxy { return $Proxy->tell(join ' ', @_) }

sub told { my ($what) = @_; my $n = () = error_log() =~ /$what/g; $n }

sub buy { return http(POST => '/checkout', $_[0] // '{}') }

sub stock { return sql('SELECT stock FROM product') + 0 }

# The server's own count.
sub calls {
    return (split / /, sql("SHOW GLOBAL STATUS LIKE 'Com_call_procedure'"))[1]
        + 0;
}

sub pieces {
    return "UPDATE stock_movement SET quantity = $_[0];\n"
        . "UPDATE product SET stock = $_[0];\n";
}

# Ends when no worker process of before is left.
sub reloaded {
    my @old = workers_of(master_pid());
    reload();
    return wait_for {
        my %now = map { $_ => 1 } workers_of(master_pid());
        !grep { $now{$_} } @old;
    };
}

# Keeps a call waiting: for the product's row, or in its COMMIT.
our %STOPS = (
    row => sub {
        my ($session) = @_;
        $session->run('START TRANSACTION');
        $session->rows('SELECT stock FROM product FOR UPDATE');
        return sub { $session->run('ROLLBACK') };
    },
    commit => sub {
        my ($session) = @_;
        $session->run("BACKUP STAGE $_") for
            qw( START FLUSH BLOCK_DDL BLOCK_COMMIT );
        return sub { $session->run('BACKUP STAGE END') };
    },
);

# The session of the call that waits there.
sub waiting {
    my ($where) = @_;
    return wait_for {
        return 0 if $where eq 'row' && !lock_waits();
        my $state = $where eq 'row' ? '' : " AND STATE LIKE '%backup lock%'";
        my $rows = db->rows('SELECT ID FROM information_schema.PROCESSLIST'
            . " WHERE COMMAND = 'Query' AND ID <> CONNECTION_ID()$state");
        @$rows ? $rows->[0][0] : 0;
    };
}

# Sells until a sale is a call: a product whose row was locked is set aside for
# a moment, and its rows are locked first.
sub by_calls {
    my $before = calls();
    return wait_for { buy(); calls() > $before };
}

sub answered {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

add_block_preprocessor(sub { proxy('pass') });

run_tests();

__DATA__

=== TEST 1: the rights of grants.sql and EXECUTE; revoked and granted meanwhile
--- database
user autostock;
password pw;
--- sql_before eval
main::pieces(50)
--- drive
my $before = calls();
is(buy()->{json}{stock}, 49, 'not granted: sold');
is(calls() - $before, 0, 'by statements');
is(told('autostock_sell'), 0, 'not a word in the log');
granted();
is(buy()->{json}{stock}, 48, 'granted: sold');
is(calls() - $before, 0, 'by the same session');
reloaded();
is(buy()->{json}{stock}, 47, 'another session');
is(calls() - $before, 1, 'calls');
revoked();
is(buy()->{json}{stock}, 46, 'revoked: sold');
my $after = calls();
is(told('\[notice\].*no longer calls autostock_sell, error 1370'), 1,
    'a notice');
is(buy()->{json}{stock}, 45, 'and again');
is(calls(), $after, 'by statements');
is(told('no longer calls'), 1, 'with no other notice');
is(told('in doubt|has no right'), 0, 'and no complaint');
is(sql('SELECT COUNT(*), SUM(quantity) FROM stock_sale'), "5 5\n",
    'the ledger');



=== TEST 2: a backup blocks COMMIT longer than lock_wait_timeout: rolled back
--- database
query_timeout 1900ms;
--- shop
autostock_timeout 15s;
--- sql_before eval
main::pieces(50)
--- timeout: 30
--- drive
is(buy()->{json}{stock}, 49, 'by a call');
my $end = $::STOPS{commit}->(db->session);
my $client = http_open(POST => '/checkout', '{"quantity":2}');
ok(waiting('commit'), 'the call is in its COMMIT');
ok(wait_for(sub { told('sale plain done: -?\d+, error 1205 after 0') }, 10),
    'the lock wait ended');
$end->();
is(answered($client)->{json}{stock}, 47, 'sold');
is(told('in doubt'), 0, 'nothing was in doubt');
is(sql('SELECT quantity FROM stock_sale ORDER BY quantity'), "1\n2\n", 'once');
is(stock(), 47, 'the stock');



=== TEST 3: the server becomes read-only before COMMIT: in doubt, sold once
--- database
user autostock;
password pw;
--- shop
autostock_timeout 15s;
--- sql_before eval
main::pieces(50)
--- timeout: 30
--- errors
--- drive
granted();
db->procedure(sub { s/COMMIT;/DO GET_LOCK('commit', 20); COMMIT;/ });
reloaded();
my $other = db->session;
$other->rows("SELECT GET_LOCK('commit', 1)");
my $client = http_open(POST => '/checkout', '{"quantity":2}');
ok(wait_for(sub { db->value('SELECT COUNT(*) FROM'
    . " information_schema.PROCESSLIST WHERE STATE = 'User lock'") }),
    'the call is before its COMMIT');
db->run('SET GLOBAL read_only = 1');
$other->rows("SELECT RELEASE_LOCK('commit')");
ok(wait_for(sub { told('in doubt') }, 10), 'in doubt');
is(told('sale plain done: -?\d+, error 1180 after 0'), 1, 'with error 1180');
db->procedure;
db->run('SET GLOBAL read_only = 0');
is(answered($client)->{json}{stock}, 48, 'sold');
is(sql('SELECT COUNT(*), SUM(quantity) FROM stock_sale'), "1 2\n", 'once');
is(stock(), 48, 'the stock');
revoked();



=== TEST 4: an operator ends the call, or its session: sold once
--- shop
autostock_timeout 15s;
--- sql_before eval
main::pieces(500)
--- timeout: 60
--- errors
--- drive
my $doubts = 0;
for my $where (qw( row commit )) {
    for my $what (qw( QUERY CONNECTION )) {
        my $case = "$what, $where";
        ok(by_calls(), "$case: by calls");
        my $stock = stock() - 2;
        my $end = $::STOPS{$where}->(db->session);
        my $client = http_open(POST => '/checkout', '{"quantity":2}');
        my $id = waiting($where);
        ok($id, "$case: it waits");
        db->run("KILL $what $id");
        $doubts++;
        ok(wait_for(sub { told('in doubt') == $doubts }), "$case: in doubt");
        $end->();
        is(answered($client)->{json}{stock}, $stock, "$case: sold");
        is(stock(), $stock, "$case: once");
    }
}
is(sql('SELECT 500 - SUM(quantity) FROM stock_sale') + 0, stock(),
    'the ledger');



=== TEST 5: what the session tracks is false, or missing: the true stock
--- database
connect_timeout 2s;
query_timeout 500ms;
--- shop
autostock_timeout 8s;
--- sql_before eval
main::pieces(50)
--- timeout: 60
--- errors
--- drive
my $stock = 50;
my @workers = workers_of(master_pid());
for my $lie (qw( ok tracked_text tracked_long tracked_none tracked_short
    tracked_wild ))
{
    is(buy()->{json}{stock}, --$stock, "$lie: before");
    proxy('match CALL autostock_sell');
    proxy("lie $lie 1");
    is(buy()->{json}{stock}, --$stock, "$lie: the stock");
    is(proxy('left'), 0, "$lie: told");
    is(stock(), $stock, "$lie: sold once");
    proxy('pass');
}
is(join(' ', workers_of(master_pid())), "@workers", 'the worker lives');
