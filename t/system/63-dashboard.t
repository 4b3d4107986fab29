#!/usr/bin/perl

# The operator's page in a headless Chromium, with a stack: its figures equal
# the stack's data.  DASHBOARD_SCREENSHOTS=folder keeps screenshots of it (make
# dashboard-screenshots).

use v5.10.1;
use strict;
use warnings;
use utf8;

use lib 't/lib';
use HTTP::Tiny ();
use JSON::PP ();
use Test::More;
use Time::HiRes ();
use Autostock::Browser;
use Autostock::Stack;

plan skip_all => 'no chromium (stack/install test)'
    unless Autostock::Browser::program();

my $env  = stack_up(step_ms => 50, without => ['worker']);
my $base = "$env->{AUTOSTOCK_URL}/autostock/dashboard";
my $http = HTTP::Tiny->new(timeout => 10);
my $shots = $ENV{DASHBOARD_SCREENSHOTS};

stack('worker', 'provision', '--yes');

sub get_json {
    my ($url) = @_;
    my $answer = $http->get($url);
    return $answer->{success} ? JSON::PP::decode_json($answer->{content})
        : $answer->{status};
}

# A JavaScript string.
sub quoted { return JSON::PP->new->allow_nonref->encode($_[0]) }

# --- a shop with data for each part of the page

my $evil = '<img src=x onerror="window.hacked=1">도넛';
sql("UPDATE product SET reorder_point = 2, reorder_quantity = 10");
my $row = quoted($evil) =~ s/\\"/"/gr =~ s/^"|"$//gr;
utf8::encode($row);
for my $n (1 .. 4) {
    sql("INSERT INTO product (product_id, sku, name, price, stock,
            reorder_point, reorder_quantity, factory_id, ad_id)
        SELECT UNHEX(MD5('SKU-$n')), 'SKU-$n', '$row $n', 100, 40 * $n - 35,
            10, 50, factory_id, ad_id FROM product WHERE sku = 'CP-502101'");
}

