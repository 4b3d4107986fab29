#!/usr/bin/perl

# Holds that are due: any number of workers release them in time and once; and
# the faults that prevent a release.  SQL writes the holds as the module does.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use HTTP::Tiny ();
use IPC::Open2;
use JSON::PP ();
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['factory', 'nginx', 'worker']);
stack('worker', 'provision', '--yes');

my $made = 0;    # batches of holds so far

sub start_worker {
    stack('start', 'worker', Autostock::Stack::start_options(@_));
    $env = env();
}

# A worker beside the stack's; its pid.
sub second_worker {
    my $file = "$env->{AUTOSTOCK_STACK_DIR}/second.env";
    open my $in, '<', "$env->{AUTOSTOCK_STACK_DIR}/worker.start.env" or die;
    open my $out, '>', $file or die;
    print $out grep { !/METRICS_PORT/ } <$in>;
    print $out "AUTOSTOCK_METRICS_PORT=0\n";
    close $out;
    my $pid = fork // die;
    if (!$pid) {
        open STDOUT, '>>', "$env->{AUTOSTOCK_STACK_DIR}/log/second.log";
        open STDERR, '>&', \*STDOUT;
        exec(($ENV{AUTOSTOCK_BUILD} || 'build') . '/autostock-worker', 'run',
            '--env-file', $file) or die;
    }
    return $pid;
}

# Products S-1 to S-n, of 100,000 pieces each.
sub products {
    my ($first, $last) = @_;
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id, reorder_point) SELECT UNHEX(MD5(CONCAT('S-', seq))),
        CONCAT('S-', seq), CONCAT('S-', seq), 1, 100000, factory_id, ad_id, -1
        FROM seq_${first}_to_$last, product WHERE sku = 'CP-502101'");
}

# n holds of one piece, in transactions of 100 with one product each, from S-2
# on in turn; they are due at random times within ms from from_ms on.
sub holds {
    my ($n, $products, $from_ms, $ms) = @_;
    my $id = "CONCAT('0198b7a05e0070008000', LPAD(HEX($made + seq DIV 100), 8,
        '0'), LPAD(HEX(32768 + seq MOD 100), 4, '0'))";
    my $product = "UNHEX(MD5(CONCAT('S-', 2 + (seq DIV 100) MOD $products)))";
    my $last = $n - 1;
    sql("START TRANSACTION;
        INSERT INTO stock_hold (hold_id, expires_at) SELECT UNHEX($id),
            UTC_TIMESTAMP(6) + INTERVAL ($from_ms * 1000
                + CAST(CRC32(seq) AS SIGNED) MOD ($ms * 1000)) MICROSECOND
            FROM seq_0_to_$last;
        INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            SELECT UNHEX($id), $product, 1 FROM seq_0_to_$last;
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales) SELECT UNHEX(CONCAT(LEFT($id, 28), '8000')), $product,
            'hold', -COUNT(*), COUNT(*) FROM seq_0_to_$last
            GROUP BY seq DIV 100;
        UPDATE product p JOIN (SELECT $product AS id, COUNT(*) AS n
            FROM seq_0_to_$last GROUP BY 1) l ON l.id = p.product_id
            SET p.stock = p.stock - l.n, p.held = p.held + l.n;
        COMMIT");
    $made += int(($n + 99) / 100);
}

