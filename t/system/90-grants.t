#!/usr/bin/perl

# sql/grants.sql: its rights suffice for all requests of the module and for all
# work of the worker, and the server refuses what they must not do.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker']);

# The client's output, stderr included.
sub asked_of {
    my ($user, $password, $statement, $file) = @_;

    local $ENV{MYSQL_PWD} = $password;
    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', $file // '/dev/null' or die "$file: $!";
        exec 'mariadb', '--no-defaults', '-N', '-B', '-u', $user,
            "--socket=$env->{DB_SOCKET}", $env->{DB_DATABASE},
            defined $statement ? ('-e', $statement) : () or die $!;
    }
    my $output = do { local $/; <$pipe> } // '';
    close $pipe;
    return $output;
}

# The number of the statement's error, or the empty string.
sub as_user { return asked_of(@_) =~ /^ERROR (\d+)/m ? $1 : '' }

sub root { return as_user('root', '', @_) }

# The ids of a user's sessions, read by the administrator.
sub sessions {
    my ($user, $asking) = @_;
    return grep { /^\d+$/ } split /\n/, asked_of('root', '', "SELECT ID FROM
        information_schema.PROCESSLIST WHERE USER = '$user'
        AND COALESCE(INFO, '') LIKE '" . ($asking // '%') . "'");
}

sub slurp {
    open my $in, '<', $_[0] or die "$_[0]: $!";
    local $/;
    return <$in>;
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}

# The stack's user has the name of the module's user in the file; it keeps its
# rights, since the test's queries use it.
my $grants = slurp('sql/grants.sql');
$grants =~ s/autostock\@localhost/module\@localhost/g;
spew("$env->{AUTOSTOCK_STACK_DIR}/grants.sql", $grants);

is(root("CREATE USER module\@localhost IDENTIFIED BY 'm-pw';
    CREATE USER autostock_worker\@localhost IDENTIFIED BY 'w-pw'"), '',
    'two users without any right');
is(as_user('module', 'm-pw', 'SELECT 1'), 1044, 'who may not even enter');
for my $time ('once', 'again') {
    is(root(undef, "$env->{AUTOSTOCK_STACK_DIR}/grants.sql"), '',
        "grants.sql loads $time");
}

my $conf = slurp($env->{AUTOSTOCK_NGINX_CONF});
$conf =~ s/\buser autostock;/user module;/ or die 'no user in nginx.conf';
spew($env->{AUTOSTOCK_NGINX_CONF}, $conf);
spew("$env->{AUTOSTOCK_STACK_DIR}/nginx/db.password", "m-pw\n");
kill HUP => $env->{NGINX_PID};
ok(wait_for(sub {
    http(GET => '/product/donut');
    return sessions('module') > 0 && sessions('autostock') == 0;
}, 20), 'nginx reloads, and connects as the module\'s user alone');

is(root('DROP TRIGGER product_opening_movement;
    DROP TRIGGER product_opening_key; DROP TRIGGER product_opening_look;
    DROP TRIGGER product_closing; DROP TRIGGER product_held;
    DROP TRIGGER product_held_look'), '',
    'no trigger: the worker writes what it wrote');
stack('worker', 'provision', '--yes');
stack('start', 'worker', Autostock::Stack::start_options(
    'DB_USERNAME=autostock_worker', 'DB_PASSWORD=w-pw'));

subtest 'the module' => sub {
    is(stock(), 3, 'a look-up');
    is(checkout(1)->{json}{stock}, 2, 'a sale');
    my $first = checkout(2, 'Idempotency-Key' => 'grants');
    is($first->{code}, 200, 'a sale with a key, which opens an order');
    my $again = checkout(2, 'Idempotency-Key' => 'grants');
    is($again->{json}{sale_id}, $first->{json}{sale_id}, 'its replay');
    is(checkout(1)->{code}, 409, 'a refusal');
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
        'the worker carries the order, the callback is booked');
    my $id = order()->{id};
    is(http(POST => '/product/donut?' . sign($id),
        '{"MessageAttributeProductCnt":"10"}')->{code}, 200, 'once more');
    is(stock(), 10, 'once only');

    my $gone = '0198b7a0-5e11-7000-8000-000000000077';
    sql("INSERT INTO product (product_id, sku, name, price, stock,
        factory_id, ad_id) SELECT UNHEX(MD5('GONE-1')), 'GONE-1', 'gone', 1,
        5, factory_id, ad_id FROM product LIMIT 1");
    sql("INSERT INTO restock_order (order_id, product_id, state, quantity,
        requested_at) SELECT UUID_TO_BIN('$gone'), product_id, 'requested',
        10, UTC_TIMESTAMP(6) FROM product WHERE sku = 'GONE-1'");
    sql("DELETE FROM product WHERE sku = 'GONE-1'");
    is(http(POST => '/product/GONE-1?' . sign($gone),
        '{"MessageAttributeProductCnt":"10"}')->{code}, 404, 'goods of no one');
    is_deeply(sql("SELECT state, last_error FROM restock_order
        WHERE order_id = UUID_TO_BIN('$gone')"), [['failed',
        '10 pieces arrived, not booked: its product was deleted']],
        'their order fails with the reason');
    sql("DELETE FROM restock_order WHERE order_id = UUID_TO_BIN('$gone')");
};

# The module's statements, in transactions that are rolled back.
subtest 'the module: carts, holds, returns' => sub {
    for my $statement ("INSERT INTO stock_hold (hold_id, expires_at)
            VALUES (X'01', UTC_TIMESTAMP(6))",
        "INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            VALUES (X'01', X'02', 1)",
        "UPDATE stock_hold SET state = 'confirmed', settled_at =
            UTC_TIMESTAMP(6), settled_id = X'03' WHERE state = 'held'",
        "SELECT l.quantity FROM stock_hold h JOIN stock_hold_line l
            USING (hold_id) FOR UPDATE",
        "INSERT INTO stock_return (sale_id, product_id, already, quantity,
            restock, return_id) SELECT X'01', X'02', already, 1, 1, X'03'
            FROM stock_return", 'UPDATE product SET stock = stock - 1,
            held = held + 1, stock = stock + 1')
    {
        is(as_user('module', 'm-pw', "START TRANSACTION; $statement;
            ROLLBACK"), '', $statement =~ s/\s+/ /gr);
    }
};

# Inserts a hold of one piece as the module does; returns its id.
my $held = 0;
sub hold {
    my ($due) = @_;
    my $id = sprintf '0198b7a05e0070008000%08x8000', ++$held;
    sql("START TRANSACTION; INSERT INTO stock_hold (hold_id, expires_at)
            VALUES (X'$id', UTC_TIMESTAMP(6) + INTERVAL $due SECOND);
        INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            SELECT X'$id', product_id, 1 FROM product WHERE sku = 'CP-502101';
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
            SELECT X'$id', product_id, 'hold', -1 FROM product
            WHERE sku = 'CP-502101';
        UPDATE product SET stock = stock - 1, held = held + 1
            WHERE sku = 'CP-502101'; COMMIT");
    return $id =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
}

sub state_of {
    return sql("SELECT state FROM stock_hold
        WHERE hold_id = UUID_TO_BIN('$_[0]')")->[0][0];
}

subtest 'the worker' => sub {
    my $hold = hold(0);
    ok(wait_for(sub { state_of($hold) eq 'expired' }),
        'a hold that is due is released');
    sql("INSERT INTO product (product_id, sku, name, price, stock,
        factory_id, ad_id) SELECT UNHEX(REPLACE(UUID(), '-', '')), 'NEW-1',
        'new', 1, 0, factory_id, ad_id FROM product LIMIT 1");
    ok(wait_for(sub { sql("SELECT COUNT(*) FROM restock_order o JOIN product p
        USING (product_id) WHERE p.sku = 'NEW-1'
        AND o.state = 'fulfilled'")->[0][0] == 1 }, 20),
        'a product without stock and order gets an order');
    stack('stop', 'worker');
    stack('start', 'worker', Autostock::Stack::start_options(
        'DB_USERNAME=autostock_worker', 'DB_PASSWORD=w-pw',
        'AUTOSTOCK_IDEMPOTENCY_RETENTION=1m'));
    ok(wait_for(sub { books_agree() eq '' }, 20),
        'a product without its opening movement gets it');
    stack('stop', 'worker');
    # the module's key, and one as version 0.1.0 wrote it, of 2004
    my $aged = "UNHEX(CONCAT('010000000000', SUBSTR(HEX(movement_id), 13)))";
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            idempotency_key, fingerprint) SELECT UNHEX(MD5('old')),
            product_id, 'sale', -1, UNHEX(MD5('key')), X'0102030405060708'
            FROM product WHERE sku = 'CP-502101';
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id) SELECT idempotency_key, movement_id, product_id
            FROM stock_movement WHERE movement_id = UNHEX(MD5('old'));
        UPDATE product SET stock = stock - 1 WHERE sku = 'CP-502101';
        UPDATE stock_movement_key SET movement_id = $aged WHERE movement_id
            = UNHEX(MD5('old')) OR fingerprint IS NOT NULL;
        UPDATE stock_movement SET movement_id = $aged WHERE kind = 'sale'");
    my $keys = sub { return sql("SELECT COUNT(*) FROM stock_movement_key
        WHERE LEFT(HEX(movement_id), 4) = '0100'")->[0][0] };
    is($keys->(), 2, 'two keys are old');
    is(books_agree(), '', 'the books agree');
    stack('start', 'worker', Autostock::Stack::start_options(
        'DB_USERNAME=autostock_worker', 'DB_PASSWORD=w-pw',
        'AUTOSTOCK_IDEMPOTENCY_RETENTION=1m'));
    ok(wait_for(sub { $keys->() == 0 }, 20), 'they are forgotten');
    is(books_agree(), '', 'in the ledger, too');
    unlike(log_of('worker'), qr/denied/, 'nothing was denied');
};

subtest 'the operator' => sub {
    is(root("CREATE USER autostock_operator\@localhost
        IDENTIFIED BY 'o-pw'"), '', 'a third user');
    is(root(undef, 'sql/grants-operator.sql'), '', 'and its rights');

    my $command = sub {
        local @ENV{qw( DB_SOCKET DB_DATABASE DB_USERNAME DB_PASSWORD )} =
            ($env->{DB_SOCKET}, $env->{DB_DATABASE}, splice @_, 0, 2);
        my $worker = ($ENV{AUTOSTOCK_BUILD} || 'build') . '/autostock-worker';
        system("$worker @_ > $env->{AUTOSTOCK_STACK_DIR}/command.log 2>&1");
        return $? >> 8;
    };

    my $stock = stock();
    is($command->('autostock_operator', 'o-pw', 'stock add CP-502101 5'), 0,
        'stock add');
    is(stock(), $stock + 5, 'which it did');
    is($command->('autostock_operator', 'o-pw',
        'stock set CP-502101 9 --yes'), 0, 'stock set');
    sql('UPDATE product SET stock = stock - 1');
    is($command->('autostock_operator', 'o-pw', 'reconcile'), 1,
        'reconcile finds a difference');
    is($command->('autostock_operator', 'o-pw', 'reconcile --adjust --yes'),
        0, 'and adjusts it');
    my $sale = checkout(1)->{json}{sale_id};
    is($command->('autostock_worker', 'w-pw', "sales show $sale"), 0,
        'the worker\'s user may look at a sale');
    isnt($command->('autostock_worker', 'w-pw', "sales return $sale --yes"),
        0, 'not return it');
    is($command->('autostock_operator', 'o-pw', "sales return $sale --yes"),
        0, 'the operator\'s may');
    for my $user (['autostock_worker', 'w-pw'], ['autostock_operator', 'o-pw']) {
        my $id = hold(3600);
        is($command->(@$user, "holds release $id --yes"), 0, 'holds release');
        is($command->(@$user, 'holds list'), 0, 'holds list');
        is(state_of($id), 'released', 'which it did');
    }
    is(books_agree(), '', 'the books agree');
    # openings have their keys in the same tables as sales
    for my $table (qw( stock_movement stock_movement_key )) {
        sql("UPDATE $table SET movement_id = UNHEX(CONCAT('010000000000',
            SUBSTR(HEX(movement_id), 13))) WHERE idempotency_key =
            product_id");
    }
    is($command->('autostock_operator', 'o-pw',
        'ledger rollup --before 90d --yes'), 0, 'ledger rollup')
        or diag(log_of('../command'));
    is(sql("SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale'
        AND LEFT(HEX(movement_id), 4) = '0100'")->[0][0], 0,
        'which folded the old sales');
    is(books_agree(), '', 'keys and books agree');
    isnt($command->('autostock_worker', 'w-pw', 'stock add CP-502101 5'), 0,
        'the worker\'s user may not change stock');
    is($command->('autostock_worker', 'w-pw', 'reconcile'), 0,
        'but look at the books, which agree');
    sql('UPDATE product SET stock = stock - 1');
    is($command->('autostock_worker', 'w-pw', 'reconcile --adjust --yes'), 3,
        'nor adjust them');
    like(log_of('../command'), qr/database: refused: .*1143.*\n.*grants-operator\.sql/,
        'which says whose it is');
    isnt(books_agree(), '', 'nothing was written');
    is($command->('autostock_operator', 'o-pw', 'reconcile --adjust --yes'),
        0, 'the operator\'s may');
};

# The findings of doctor as the worker's user, with the test's names: by their
# check, those that are not fine, or those that are.
sub doctor {
    my ($level) = @_;
    my $file = "$env->{AUTOSTOCK_STACK_DIR}/doctor.env";
    spew($file, slurp("$env->{AUTOSTOCK_STACK_DIR}/worker.env")
        . "DB_USERNAME=autostock_worker\nDB_PASSWORD=w-pw\n");
    chmod 0600, $file;    # a secret that all can read is a finding
    my ($output) = stack('worker', 'doctor', '--output', 'json', '--env-file',
        $file);
    1 while $output =~ s/\A[^\[{].*\n?//;
    my ($json) = JSON::PP->new->utf8->decode_prefix($output);
    return { map { $_->{check} => $_ }
        grep { ($_->{level} eq 'fine') == defined $level }
        @{ $json->{findings} } };
}

subtest 'rights that are missing, and doctor' => sub {
    set_stock(100);
    is(checkout(1)->{code}, 200, 'a sale');
    is_deeply(doctor(), {}, 'all is well');

    root('REVOKE INSERT ON stock_movement_key FROM module@localhost');
    kill HUP => $env->{NGINX_PID};
    my $found;
    ok(wait_for(sub { ($found = doctor())->{'nginx-rights'} }, 20),
        'nginx reloads, and finds a right missing without any request');
    like($found->{'nginx-rights'}{what},
        qr/: its user lacks INSERT ON stock_movement_key$/, 'which is named');
    like($found->{'nginx-rights'}{mend}, qr/mariadb \S+ < sql\/grants\.sql/,
        'and how it is mended');
    root(undef, "$env->{AUTOSTOCK_STACK_DIR}/grants.sql");
    ok(wait_for(sub { !%{ doctor() } }, 20), 'nothing else is needed for it');

    root('REVOKE ALL ON stock_movement FROM module@localhost');
    # the status page has a resolution of seconds
    my $sold = status_of('autostock_last_commit_seconds');
    wait_for(sub { time > $sold + 1 });
    is(checkout(1)->{code}, 503, 'nginx\'s user may not sell any more');
    ok(wait_for(sub { ($found = doctor())->{'nginx-rights'} }, 20),
        'which nginx then looks at');
    is_deeply([keys %$found], ['nginx-rights'], 'its rights are found');
    like($found->{'nginx-rights'}{what}, qr/[ ]lacks[ ]SELECT[ ]ON[ ]stock_movement,
        [ ]INSERT[ ]ON[ ]stock_movement$/x, 'and named');
    root(undef, "$env->{AUTOSTOCK_STACK_DIR}/grants.sql");
    wait_for(sub { time > status_of('autostock_last_unavailable_seconds') });
    is(checkout(1)->{code}, 200, 'by its rights, and a checkout');
    ok(wait_for(sub { !%{ doctor() } }, 20), 'all is well');

    root('REVOKE UPDATE ON restock_order FROM autostock_worker@localhost;
        REVOKE ALL ON stock_movement_key FROM autostock_worker@localhost');
    $found = doctor();
    is($found->{grants}{level}, 'wrong', 'the worker\'s user lacks rights');
    like($found->{grants}{what}, qr/change orders .*opening movements/,
        'which are named');
    is($found->{grants}{mend}, "as an administrator: mariadb "
        . "$env->{DB_DATABASE} < sql/grants.sql", 'and where they come from');
    root(undef, "$env->{AUTOSTOCK_STACK_DIR}/grants.sql");
    ok(wait_for(sub { !%{ doctor() } }, 20), 'all is well');
};

subtest 'the procedure autostock_sell, and doctor' => sub {
    like(doctor('fine')->{procedure}{what}, qr/^this user sees no autostock_sell/,
        'is hidden from the worker\'s user');
    is(root('GRANT EXECUTE ON PROCEDURE autostock_sell
        TO autostock_worker@localhost'), '', 'whom a right shows it');
    like(doctor('fine')->{procedure}{what}, qr/^autostock_sell exists/, 'it does');
    is(root(undef, 'sql/procedure.sql'), '', 'the procedure is replaced');
    like(doctor('fine')->{procedure}{what}, qr/^autostock_sell exists/,
        'which keeps the right');
    is(root('DROP PROCEDURE autostock_sell'), '', 'it is dropped');
    is(root(undef, "$env->{AUTOSTOCK_STACK_DIR}/grants.sql"), '',
        'grants.sql loads without it');
    is(root(undef, 'sql/procedure.sql'), '', 'and created');
    like(doctor('fine')->{procedure}{what}, qr/^this user sees no autostock_sell/,
        'which does not bring the right back');
};

# A user can KILL its own sessions without a privilege.
for my $who (['module', 'm-pw'], ['autostock_worker', 'w-pw']) {
    my ($user, $password) = @$who;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        asked_of($user, $password, 'DO SLEEP(60)');
        require POSIX;
        POSIX::_exit(0);
    }
    my $lost = wait_for(sub { (sessions($user, 'DO SLEEP(60)'))[0] }) || 0;
    is(as_user($user, $password, "KILL $lost"), '', "$user: KILL $lost");
    waitpid $pid, 0;
    ok(wait_for(sub { !grep { $_ == $lost } sessions($user) }),
        'that session is gone');
}

# Statements that neither may run: the server's error is "denied", for a table
# (1142) or a column (1143).
my @never = ('DELETE FROM stock_movement', 'DELETE FROM restock_order',
    'UPDATE stock_movement SET quantity = 0', 'UPDATE product SET price = 1',
    'INSERT INTO product () VALUES ()', 'SELECT * FROM advertisement',
    'DELETE FROM stock_hold', 'DELETE FROM stock_hold_line',
    'DELETE FROM stock_return', 'UPDATE stock_return SET quantity = 1',
    'UPDATE stock_hold_line SET quantity = 1',
    'UPDATE stock_hold SET expires_at = UTC_TIMESTAMP(6)',
    'DROP TABLE stock_movement', 'CREATE TABLE other (a INT)',
    'ALTER TABLE product ADD other INT');

for my $who (['module', 'm-pw', 'UPDATE stock_movement SET fingerprint = NULL',
        'DELETE FROM stock_movement_key',
        'SELECT * FROM factory', 'UPDATE restock_order SET quantity = 1',
        'SELECT * FROM stock_sale'],
    ['autostock_worker', 'w-pw', 'INSERT INTO stock_hold () VALUES ()',
        'INSERT INTO stock_return () VALUES ()',
        'UPDATE product SET reorder_point = 9'])
{
    my ($user, $password, @more) = @$who;
    for my $statement (@never, @more) {
        like(as_user($user, $password, $statement), qr/^114[23]$/,
            "$user: $statement");
    }
}

is(books_agree(), '', 'the books agree');

done_testing();