# The factory refuses an order of the first product: a dead letter.  It never
# delivers SKU-1, which the watchdog orders.
my ($low) = map { $_->[0] } @{ sql("SELECT BIN_TO_UUID(product_id) FROM product
    WHERE sku = 'SKU-1'") };
fault(fault => 'status', status => 400, times => 1,
    match => '213175b4-c9bf-11ec-a849-0a5824c89b02');
fault(fault => 'no_callback', times => 0, match => $low);
stack('start', 'worker', Autostock::Stack::start_options());
my $sale = checkout(1)->{json}{sale_id};

sub order_in {
    my ($state) = @_;
    return (map { $_->{id} } grep { $_->{state} eq $state } orders())[0];
}
my ($failed, $requested);
ok(wait_for(sub { $failed = order_in('failed') }, 20), 'an order has failed');
ok(wait_for(sub { $requested = order_in('requested') && order_in('fulfilled')
    && order_in('requested') }, 20), 'one is requested');
my $hold = http(POST => '/hold', '{"sku":"SKU-4","quantity":5,"seconds":900}')
    ->{json}{hold_id};
is(http(POST => '/return', qq({"sale_id":"$sale"}))->{code}, 200, 'a return');

# --- its files and its endpoints

subtest 'the worker answers only reads, and only this host' => sub {
    my $worker = "http://127.0.0.1:$env->{AUTOSTOCK_METRICS_PORT}/dashboard";
    for my $method (qw( POST PUT DELETE )) {
        is($http->request($method, "$worker/overview")->{status}, 405, $method);
    }
    is($http->head("$worker/overview")->{status}, 200, 'HEAD');
    is($http->get("$worker/none")->{status}, 404, 'another path');
    is($http->get("$worker/find")->{status}, 400, 'no search');
    is($http->get("$worker/find?q=" . 'x' x 900)->{status}, 414, 'a long one');
    is($http->get("$worker/find?q=%27%20OR%201%3D1")->{status}, 404,
        'nothing is injected');
    is(`curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' $worker/overview`, 403, 'another name of this host');
    my $life = $http->get("$worker/find?q=$requested")->{content};
    unlike($life, qr/signature|lease_owner/, 'no signature');
    # on a connection that was idle before
    my $begun = Time::HiRes::time();
    is($http->get("$worker/find?q=\U$requested")->{content}, $life,
        'an id may be in upper case');
    cmp_ok(Time::HiRes::time() - $begun, '<', 1.5, 'a search is quick');
};

my $policy = "default-src 'none'; script-src 'self'; style-src 'self';"
    . " connect-src 'self'; img-src 'self' data:; base-uri 'none';"
    . " frame-ancestors 'none'; form-action 'none'";
for my $file ('', 'app.js', 'app.css') {
    is($http->get("$base/$file")->{headers}{'content-security-policy'},
        $policy, "the policy of /$file");
}

# --- the page

my $browser = Autostock::Browser->new;
$browser->size(1280, 900);
$browser->scheme('light');
$browser->open_page("$base/");

# Keeps a screenshot, after the page has finished changing.
sub shot {
    my ($name) = @_;
    $browser->shot("$shots/$name.png") if $shots;
}

# The text of the list's item that has this text.
sub item {
    my ($list, $text) = @_;
    return $browser->js("[...document.querySelectorAll('$list > li')]
        .map((li) => li.innerText.replace(/\\s+/g, ' '))
        .find((text) => text.includes(" . quoted($text) . ')) ?? null');
}

sub label {
    my ($sku) = @_;
    return $browser->js("[...document.querySelectorAll('#products > li')]
        .find((li) => li.innerText.includes('$sku'))
        ?.querySelector('[role=img]').getAttribute('aria-label') ?? null");
}

subtest 'stock against the reorder point' => sub {
    ok($browser->wait('document.querySelectorAll("#products > li").length'
        . ' === 5'), 'all products are shown');
    my ($held) = @{ sql("SELECT stock, held FROM product WHERE sku = 'SKU-4'")
        ->[0] };
    is(label('SKU-4'), '120 in stock, 5 in holds, reorder point 10',
        'stock, holds and reorder point are those of the row');
    is($held, 120, 'which has them');
    like(item('#products', 'SKU-1'), qr/5 in stock low ordered/, 'a low one is said');
    is($browser->js('document.querySelector("#products li .id").textContent'),
        'SKU-1', 'and is the first');
    is($browser->js('(() => { const bar = [...document.querySelectorAll('
        . '"#products > li")].find((li) => li.innerText.includes("SKU-1"))'
        . '.querySelector(".bar"); const part = (name) => bar.querySelector('
        . 'name).getBoundingClientRect(); return Math.round(100 * part('
        . '".stock").width / bar.offsetWidth) + " " + Math.round(100 *'
        . ' (part(".line").left + 1 - bar.getBoundingClientRect().left)'
        . ' / bar.offsetWidth) })()'), '8 17', 'the bar is to scale');
    like(item('#products', 'SKU-2'), qr/\Q$evil\E 2/, 'a name is text');
    ok(!$browser->js('window.hacked'), 'and no markup');
};

subtest 'open orders, holds, dead letters' => sub {
    like(item('#orders-requested', 'SKU-1'),
        qr/도넛 1 SKU-1 50 pcs from FF-500293 open for \d+ s/,
        'the order that the factory makes');
    is($browser->text('#n-requested'), 1, 'is counted');
    $browser->wait("document.querySelector('#holds-sum')
        .innerText.startsWith('Open: 1')");
    is($browser->text('#holds-sum'),
        'Open: 1 · pieces: 5 · past their time: 0', 'the hold');
    like(item('#holds', $hold), qr/SKU-4 .* 5 pcs · due in 1\d min/,
        'and when it is due');
    ok($browser->wait("document.querySelectorAll('#letters > li').length === 1"),
        'the dead letter');
    like(item('#letters', $failed), qr/factory.*400.*HTTP status 400/,
        'with its reason');
    ok(wait_for(sub { queue_depth($env->{DLQ_URL}) == 1 }), 'is still there');
    my $visible = aws_sqs(GetQueueAttributes => QueueUrl => $env->{DLQ_URL},
        AttributeNames => ['All'])->{Attributes};
    is($visible->{ApproximateNumberOfMessages}, 1, 'for others to see');

    # SQS may deliver a message twice within one read
    is($browser->js('(() => { const { letters } = state.worker.json;'
        . ' const { rows } = letters; const n = () => { renderLetters();'
        . ' return document.querySelectorAll("#letters > li").length };'
        . ' letters.rows = [rows[0], rows[0]]; const twice = [n(), n(), n()];'
        . ' letters.rows = rows; return [...twice, n()].join(" ") })()'),
        '2 2 2 1', 'one that was delivered twice does not add up');
};

subtest 'checkouts, live' => sub {
    my $number = sub { $browser->text('#total') };
    my $before = status_of('autostock_sales_total');
    my $seen = $browser->wait("document.querySelector('#total').innerText ==="
        . " '$before'");
    is($number->(), $before, 'the sales so far');
    my @answers = http_all(map { [POST => '/checkout',
        '{"sku":"SKU-3","quantity":1}'] } 1 .. 20);
    is(scalar(grep { $_->{code} == 200 } @answers), 20, '20 sales');
    my $after = $before + 20;
    ok($browser->wait("document.querySelector('#total').innerText ==="
        . " '$after'"), 'are counted');
    ok($browser->wait('parseFloat(document.querySelector("#sales").innerText)'
        . ' > 1'), 'as a rate') or diag $browser->text('#sales');
    cmp_ok($browser->text('#batch'), '>', 1, 'in batches');
    like($browser->js('document.querySelector("#sizes").innerText'), qr/up to 1: \d/,
        'by size');
    my $stock = sql("SELECT stock FROM product WHERE sku = 'SKU-3'")->[0][0];
    ok($browser->wait("[...document.querySelectorAll('#products [role=img]')]"
        . ".some((bar) => bar.getAttribute('aria-label').startsWith('$stock "
        . "in stock'))"), 'the stock follows') or diag label('SKU-3');
};

subtest 'the last minute is one, also after the tab was hidden' => sub {
    # a sample each 5 s: 10 sales a second, and many more before the minute
    my ($xs, $label, $sizes) = @{ $browser->js('(() => {'
        . ' const { status } = state; const { samples } = status;'
        . ' const kept = [...samples]; const last = kept.at(-1);'
        . ' const size = Object.keys(last.sizes)[0]; const before = (s) =>'
        . ' ({ ...last, at: status.at - 1000 * s, sales: last.sales - 10 * s'
        . ' - (s > 62 ? 1e6 : 0), sizes: { ...last.sizes,'
        . ' [size]: last.sizes[size] - (s > 62 ? 1e6 : s) } });'
        . ' samples.length = 0; for (let s = 298; s > 0; s -= 5) {'
        . ' samples.push(before(s)) } sample(); renderSpark(); renderSizes();'
        . ' const seen = [document.querySelector("#spark polyline")'
        . '.getAttribute("points").split(" ").map((p) => Math.round(p.split(",")[0])),'
        . ' document.querySelector("#spark").getAttribute("aria-label"),'
        . ' document.querySelector("#sizes li .hidden").textContent];'
        . ' samples.splice(0, samples.length, ...kept); renderSpark();'
        . ' renderSizes(); return seen })()') };
    is("@$xs", '14 24 34 44 54 64 74 84 94 104 114 120',
        'the curve is to scale');
    is($label, 'Sales per second in the last minute: at most 10', 'its label');
    is($sizes, 'up to 1: 58', 'the batches');
};

# --- searches

sub search {
    my ($what, $kind) = @_;
    $browser->js("location.hash = '#q=' + encodeURIComponent("
        . quoted($what) . ')');
    my $text = quoted($kind);
    $browser->wait('document.querySelector("#life-title").innerText'
        . ".startsWith($text)");
    return $browser->text('#life-title');
}

sub events {
    return $browser->js('[...document.querySelectorAll("#life-events strong")]'
        . '.map((strong) => strong.innerText).join(", ")');
}

subtest 'the life of everything' => sub {
    is(search($requested, 'Order'), "Order $requested", 'an order');
    is(events(), 'Requested from the factory, Published to SNS, Order opened',
        'its states');
    is(search($failed, 'Order'), "Order $failed", 'one that failed');
    like(events(), qr/^Order failed, /, 'its end');
    like($browser->text('#life-events'), qr/400/, 'and the reason');
    is(search($sale, 'Sale'), "Sale $sale", 'a sale');
    is(events(), 'Returned to the stock, Sold', 'with its return');
    is(search($hold, 'Hold'), "Hold $hold", 'a hold');
    is(events(), 'Due, Held', 'which is due');
    is(http(POST => '/hold/confirm', qq({"hold_id":"$hold"}))->{code}, 200,
        'it is confirmed');
    $browser->js('document.querySelector("#life-close").click()');
    is(search($hold, 'Sale'), "Sale $hold", 'and is a sale');
    is(events(), 'Sold, Held', 'with its hold');
    is(search('SKU-4', 'Product'), 'Product SKU-4', 'a product');
    is(events(), 'Holds confirmed, Held, Opening stock', 'its movements');
    is($browser->js('[...document.querySelectorAll("#life-facts dd")].filter('
        . '(dd) => dd.offsetHeight > 1.9 * parseFloat(getComputedStyle(dd)'
        . '.fontSize)).map((dd) => dd.innerText).join()'), '',
        'each fact is on one line');
    like(search('<b>none</b>', 'Nothing'),
        qr/^Nothing has the SKU or the id <b>none<\/b>\.$/, 'nothing');
    is(search('CP-502101', 'Product'), 'Product CP-502101', 'the first one');
    shot('desktop-light');
    $browser->js('history.back()');
    ok($browser->wait('document.querySelector("#life-title").innerText'
        . '.startsWith("Nothing")'), 'the way back');
    $browser->js('document.querySelector("#life-close").click()');
    ok($browser->js('document.querySelector("#life").hidden'), 'it closes');
};

# --- readers

# What has the focus, by its text.
sub focused {
    return $browser->js('document.activeElement.id ||'
        . ' document.activeElement.innerText');
}

subtest 'by keyboard' => sub {
    $browser->open_page("$base/?keyboard");
    $browser->wait('document.querySelectorAll("#products > li").length === 5');
    my @walk;
    for (1 .. 6) {
        $browser->key('Tab');
        push @walk, focused();
    }
    is_deeply(\@walk, ['Skip to the figures', 'lang', 'theme', 'q', 'Search',
        'SKU-1'], 'the way of the focus');
    cmp_ok($browser->js('parseFloat(getComputedStyle(document.activeElement)'
        . '.outlineWidth)'), '>=', 2, 'which is seen');
    $browser->wait('performance.getEntriesByType("resource").filter((e) =>'
        . ' e.name.endsWith("overview")).length > 2');
    is(focused(), 'SKU-1', 'and stays while the figures change');
    $browser->key('Enter');
    ok($browser->wait('document.querySelector("#life-title").innerText ==='
        . ' "Product SKU-1"'), 'a button opens the life');
    ok($browser->wait('document.activeElement.id === "life-title"'),
        'which gets the focus');
    like($browser->text('#said'), qr/^Product SKU-1, events: \d$/,
        'and is said to a screen reader');
    $browser->js('document.querySelector(".skip").focus()');
    $browser->key('Enter');
    ok($browser->wait('document.activeElement.id === "main"'),
        'the way past the head');
    ok(!$browser->js('document.querySelector("#life").hidden'),
        'leaves the search as it is');
    $browser->js('document.querySelector("#life-title").focus()');
    $browser->key('Tab', 8) for 1 .. 2;
    is(focused(), 'q', 'back in the field');
    $browser->js('document.activeElement.select()');
    $browser->type('SKU-2');
    $browser->key('Enter');
    ok($browser->wait('document.querySelector("#life-title").innerText ==='
        . ' "Product SKU-2"'), 'a search');
};

# Nothing is wider than the window.
sub fits {
    my ($width) = @_;
    $browser->size($width, 800);
    return $browser->js('document.documentElement.scrollWidth') <= $width;
}

subtest 'on a phone, dark, in Korean' => sub {
    ok(fits($_), "fits $_ px") for 320, 390, 768, 1280;
    $browser->size(390, 844);
    shot('phone-light');

    my $back = 'getComputedStyle(document.body).backgroundColor';
    is($browser->js($back), 'rgb(244, 245, 247)', 'light');
    $browser->scheme('dark');
    is($browser->js($back), 'rgb(18, 22, 29)', 'dark as the system is');
    $browser->size(1280, 900);
    shot('desktop-dark');
    $browser->js('document.querySelector("#theme").click()');
    is($browser->js($back), 'rgb(244, 245, 247)', 'light as chosen');
    $browser->js('document.querySelector("#theme").click()');
    $browser->scheme('light');
    is($browser->js($back), 'rgb(18, 22, 29)', 'dark as chosen');
    $browser->open_page("$base/?again");
    is($browser->js($back), 'rgb(18, 22, 29)', 'also the next time');
    $browser->js('localStorage.clear()');

    $browser->language('ko-KR');
    $browser->open_page("$base/?korean");
    $browser->wait('document.querySelectorAll("#products > li").length === 5');
    is($browser->js('document.documentElement.lang'), 'ko',
        'the browser asks for Korean');
    like(item('#products', 'SKU-1'), qr/재고 5 부족/, 'the figures');
    is(search('SKU-2', '상품'), '상품 SKU-2', 'a life');
    is($browser->js('document.querySelector("#life-events strong").innerText'),
        '최초 재고', 'its events');
    is($browser->js('[...document.querySelectorAll("[data-t]")].filter((n) =>'
        . ' /^[a-z.]+$/.test(n.innerText)).length'), 0, 'no text is missing');
    ok(fits(320), 'fits 320 px');
    $browser->size(390, 844);
    shot('phone-korean');
    $browser->js('document.querySelector("#lang").click()');
    is($browser->text('#live-title'), 'Checkouts', 'English as chosen');
    $browser->size(1280, 900);
};

subtest 'both languages have the same texts' => sub {
    my $missing = $browser->js('Object.keys(TEXTS.en).filter((key) =>'
        . ' !(key in TEXTS.ko)).concat(Object.keys(TEXTS.ko).filter((key) =>'
        . ' !(key in TEXTS.en))).join(" ")');
    is($missing, '', 'each has all');
    is($browser->js('Object.keys(TEXTS.en).filter((key) => [0, 1, 2, 3].some('
        . '(n) => TEXTS.en[key].includes(`{${n}}`) !== TEXTS.ko[key].includes('
        . '`{${n}}`))).join(" ")'), '', 'and the same values in them');
};

subtest 'accessible, by axe' => sub {
    my $file = 't/dashboard/node_modules/axe-core/axe.min.js';
    open my $in, '<:encoding(UTF-8)', $file
        or plan skip_all => 'no axe-core (stack/install test)';
    my $source = do { local $/; <$in> };
    for my $scheme (qw( light dark )) {
        $browser->scheme($scheme);
        my $found = $browser->js("$source; axe.run().then((r) =>"
            . ' r.violations.map((v) => v.id + ": " + v.nodes.map((n) =>'
            . ' n.target + " " + n.failureSummary).join("; ")).join("\n"))');
        is($found, '', $scheme);
    }
};

subtest 'more products than one page' => sub {
    sql("INSERT INTO product (product_id, sku, name, price, stock,
            factory_id, ad_id)
        SELECT UNHEX(MD5(seq)), CONCAT('MANY-', LPAD(seq, 2, '0')),
            CONCAT('many ', seq), 100, 1000, factory_id, ad_id
        FROM product, seq_1_to_60 WHERE sku = 'CP-502101'");
    my $n = 'document.querySelectorAll("#products > li").length';
    ok($browser->wait("$n === 50"), 'the lowest ones');
    is($browser->text('#products-cut'), 'Only the first 50 are shown.',
        'which is said');
    $browser->js('document.querySelector("#products-all").click()');
    ok($browser->wait('document.querySelector("#products .id").innerText ==='
        . ' "CP-502101"'), 'all by SKU');
    $browser->js('document.querySelector("#products-next").click()');
    ok($browser->wait("$n === 15"), 'the next page');
    is($browser->js('document.querySelector("#products li:last-child .id")'
        . '.innerText'), 'SKU-4', 'with the last one');
    ok($browser->js('document.querySelector("#products-next").hidden'),
        'and no other');
    $browser->js('document.querySelector("#products-all").click()');
    ok($browser->wait("$n === 50"), 'back');
};

# --- when a part is down

sub notices { return $browser->text('#notices') }

sub noticed {
    my ($pattern, $what) = @_;
    ok(wait_for(sub { notices() =~ $pattern }, 15), $what)
        or diag notices();
}

subtest 'the worker is away' => sub {
    my $stock = label('SKU-1');
    stack('stop', 'worker');
    noticed(qr/^The worker is unreachable \(HTTP status 502\)\. Stock, orders/,
        'it is said');
    noticed(qr/are [3-9] s old\.$/, 'and how old the figures are');
    is(label('SKU-1'), $stock, 'which stay');
    like($browser->text('#said'), qr/worker is unreachable/,
        'a screen reader says it too');
    is($browser->js('document.querySelectorAll("#peers .bad").length'), 1,
        'the mark');
    shot('worker-away') if $shots;
    stack('start', 'worker',
        Autostock::Stack::start_options('AUTOSTOCK_DASHBOARD=off'));
    noticed(qr/AUTOSTOCK_DASHBOARD=on/, 'the worker has it off');
    stack('stop', 'worker');
    stack('start', 'worker', Autostock::Stack::start_options());
    noticed(qr/^$/, 'it is back');
    ok($browser->wait('document.querySelector("#said").innerText ==='
        . ' "worker answers again."'), 'which is said');
};

subtest 'notices of two databases that differ in a digit' => sub {
    my $seen = $browser->js('(() => { const { json } = state.status;'
        . ' const kept = json.databases; const off = { durable: "no" };'
        . ' const n = () => { renderNotices();'
        . ' return document.querySelectorAll("#notices > *").length };'
        . ' json.databases = { shop1: off }; const one = n();'
        . ' json.databases = { shop1: off, shop2: off };'
        . ' const two = [n(), document.querySelector("#said").innerText,'
        . ' n(), n()]; json.databases = kept; return [one, ...two, n()] })()');
    is_deeply($seen, [1, 2, 'Commits of the database shop2 may not survive a'
        . ' power failure.', 2, 2, 0], 'each is shown and said once');
};

subtest 'nginx is away' => sub {
    stack('stop', 'nginx');
    noticed(qr/module is unreachable \(no answer\).*worker is unreachable/,
        'both are said');
    stack('start', 'nginx');
    noticed(qr/^$/, 'it is back');
};

# --- no errors

is(join("\n", $browser->problems), '', 'no error, no violation of the policy');
is(join("\n", grep { !m{^\Q$base\E/|^data:} } $browser->requests), '',
    'no request to another place');
is(books_agree(), '', 'the books agree');

subtest 'a search does not hold up the metrics' => sub {
    # its session waits for the table; the statement ends after 3 s
    my $locker = fork // die "fork: $!";
    if (!$locker) {
        sql('LOCK TABLES restock_order WRITE; DO SLEEP(2.5)');
        POSIX::_exit(0);
    }
    Time::HiRes::sleep(0.3);
    my $worker = "http://127.0.0.1:$env->{AUTOSTOCK_METRICS_PORT}";
    my $begun = Time::HiRes::time();
    my $search = fork // die "fork: $!";
    if (!$search) {
        $http->get("$worker/dashboard/find?q=$requested");
        POSIX::_exit(0);
    }
    is($http->get("$worker/metrics")->{status}, 200, 'the metrics');
    is($http->get("$worker/dashboard/overview")->{status}, 200, 'the overview');
    cmp_ok(Time::HiRes::time() - $begun, '<', 1.8, 'at once');
    waitpid $_, 0 for $search, $locker;
};

# the last: it does not come back
subtest 'the database is away' => sub {
    stack('kill', 'db');
    noticed(qr/cannot read the database .*Stock, orders and holds are/,
        'it is said');
    is(scalar($browser->js('document.querySelectorAll("#products > li")'
        . '.length')), 50, 'the figures stay');
    is(join("\n", $browser->problems), '', 'no error in the page');
};

subtest 'the browser ends with the test' => sub {
    # one that hangs, outside of the group, does not end by itself
    my @pids = $browser->processes;
    kill STOP => @pids;
    my $home = "$browser->{home}";
    undef $browser;
    is(join(' ', grep { Autostock::Browser::content("/proc/$_/cmdline") }
        @pids), '', 'no process of it is left');
    ok(!-e $home, 'nor its folder');
};

done_testing();
