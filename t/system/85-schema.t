#!/usr/bin/perl

# sql/schema.sql and sql/trigger.sql, run again: on the tables of earlier
# versions, on an incomplete opening, and during sales.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use IPC::Open2;
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx', 'emulator', 'factory']);

# Runs a file of sql/; returns the client's error, or the empty string.
sub load {
    my ($file) = @_;
    my $said = `mariadb --no-defaults -u root --socket=$env->{DB_SOCKET} \\
        $env->{DB_DATABASE} < sql/$file.sql 2>&1`;
    return $said =~ /^(ERROR .*)/m ? $1 : $? ? "exit $?" : '';
}

sub product {
    my ($name) = @_;
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id) SELECT UNHEX(MD5('$name')), '$name', '$name', 1, 5, factory_id,
        ad_id FROM product WHERE sku = 'CP-502101'");
}

sub openings {
    return join ' ', map { @$_ } @{ sql("SELECT p.sku, COUNT(k.movement_id),
        COALESCE(SUM(m.quantity), -1) FROM product p
        LEFT JOIN stock_movement_key k ON k.idempotency_key = p.product_id
        LEFT JOIN stock_movement m ON m.movement_id = k.movement_id
        GROUP BY p.sku ORDER BY p.sku") };
}

sub worker {
    local @ENV{qw( DB_SOCKET DB_DATABASE DB_USERNAME DB_PASSWORD )} =
        @$env{qw( DB_SOCKET DB_DATABASE DB_USERNAME DB_PASSWORD )};
    my $worker = ($ENV{AUTOSTOCK_BUILD} || 'build') . '/autostock-worker';
    system("$worker @_ > $env->{AUTOSTOCK_STACK_DIR}/command.log 2>&1");
    return $? >> 8;
}

# A new session: a sub that runs a query in it, and one that ends it.
sub session {
    my $pid = open2(my $out, my $in, 'mariadb', '--no-defaults', '-Nn', '-u',
        'root', "--socket=$env->{DB_SOCKET}", $env->{DB_DATABASE});
    return sub {
        print $in "$_[0];\n";
        $in->flush;
        return scalar <$out>;
    }, sub {
        close $in;
        waitpid $pid, 0;
    };
}

# The tables as they are now, without what differs by their rows.
sub tables {
    return join "\n", map { sql("SHOW CREATE TABLE $_")->[0][1]
        =~ s/ AUTO_INCREMENT=\d+//r } qw( stock_movement stock_movement_key );
}

# A version 7 id with a number and its last two bytes.
sub id { return sprintf '0198b7a05e%02x70008000%012x', @_ }

# The view's rows of these movements, in order; ids without their common digits.
sub sales_of {
    return join ' ', map { join ':', @$_ } @{ sql("SELECT
        LOWER(CONCAT(SUBSTR(HEX(sale_id), 11, 2), RIGHT(HEX(sale_id), 4))),
        IF(HEX(product_id) = MD5('A'), 'A', 'B'), quantity,
        IF(idempotency_key IS NULL, '-', HEX(idempotency_key) = MD5('k'))
        FROM stock_sale WHERE transaction_id IN ("
        . join(', ', map { "X'$_'" } @_) . ')
        ORDER BY sale_id, product_id') };
}

# The ledger of version 0.1.0: the upgrade does not rewrite its rows.
subtest 'a ledger of before 0.2.0' => sub {
    my $tables = tables();
    is(load('../t/lib/ledger-0.1.0'), '', 'its tables');
    my ($plain, $keyed, $anchor) = (id(1, 0xfffe), id(2, 7), id(9, 1));
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            idempotency_key, fingerprint) VALUES
            (X'$plain', UNHEX(MD5('A')), 'sale', -3, NULL, NULL),
            (X'$keyed', UNHEX(MD5('A')), 'sale', -1000000, UNHEX(MD5('k')),
                X'0102030405060708'),
            (X'$anchor', UNHEX(MD5('A')), 'sale', 0, NULL, NULL);
        INSERT INTO stock_movement_key SELECT idempotency_key, movement_id,
            product_id FROM stock_movement WHERE idempotency_key IS NOT NULL");
    my $rows = sub { return join "\n", map { join ' ', @$_ } @{ sql("SELECT
        HEX(movement_id), HEX(product_id), kind, quantity,
        HEX(idempotency_key), HEX(fingerprint), created_at
        FROM stock_movement WHERE kind = 'sale' ORDER BY 1") } };
    my $before = $rows->();
    my ($ask, $end) = session();
    is($ask->('BEGIN; SELECT COUNT(*) FROM stock_movement'), "3\n",
        'a transaction has read the ledger');
    like(load('schema'), qr/^ERROR 1205 /, 'schema.sql does not wait long');
    is($ask->('SELECT COUNT(*) FROM stock_movement'), "3\n", 'nor ends it');
    $end->();
    for my $time ('once', 'again') {
        is(load('schema'), '', "schema.sql $time");
        is(tables(), $tables, 'the tables are as new ones');
        is($rows->(), $before, 'the rows as they were');
    }
    is(sales_of($plain, $keyed, $anchor), '01fffe:A:3:- 020007:A:1000000:1',
        'each row is a sale, but not an anchor');
    sql("DELETE FROM stock_movement WHERE kind = 'sale';
        DELETE FROM stock_movement_key
        WHERE idempotency_key = UNHEX(MD5('k'))");
    is(books_agree(), '', 'keys and books agree');
};

my @old = (id(3, 0xabcd), id(3, 0));
my ($plain, $list, $anchor, $many) = map { id($_, 0) } 4 .. 7;

subtest 'a row per sale' => sub {
    my $restock = id(8, 0);
    my $keyed = id(5, 0x100);
    sql("INSERT INTO stock_movement
            (movement_id, product_id, kind, quantity, sales, sale_list) VALUES
        (X'$old[0]', UNHEX(MD5('A')), 'sale', -7, 1, NULL),
        (X'$plain', UNHEX(MD5('A')), 'sale', -3, 3, NULL),
        (X'$list', UNHEX(MD5('A')), 'sale', -1000258, 3,
            X'0000000001' '00030f4240' '0100000101'),
        (X'$anchor', UNHEX(MD5('A')), 'sale', 0, 0, NULL),
        (X'$many', UNHEX(MD5('A')), 'sale', -3, 2, X'0000000001' '0002000002'),
        (X'$many', UNHEX(MD5('B')), 'sale', -5, 2, X'0001000001' 'ffff000004'),
        (X'$restock', UNHEX(MD5('A')), 'restock', 10, 1, NULL);
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id, fingerprint, quantity) VALUES (UNHEX(MD5('k')),
            X'$keyed', UNHEX(MD5('A')), X'0102030405060708', 257)"
        =~ s/' '//gr);
    is(sales_of(@old), '03abcd:A:7:-', 'an old row');
    is(sales_of($plain), '040000:A:1:- 040001:A:1:- 040002:A:1:-',
        'numbers from 0, of one piece');
    is(sales_of($list), '050000:A:1:- 050003:A:1000000:- 050100:A:257:1',
        'a list with gaps and quantities, and a key');
    is(sales_of($anchor), '', 'an anchor is no sale');
    is(sales_of($many),
        '070000:A:1:- 070001:B:1:- 070002:A:2:- 07ffff:B:4:-',
        'several products of one transaction');
    is(sales_of($restock), '', 'a restock is no sale');
    is_deeply(sql("SELECT COUNT(*), SUM(quantity) FROM stock_sale"),
        [[11, 7 + 3 + 1000258 + 3 + 5]], 'no more, and no less');
};

subtest 'a sale is found by its transaction alone' => sub {
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales) SELECT UNHEX(MD5(seq)), UNHEX(MD5('A')), 'sale', -10, 10
            FROM seq_1_to_2000;
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id) SELECT UNHEX(MD5(seq)), UNHEX(MD5(seq)),
            UNHEX(MD5('A')) FROM seq_1_to_2000; ANALYZE TABLE stock_movement,
            stock_movement_key");
    my $keyed = id(5, 0x100);
    my $query = "SELECT quantity FROM stock_sale WHERE transaction_id
        IN (X'$keyed', X'$list') AND sale_id = X'$keyed'";
    is_deeply(sql($query), [[257]], 'it is');
    my %plan = map { $_->[2] => [@{$_}[3, 5, 8]] } @{ sql("EXPLAIN $query") };
    is($plan{m}[1], 'PRIMARY', 'by the primary key');
    cmp_ok($plan{m}[2], '<=', 2, 'of the two that it may be in');
    is_deeply([@{$plan{k}}[0, 1]], ['ref', 'ix_stock_movement_key_movement'],
        'and its key by its id');
    sql("DELETE FROM stock_movement WHERE product_id IN (UNHEX(MD5('A')),
        UNHEX(MD5('B'))); DELETE FROM stock_movement_key
        WHERE product_id = UNHEX(MD5('A'))");
    is(books_agree(), '', 'keys and books agree');
};

# A cart of two products, and three other holds of one transaction.
subtest 'a hold that was confirmed is a sale' => sub {
    my $hold = id(10, 0x8000);
    my %line = (A => ['0000000002' . '0001000001' . '0003000004', -7],
        B => ['0000000005' . '0002000001', -6]);
    my @settled = ('UTC_TIMESTAMP(6)', "X'" . id(11, 0xc000) . "'");
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales, sale_list) VALUES " . join(', ', map { "(X'$hold',
            UNHEX(MD5('$_')), 'hold', $line{$_}[1], LENGTH(X'$line{$_}[0]')
            DIV 5, X'$line{$_}[0]')" } sort keys %line) . ";
        INSERT INTO stock_hold (hold_id, state, expires_at, settled_at,
            settled_id) VALUES "
        . join(', ', map { my ($n, $state) = @$_;
            "(X'" . id(10, 0x8000 + $n) . "', '$state', UTC_TIMESTAMP(6), "
            . ($state eq 'held' ? 'NULL, NULL)'
                : "'2026-11-28 18:00:00.5', $settled[1])") }
            [0, 'confirmed'], [1, 'held'], [2, 'released'], [3, 'expired'])
        . "; INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id, fingerprint, quantity) VALUES (UNHEX(MD5('k')),
            X'$hold', UNHEX(MD5('A')), X'0102030405060708', 2)");
    is(sales_of($hold), '0a8000:A:2:1 0a8000:B:5:1',
        'the confirmed one, with all its products, and no other');
    is(sql("SELECT MIN(created_at) FROM stock_sale
        WHERE transaction_id = X'$hold'")->[0][0],
        '2026-11-28 18:00:00.500000', 'sold when it was confirmed');

    my $net = sub { return join ' ', map { join ':', @$_ } @{ sql("SELECT
        IF(HEX(product_id) = MD5('A'), 'A', 'B'), sold, returned, quantity
        FROM stock_sale_net WHERE transaction_id = X'$hold'
        AND sale_id = X'$hold' ORDER BY 1") } };
    is($net->(), 'A:2:0:2 B:5:0:5', 'nothing was returned');
    for my $return ([0, 2], [2, 1], [3, 2]) {
        sql("INSERT INTO stock_return (sale_id, product_id, already, quantity,
            restock, return_id) VALUES (X'$hold', UNHEX(MD5('B')),
            $return->[0], $return->[1], 0, X'" . id(12, 0x4000) . "')");
    }
    is($net->(), 'A:2:0:2 B:5:5:0', 'three returns of one product');
    sql("DELETE FROM stock_return WHERE already = 3");
    is($net->(), 'A:2:0:2 B:5:3:2', 'two');

    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales) SELECT UNHEX(MD5(seq)), UNHEX(MD5('A')), 'hold', -10, 10
            FROM seq_1_to_2000;
        INSERT INTO stock_hold (hold_id, expires_at) SELECT UNHEX(MD5(seq)),
            UTC_TIMESTAMP(6) FROM seq_1_to_2000;
        INSERT INTO stock_return (sale_id, product_id, already, quantity,
            restock, return_id) SELECT UNHEX(MD5(seq)), UNHEX(MD5('A')), 0, 1,
            0, UNHEX(MD5(seq)) FROM seq_1_to_2000;
        ANALYZE TABLE stock_movement, stock_hold, stock_return");
    my %plan = map { $_->[2] => $_->[5] // '' } @{ sql("EXPLAIN SELECT * FROM
        stock_sale_net WHERE transaction_id IN (X'$hold', X'$many')
        AND sale_id = X'$hold'") };
    is_deeply([@plan{qw( m h r later )}], [('PRIMARY') x 4],
        'all is found by primary keys') or diag(explain \%plan);
    sql("DELETE FROM stock_movement WHERE product_id IN (UNHEX(MD5('A')),
            UNHEX(MD5('B'))); DELETE FROM stock_movement_key
            WHERE product_id = UNHEX(MD5('A')); DELETE FROM stock_hold;
        DELETE FROM stock_return");
    is(books_agree(), '', 'keys and books agree');
};

subtest 'keys of before go over' => sub {
    sql("DROP TRIGGER product_opening_key;
        DROP TRIGGER product_opening_movement;
        DROP TRIGGER product_opening_look; DROP TRIGGER product_closing;
        DROP TRIGGER product_held; DROP TRIGGER product_held_look;
        DROP TABLE stock_movement_key;
        ALTER TABLE stock_movement ADD CONSTRAINT
            uc_stock_movement_idempotency_key UNIQUE (idempotency_key)");
    sql("CREATE TRIGGER product_opening_movement AFTER INSERT ON product
        FOR EACH ROW INSERT INTO stock_movement (movement_id, product_id,
        kind, quantity, idempotency_key) VALUES (UNHEX(MD5(NEW.sku)),
        NEW.product_id, 'opening', NEW.stock, NEW.product_id)");
    product('OLD-1');
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            idempotency_key, fingerprint) VALUES (UNHEX(MD5('sale')),
            UNHEX(MD5('OLD-1')), 'sale', -1, UNHEX(MD5('key')),
            UNHEX('0102030405060708'));
        UPDATE product SET stock = 4 WHERE sku = 'OLD-1'");
    for my $time ('once', 'again') {
        is(load('schema'), '', "schema.sql $time");
        is(load('trigger'), '', "trigger.sql $time");
        is(books_agree(), '', 'keys and books agree');
    }
    product('NEW-1');
    is(openings(), 'CP-502101 1 3 NEW-1 1 5 OLD-1 1 5', 'an opening each');
    is(sql("SELECT COUNT(*) FROM stock_movement_key WHERE idempotency_key
        = UNHEX(MD5('key')) AND movement_id = UNHEX(MD5('sale'))")->[0][0], 1,
        "the sale's key");
    is(scalar @{ sql("SHOW KEYS FROM stock_movement WHERE Key_name <>
        'PRIMARY'") }, 0, 'the ledger has no other key');
};

# Neither schema.sql nor a transaction on the table of the orders waits.
subtest 'before orders had a trace' => sub {
    my $new = sql('SHOW CREATE TABLE restock_order_trace')->[0][1];
    sql('DROP TABLE restock_order_trace');
    my ($ask, $end) = session();
    is($ask->("BEGIN; INSERT INTO restock_order (order_id, product_id, quantity)
        SELECT UNHEX(MD5('order')), product_id, 10 FROM product
        WHERE sku = 'OLD-1'; SELECT ROW_COUNT()"), "1\n",
        'a sale that opens an order is under way');
    for my $time ('once', 'again') {
        is(load('schema'), '', "schema.sql $time");
        is(sql('SHOW CREATE TABLE restock_order_trace')->[0][1], $new,
            'makes it as in a new database');
    }
    is($ask->("ROLLBACK; SELECT COUNT(*) FROM restock_order"), "0\n",
        'it was until now');
    $end->();
};

# The key of the sale is locked, but not committed.
subtest 'during a sale' => sub {
    my ($ask, $end) = session();
    is($ask->("BEGIN; INSERT INTO stock_movement (movement_id, product_id,
        kind, quantity, idempotency_key) VALUES (UNHEX(MD5('open')),
        UNHEX(MD5('NEW-1')), 'sale', -1, UNHEX(MD5('under way')));
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
        product_id) VALUES (UNHEX(MD5('under way')), UNHEX(MD5('open')),
        UNHEX(MD5('NEW-1'))); SELECT ROW_COUNT()"),
        "1\n", 'a sale is under way');
    is(load('schema'), '', 'schema.sql does not wait');
    is($ask->("ROLLBACK; SELECT COUNT(*) FROM stock_movement WHERE
        movement_id = UNHEX(MD5('open'))"), "0\n", 'it was until now');
    $end->();
    is(books_agree(), '', 'keys and books agree');
};

subtest 'half an opening' => sub {
    sql("DELETE m FROM stock_movement m JOIN stock_movement_key k USING
        (movement_id) WHERE k.idempotency_key = UNHEX(MD5('NEW-1'))");
    is(load('schema'), '', 'schema.sql');
    is(openings(), 'CP-502101 1 3 NEW-1 1 5 OLD-1 1 5', 'is whole again');
    sql("DELETE m FROM stock_movement m JOIN stock_movement_key k USING
        (movement_id) WHERE k.idempotency_key = UNHEX(MD5('NEW-1'))");
    is(worker('ledger', 'rollup', '--before', '90d', '--yes'), 0,
        'the worker');
    is(openings(), 'CP-502101 1 3 NEW-1 1 5 OLD-1 1 5', 'does it, too');
    is(books_agree(), '', 'keys and books agree');
};

subtest 'between the triggers' => sub {
    for my $trigger (qw( key look movement )) {
        sql("DROP TRIGGER product_opening_$trigger");
        product("HALF-$trigger");
        is(load('trigger'), '', "without $trigger, and back");
    }
    is(openings(), 'CP-502101 1 3 HALF-key 0 -1 HALF-look 1 -1'
        . ' HALF-movement 1 -1 NEW-1 1 5 OLD-1 1 5',
        'what one of them leaves');
    is(worker('ledger', 'rollup', '--before', '90d', '--yes'), 0,
        'the worker');
    is(openings(), 'CP-502101 1 3 HALF-key 1 5 HALF-look 1 5'
        . ' HALF-movement 1 5 NEW-1 1 5 OLD-1 1 5', 'writes what is missing');
};

# Each query of the document's section, with the comment above it.
sub document_queries {
    my ($from, $to) = @_;
    open my $in, '<:encoding(UTF-8)', 'docs/upgrading.md' or die $!;
    my $text = join '', <$in>;
    $text =~ s/.*^### \Q$from\E\n(.*?)^### \Q$to\E\n.*/$1/ms or die $from;
    return map { [/^--[ ](.*)$/m, $_] } map { s/^ {4}//mgr }
        $text =~ /^(    (?:--|SELECT)[^;]*;)$/mg;
}

subtest 'the queries of the document before the upgrade' => sub {
    sql("DROP TRIGGER product_opening_look; ALTER TABLE product
        DROP CONSTRAINT product_stock_not_negative");
    my @queries = document_queries('1. Before',
        '2. Stop every program that changes stock');
    is(scalar @queries, 7, 'as many queries');
    for my $query (grep { $_->[0] =~ /^(?:must|should)/ } @queries) {
        is_deeply(sql($query->[1]), [], "$query->[0] (none)");
    }
    sql('CREATE TABLE asleep (id INT) ENGINE=MyISAM;
        ALTER TABLE product MODIFY stock BIGINT NOT NULL');
    for my $stock (-1, 2147483648) {
        sql("UPDATE product SET stock = $stock WHERE sku = 'OLD-1'");
        is(sql($queries[1][1])->[0][0], 'OLD-1', "a stock of $stock is shown");
    }
    is(sql($queries[0][1])->[0][0], 'asleep', 'another engine is shown');
    cmp_ok(scalar @{ sql($queries[5][1]) }, '>=', 3, 'triggers are shown');
    sql("DROP TABLE asleep; UPDATE product SET stock = 4 WHERE sku = 'OLD-1';
        ALTER TABLE product MODIFY stock INT NOT NULL");
    is(load($_), '', $_) for qw( schema trigger );
};

subtest 'how the document looks at the books' => sub {
    my @queries = document_queries('5. Check stock and ledger',
        '6. nginx, then the worker');
    is_deeply(sql($queries[0][1]), [], 'they agree');
    sql("UPDATE product SET stock = stock + 1 WHERE sku = 'OLD-1'");
    is_deeply(sql($queries[0][1]), [['OLD-1', 5, 4]], 'they do not');
    sql("UPDATE product SET stock = stock - 1 WHERE sku = 'OLD-1'");
};

# With earlier sales of the product, and with other products in the ledger.
subtest 'again under the same id' => sub {
    my $mariadb = "mariadb --no-defaults -u root --socket=$env->{DB_SOCKET}";
    my $dump = "mariadb-dump --no-defaults -u root"
        . " --socket=$env->{DB_SOCKET} --no-create-info --skip-triggers";
    my $db = $env->{DB_DATABASE};
    sql("DROP TABLE IF EXISTS saved; CREATE TABLE saved AS
        SELECT * FROM product");
    # a cart of all
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sale_list) SELECT UNHEX('" . id(20, 0x8000) . "'), product_id,
            'hold', -2, X'0002000002' FROM product;
        INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            SELECT UNHEX('" . id(20, 0x8002) . "'), product_id, 2
            FROM product;
        INSERT INTO stock_hold (hold_id, expires_at) VALUES
            (UNHEX('" . id(20, 0x8002) . "'), UTC_TIMESTAMP(6));
        UPDATE product SET stock = stock - 2, held = 2");
    is(books_agree(), '', 'some pieces are held');
    my $insert = 'INTO product SELECT * FROM saved';
    my @ways = (
        'REPLACE' => "REPLACE $insert",
        'DELETE, INSERT' => "DELETE FROM product; INSERT $insert",
        'the same at once' => "START TRANSACTION; DELETE FROM product;
            INSERT $insert; COMMIT",
        'another stock' => "DELETE FROM product; UPDATE saved SET stock = 9;
            INSERT $insert",
        'TRUNCATE' => "TRUNCATE product; INSERT $insert",
        'of another snapshot' => "START TRANSACTION WITH CONSISTENT SNAPSHOT;
            SYSTEM $mariadb $db -e 'DELETE FROM product';
            INSERT $insert; COMMIT",
        'ON DUPLICATE KEY' => "INSERT $insert
            ON DUPLICATE KEY UPDATE name = CONCAT(saved.name, ' ')",
        'rolled back' => "START TRANSACTION; REPLACE $insert; ROLLBACK",
    );
    while (my ($way, $statements) = splice @ways, 0, 2) {
        sql("INSERT INTO stock_movement (movement_id, product_id, kind,
                quantity) SELECT UNHEX(MD5(CONCAT('$way', sku))), product_id,
                'sale', -1 FROM product;
            UPDATE product SET stock = stock - 1");
        open my $out, '>', "$env->{AUTOSTOCK_STACK_DIR}/way.sql" or die $!;
        print $out "$statements;\n" =~ s/(SYSTEM [^;]+);/\n$1\n/r;
        close $out;
        is(`$mariadb $db < $env->{AUTOSTOCK_STACK_DIR}/way.sql 2>&1`, '', $way);
        is(sql('SELECT COUNT(*) FROM product')->[0][0], 6, "$way: all");
        is(books_agree(), '', "$way: keys and books agree");
    }
    sql("UPDATE product SET stock = stock - 1; INSERT INTO stock_movement
        (movement_id, product_id, kind, quantity) SELECT UNHEX(MD5(CONCAT('dump', sku))),
        product_id, 'sale', -1 FROM product");
    is(`($dump --replace $db product > $env->{AUTOSTOCK_STACK_DIR}/dump.sql &&
        $mariadb $db < $env->{AUTOSTOCK_STACK_DIR}/dump.sql) 2>&1`, '',
        'dump --replace');
    is(books_agree(), '', 'keys and books agree');
    is_deeply(sql('SELECT SUM(held), COUNT(*) FROM product'), [[12, 6]],
        'the same pieces are held');
    sql("DROP TABLE saved; DELETE FROM stock_movement WHERE kind = 'hold';
        DELETE FROM stock_hold; DELETE FROM stock_hold_line;
        UPDATE product SET stock = stock + held, held = 0");
};

# For an existing product the open holds are not read.
subtest 'an import while pieces are held' => sub {
    my ($ask, $end) = session();
    my $row = "product SELECT * FROM saved WHERE sku = 'OLD-1'";
    sql("DROP TABLE IF EXISTS saved; CREATE TABLE saved AS
            SELECT * FROM product;
        UPDATE product SET held = 7 WHERE sku = 'OLD-1';
        INSERT INTO stock_hold (hold_id, expires_at) SELECT UNHEX(MD5(seq)),
            UTC_TIMESTAMP(6) FROM seq_1_to_2000;
        INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            SELECT UNHEX(MD5(seq)), UNHEX(MD5('other')), 1
            FROM seq_1_to_2000");
    my $reads = "SELECT SUM(VARIABLE_VALUE) FROM
        information_schema.SESSION_STATUS
        WHERE VARIABLE_NAME LIKE 'HANDLER_READ%'";
    for my $way ("INSERT INTO $row ON DUPLICATE KEY UPDATE price = 2",
        "INSERT IGNORE INTO $row", "REPLACE INTO $row")
    {
        my ($name) = $way =~ /^(.*?) INTO/;
        my $before = $ask->($reads);
        $ask->("$way; SELECT 1");
        cmp_ok($ask->($reads) - $before, '<', 1500, "$name reads no hold");
        is(sql("SELECT held FROM product WHERE sku = 'OLD-1'")->[0][0], 7,
            'the held pieces stay');
    }
    $end->();
    sql("UPDATE product SET held = 0; DROP TABLE saved;
        DELETE FROM stock_hold; DELETE FROM stock_hold_line");
    is(books_agree(), '', 'keys and books agree');
};

# An ALTER of product does not block sales for long.
subtest 'a transaction that has read product' => sub {
    my ($ask, $end) = session();
    sql('ALTER TABLE product DROP CONSTRAINT product_held_not_negative');
    is($ask->('BEGIN; SELECT COUNT(*) > 0 FROM product'), "1\n", 'is open');
    like(load($_), qr/^ERROR 1205 /, "$_.sql does not wait long")
        for qw( schema trigger );
    is($ask->('SELECT COUNT(*) > 0 FROM product'), "1\n", 'nor ends it');
    $end->();
    is(load($_), '', "$_.sql again") for qw( schema trigger );
};

# An open transaction of a sale has locked the product's row.
subtest 'an opening waits for no sale, and keeps none' => sub {
    sql('DROP TRIGGER product_opening_movement');
    product('LATE-1');
    my ($ask, $end) = session();
    is($ask->("BEGIN; INSERT INTO stock_movement (movement_id, product_id,
        kind, quantity) VALUES (UNHEX(MD5('late')), UNHEX(MD5('LATE-1')),
        'sale', -1); UPDATE product SET stock = stock - 1
        WHERE sku = 'LATE-1'; SELECT ROW_COUNT()"), "1\n",
        'a sale is under way');
    is(worker('ledger', 'rollup', '--before', '90d', '--yes'), 0,
        'the worker');
    like(openings(), qr/LATE-1 1 5/, 'has written it');
    $ask->('COMMIT; SELECT 1');
    $end->();
    is(books_agree(), '', 'keys and books agree');
    is(load('trigger'), '', 'trigger.sql');
};

done_testing();