# A hold of these products that is due at once; a product is [S-number, pieces].
sub hold {
    my @lines = @_;
    my $id = sprintf '0198b7a05e0070008000%08x8000', $made++;
    my $rows = sub { my ($form) = @_;
        join ', ', map { my ($n, $pieces) = @$_;
            $form =~ s/P/UNHEX(MD5('S-$n'))/r =~ s/Q/$pieces/r } @lines };
    sql("START TRANSACTION;
        INSERT INTO stock_hold (hold_id, expires_at)
            VALUES (X'$id', UTC_TIMESTAMP(6));
        INSERT INTO stock_hold_line (hold_id, product_id, quantity)
            VALUES " . $rows->("(X'$id', P, Q)") . ";
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
            VALUES " . $rows->("(X'$id', P, 'hold', -Q)") . ";
        UPDATE product p JOIN stock_hold_line l ON l.product_id = p.product_id
            SET p.stock = p.stock - l.quantity, p.held = p.held + l.quantity
            WHERE l.hold_id = X'$id'; COMMIT");
    return $id;
}

sub open_holds {
    return sql("SELECT COUNT(*) FROM stock_hold WHERE state = 'held'"
        . (@_ ? " AND hold_id = X'$_[0]'" : ''))->[0][0];
}

# Seconds between a hold's time and its release: the median, and the longest.
sub delays {
    return map { $_->[0] } @{ sql("SELECT delay FROM (SELECT TIMESTAMPDIFF(
        MICROSECOND, expires_at, settled_at) / 1000000 AS delay,
        ROW_NUMBER() OVER (ORDER BY TIMESTAMPDIFF(MICROSECOND, expires_at,
            settled_at)) AS nth, COUNT(*) OVER () AS n FROM stock_hold
        WHERE state = 'expired') d WHERE nth IN (n DIV 2, n)
        ORDER BY delay") };
}

sub metric {
    my ($name) = @_;
    my $body = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:"
        . "$env->{AUTOSTOCK_METRICS_PORT}/metrics")->{content};
    my ($value) = $body =~ /^autostock_worker_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

products(1, 101);

subtest 'ten thousand a second' => sub {
    start_worker();
    my $n = 10000;
    holds($n, 100, 2000, 1000);
    ok(wait_for(sub { open_holds() == 0 }, 60), 'all are released');
    my ($median, $longest) = delays();
    note "$n holds within 1 s: released after $median s (median), $longest s";
    cmp_ok($longest, '<', 10, 'soon, even on a busy machine');
    is(metric('holds_expired_total'), $n, 'each counts once');
    is(sql("SELECT COUNT(*) FROM stock_hold WHERE state = 'expired'
        AND settled_at < expires_at")->[0][0], 0, 'none before its time');
    is(books_agree(), '', 'the books agree');
    is(scalar(orders()), 0, 'nothing is ordered');
};

subtest 'several workers, killed and stopped' => sub {
    my @pids = map { second_worker() } 1, 2;
    holds(4000, 100, 500, 3000);
    for my $signal (qw( KILL TERM KILL TERM )) {
        my $left = open_holds();
        wait_for(sub { open_holds() < $left }, 20);
        kill $signal => $pids[0];
        waitpid shift @pids, 0;
        push @pids, second_worker();
    }
    ok(wait_for(sub { open_holds() == 0 }, 60), 'all are released');
    is(books_agree(), '', 'each once');
    kill TERM => @pids;
    waitpid $_, 0 for @pids;
    is(sql("SELECT SUM(stock), SUM(held) FROM product WHERE sku LIKE
        'S-%'")->[0][0], 10_100_000, 'all pieces are back');
};

subtest 'deleted products, and wrong numbers' => sub {
    my $cart = hold([1, 2], [2, 3]);
    ok(wait_for(sub { !open_holds($cart) }), 'a cart');
    is(books_agree(), '', 'its products');

    stack('stop', 'worker');
    hold([1, 2], [2, 3]);
    sql("DELETE FROM product WHERE sku = 'S-1'");
    sql("UPDATE product SET held = 1 WHERE sku = 'S-2'");
    start_worker();
    ok(wait_for(sub { open_holds() == 0 }), 'a cart with a deleted product');
    is_deeply(sql("SELECT sku, stock, held FROM product WHERE sku IN ('S-1',
        'S-2')"), [['S-2', 100000, 0]], 'the other is put back; held is not '
        . 'below 0');
    is(sql("SELECT COALESCE(SUM(quantity), 0) FROM stock_movement WHERE
        product_id = UNHEX(MD5('S-1'))")->[0][0], 0,
        'the deleted one gets no movement');
    sql("DELETE FROM stock_movement WHERE product_id = UNHEX(MD5('S-1'));
        DELETE FROM stock_movement_key WHERE product_id = UNHEX(MD5('S-1'));
        DELETE FROM stock_hold_line WHERE product_id = UNHEX(MD5('S-1'))");
    is(books_agree(), '', 'the books agree');
};

subtest 'a locked product delays no other' => sub {
    stack('stop', 'worker');
    my @stuck = map { hold([3, 1]) } 1 .. 3;
    my $cart = hold([4, 1], [3, 1]);
    hold([5, 1]) for 1 .. 3;
    my $pid = open2(my $out, my $in, 'mariadb', '--no-defaults', '-Nn', '-u',
        'root', "--socket=$env->{DB_SOCKET}", $env->{DB_DATABASE});
    print $in "BEGIN; SELECT sku FROM product WHERE sku = 'S-3' FOR UPDATE;\n";
    $in->flush;
    is(scalar <$out>, "S-3\n", 'the row is locked');
    start_worker();
    ok(wait_for(sub { open_holds() == 4 }, 20), 'the others are released');
    is(open_holds($cart), 1, 'a cart waits for all of its products');
    ok(wait_for(sub { log_of('worker') =~ /holds of 1 products, the first is/ }),
        'the log names the product');
    close $in;
    waitpid $pid, 0;
    ok(wait_for(sub { open_holds() == 0 }, 20), 'then those, too');
    is(books_agree(), '', 'the books agree');
};

subtest 'a product that the server refuses delays no other' => sub {
    stack('stop', 'worker');
    sql("CREATE TRIGGER stuck BEFORE UPDATE ON product FOR EACH ROW
        SET NEW.stock = IF(NEW.sku = 'S-6' AND NEW.stock > OLD.stock, -1,
            NEW.stock)");
    holds(800, 7, -5000, 100);
    start_worker();
    ok(wait_for(sub { sql("SELECT COUNT(*) FROM stock_hold_line l JOIN
        stock_hold h USING (hold_id) WHERE h.state = 'held' AND l.product_id
        <> UNHEX(MD5('S-6'))")->[0][0] == 0 }, 30),
        'the others are released');
    sql('DROP TRIGGER stuck');
    ok(wait_for(sub { open_holds() == 0 }, 20), 'then those, too');
    is(books_agree(), '', 'the books agree');
};

# The other holds have the same products.
subtest 'a hold that the server refuses delays no other' => sub {
    stack('stop', 'worker');
    my $bad = hold([6, 1], [7, 1]);
    my $line = "WHERE hold_id = X'$bad' AND product_id = UNHEX(MD5('S-6'))";
    sql("UPDATE stock_hold_line SET quantity = 2147483647 $line");
    my @others = map { hold([6, 1], [7, 1]) } 1 .. 30;
    start_worker();
    ok(wait_for(sub { open_holds() == 1 }, 20), 'the others are released');
    is(open_holds($bad), 1, 'it waits');
    ok(wait_for(sub { log_of('worker') =~ /hold \S+ cannot be released/ }),
        'the log names it');
    sql("UPDATE stock_hold_line SET quantity = 1 $line");
    ok(wait_for(sub { open_holds() == 0 }, 20), 'then it, too');
    is(books_agree(), '', 'the books agree');
};

subtest 'the reorder point is judged by stock and held pieces' => sub {
    my $worker = sub { (stack('worker', @_))[0] };
    stack('stop', 'worker');
    sql("UPDATE stock_hold SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR
        WHERE hold_id = X'" . hold([8, 100000]) . "';
        UPDATE product SET reorder_point = 99999 WHERE sku = 'S-8'");
    like($worker->('stock', 'add', 'S-8', '1', '--output', 'json'),
        qr/"order_opened": ?null/, 'held pieces count: none is ordered');
    unlike($worker->('reconcile', '--output', 'json'), qr/no-order/,
        'none is missing');
    sql("UPDATE product SET reorder_held = 0 WHERE sku = 'S-8'");
    like($worker->('reconcile', '--output', 'json'), qr/no-order/,
        'they do not: one is missing');
    start_worker();
    ok(wait_for(sub { scalar orders() }), 'the watchdog opens it');
    my $id = order()->{id};
    like($worker->('orders', 'cancel', $id, '--yes'), qr/stock|reorder/,
        'cancel warns of the next');
    sql("UPDATE product SET reorder_held = 1 WHERE sku = 'S-8'");
    sql("UPDATE restock_order SET state = 'cancelled' WHERE open_product_id
        IS NOT NULL");
    ok(wait_for(sub { metric('orders_restocked_total') >= 1 }), 'counted');
    sql("UPDATE stock_hold SET expires_at = UTC_TIMESTAMP(6)
        WHERE state = 'held'; UPDATE product SET reorder_point = -1
        WHERE sku = 'S-8'");
    ok(wait_for(sub { open_holds() == 0 }), 'the hold is released');
    is(books_agree(), '', 'the books agree');
};

sub doctor {
    my ($output) = stack('worker', 'doctor', '--output', 'json');
    1 while $output =~ s/\A[^\[{].*\n?//;
    my ($json) = JSON::PP->new->utf8->decode_prefix($output);
    return (map { "$_->{level}: $_->{what}" } grep { $_->{check} eq 'holds' }
        @{ $json->{findings} })[0] // '';
}

subtest 'late releases are reported' => sub {
    my $health = sub { return HTTP::Tiny->new->get("http://127.0.0.1:"
        . "$env->{AUTOSTOCK_METRICS_PORT}/healthz") };
    ok(wait_for(sub { metric('holds_open') eq '0' }), 'no hold is open');
    is(metric($_), 0, "$_ is 0") for qw( holds_pieces holds_due
        holds_due_oldest_seconds );
    like($health->()->{content}, qr/"holds":"ok"/, 'the worker is well');

    sql('RENAME TABLE stock_hold TO away');
    ok(wait_for(sub { metric('holds_open') eq '-1' }), 'it cannot count them');
    like($health->()->{content}, qr/"status":"ok",.*"holds":"unknown"/,
        'and does not say that all is well');
    sql('RENAME TABLE away TO stock_hold');
    ok(wait_for(sub { metric('holds_open') eq '0' }), 'it counts again');

    stack('stop', 'worker');
    like(doctor(), qr/^fine: released in time: 0 are open/, 'doctor');
    sql("CREATE TRIGGER stuck BEFORE UPDATE ON product FOR EACH ROW
        SET NEW.stock = IF(NEW.sku = 'S-7' AND NEW.stock > OLD.stock, -1,
            NEW.stock)");
    my $id = hold([7, 3]);
    sql("UPDATE stock_hold SET expires_at = expires_at - INTERVAL 20 SECOND
        WHERE hold_id = X'$id'");
    my $text = lc $id =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
    like(doctor(), qr/^wrong: 1 holds are past their time, the oldest for 2\d s, $text:/,
        'doctor, without a worker');

    start_worker();
    ok(wait_for(sub { metric('holds_due') eq '1' }), 'one is due');
    ok(wait_for(sub { log_of('worker') =~ /hold $text cannot be released: / }),
        'the log names it');
    is(metric('holds_open'), 1, 'and open');
    is(metric('holds_pieces'), 3, 'of three pieces');
    cmp_ok(metric('holds_due_oldest_seconds'), '>=', 20, 'for a while');
    is($health->()->{status}, 503, 'the worker is not well');
    like($health->()->{content}, qr/"status":"late",.*"holds":"late"/,
        'and says why');
    sql('DROP TRIGGER stuck');
    ok(wait_for(sub { metric('holds_due') eq '0' }, 20), 'released at last');
    is($health->()->{status}, 200, 'all is well');

    # the stock has no room for it: it is tried again until it has
    $id = hold([7, 3]);
    my $before = sql("SELECT stock FROM product WHERE sku = 'S-7'")->[0][0];
    sql("UPDATE product SET stock = 2147483645 WHERE sku = 'S-7'; UPDATE
        stock_hold SET expires_at = expires_at - INTERVAL 20 SECOND WHERE
        hold_id = X'$id'");
    $text = lc $id =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
    ok(wait_for(sub { metric('holds_due') eq '1' }), 'it is still due');
    like(doctor(), qr/the oldest for \d+ s, $text:/, 'doctor names it');
    sql("UPDATE product SET stock = 2147483644 WHERE sku = 'S-7'");
    ok(wait_for(sub { metric('holds_due') eq '0' }, 20), 'released at last');
    is(sql("SELECT stock FROM product WHERE sku = 'S-7'")->[0][0], 2147483647,
        'into the last room');
    sql("UPDATE product SET stock = $before + 3 WHERE sku = 'S-7'");
    is(books_agree(), '', 'the books agree');
};

# Through nginx: of a confirmation and an expiry of the same hold, one succeeds.
subtest 'holds of nginx, confirmed about their time' => sub {
    stack('start', 'nginx');
    $env = env();
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
        SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', 1000 FROM product
        WHERE sku = 'CP-502101';
        UPDATE product SET stock = stock + 1000 WHERE sku = 'CP-502101'");
    my $stock = stock();
    my @holds = map { http(POST => '/hold', '{"sku":"CP-502101","seconds":1}') }
        1 .. 30;
    is(scalar(grep { $_->{code} == 200 } @holds), 30, 'thirty holds');
    my %answers;
    for my $hold (@holds) {
        my $id = $hold->{json}{hold_id};
        my $confirm = http(POST => '/hold/confirm', qq({"hold_id":"$id"}));
        my $is = $confirm->{code} == 200 ? 'confirmed'
            : $confirm->{json}{type} =~ /hold-expired/ ? 'expired' : '?';
        $answers{$is}++;
        is(sql("SELECT state FROM stock_hold
            WHERE hold_id = UUID_TO_BIN('$id')")->[0][0], $is, "it is $is");
        Time::HiRes::sleep(0.04);
    }
    note join ', ', map { "$answers{$_} $_" } sort keys %answers;
    ok(wait_for(sub { open_holds() == 0 }, 20), 'none is left');
    is(stock(), $stock - ($answers{confirmed} // 0), 'the others are back');
    is(books_agree(), '', 'the books agree');
};

done_testing();
