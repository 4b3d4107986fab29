# The status location: formats, and numbers that are true over worker
# processes, their deaths and reloads.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

workers(2);

sub page { return http(GET => '/autostock/status', undef, @_)->{body} }

sub report {
    return http(GET => '/autostock/status?format=json')->{json};
}

sub counters { return report()->{databases}{shop}{counters} }
sub gauges   { return report()->{databases}{shop}{gauges} }

# What is wrong with a page by the rules of the text format: a family's HELP
# and TYPE first and once, its samples together, no sample twice.
sub wrong_lines {
    my ($text) = @_;
    my ($family, %family, %sample, @wrong) = ('');

    push @wrong, 'no line end at the end' unless $text =~ /\n\z/;

    for (split /\n/, $text) {
        if (/^# HELP (autostock_[a-z_]+) \S/) {
            push @wrong, "again: $_" if $family{$1}++;
            $family = $1;

        } elsif (/^# TYPE (\S+) (counter|gauge|histogram)$/) {
            push @wrong, "TYPE: $_" unless $1 eq $family;

        } elsif (/^(([a-z_]+)(?:\{(?:[a-z]+="[^"\\]*",?)+\})?) -?[0-9.]+$/) {
            push @wrong, "twice: $_" if $sample{$1}++;
            push @wrong, "stranger: $_"
                unless $2 =~ /^\Q$family\E(?:_bucket|_sum|_count)?$/;

        } else {
            push @wrong, "form: $_";
        }
    }

    return join "\n", @wrong;
}

sub sessions {
    return sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
        . " WHERE db = '" . db->{name} . "'") - 1;
}

# Requests until every worker process has served one.
sub busy_workers {
    my %seen;
    for (1 .. 200) {
        http_all(map { [GET => '/product/donut'] } 1 .. 8);
        last if gauges()->{connections} >= 2;
    }
}

run_tests();

__DATA__

=== TEST 1: Prometheus's text format
--- request
GET /autostock/status
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP autostock_info .*
# TYPE autostock_info gauge
autostock_info\{version="[0-9.]+",nginx="[0-9.]+"\} 1
--- drive
is(wrong_lines(page()), '', 'well-formed');
like(page(), qr/^autostock_sales_total\{database="shop"\} 0$/m, 'counter');
like(page(), qr/^# TYPE autostock_sales_total counter$/m, 'its type');
like(page(), qr/^autostock_waiting\{database="shop"\} 0$/m, 'gauge');
like(page(), qr/^autostock_config_pool_size\{database="shop"\} 4$/m, 'pool');
like(page(), qr/^autostock_config_backlog\{database="shop"\} 8192$/m,
    'backlog');
like(page(), qr/^autostock_config_batch_size\{database="shop"\} 256$/m,
    'batch');



=== TEST 2: JSON by argument
--- request
GET /autostock/status?format=json
--- response_headers
Content-Type: application/json
--- drive
my $report = report();
like($report->{version}, qr/^\d+\.\d+\.\d+$/, 'version');
like($report->{nginx}, qr/^\d+\.\d+\.\d+$/, 'nginx');
is($report->{workers}, 2, 'workers');
cmp_ok($report->{started}, '<=', time, 'started');
is(join(' ', sort keys %{ $report->{databases}{shop} }),
    'config counters durable gauges histograms missing_rights', 'of a database');



=== TEST 3: JSON by header
--- request
GET /autostock/status
--- more_headers
Accept: application/json
--- response_headers
Content-Type: application/json
--- response_body_like
\A\{"version":



=== TEST 4: the argument goes before the header
--- request
GET /autostock/status?format=text
--- more_headers
Accept: application/json
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP



=== TEST 5: what Prometheus asks for
--- request
GET /autostock/status
--- more_headers
Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP



=== TEST 6: a format that is none
--- request
GET /autostock/status?format=xml
--- error_code: 400



=== TEST 7: HEAD
--- request
HEAD /autostock/status
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body



=== TEST 8: other methods
--- request eval
["POST /autostock/status\n{}", "PUT /autostock/status\nx",
    "DELETE /autostock/status", "OPTIONS /autostock/status"]
--- problem
405
405
405
405
--- response_headers eval
[map { "Allow: GET, HEAD" } 1 .. 4]



=== TEST 9: each outcome has its counter
--- shop
autostock_idempotency_scope $http_x_client;
--- orders
1 CP-502101 published 10
--- drive
my $goods = '{"MessageAttributeProductCnt":"10"}';
http(GET => '/product/donut');
http(GET => '/product/none');
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":5}');
http(POST => '/checkout', '{"sku":"none"}');
http(POST => '/checkout', '{"quantity":0}');
http(PUT => '/checkout', '');
http(POST => '/checkout', 'x' x 20000);
http(POST => '/product/donut?' . callback(1), $goods);
http(POST => '/product/donut?' . callback(1), $goods);
http(POST => '/product/donut?' . callback(2), $goods);
http(POST => '/product/donut?order=' . order_id(1) . '&signature=00', $goods);
my $n = counters();
my %want = (sales => 1, sold_pieces => 2, replays => 1, refusals => 1,
    key_conflicts => 1, lookups => 1, not_found => 2, receipts => 1,
    receipt_replays => 1, receipt_refusals => 1, unauthorized => 1,
    bad_requests => 3, overloads => 0, unavailable => 0, unknown => 0,
    orders_opened => 0, in_doubt => 0, connect_failures => 0);
is($n->{$_}, $want{$_}, $_) for sort keys %want;
is(gauges()->{$_}, 0, $_) for qw( waiting in_flight );
cmp_ok(abs(time - gauges()->{last_commit_seconds}), '<', 60,
    'when the last transaction was');
is(gauges()->{last_unavailable_seconds}, 0, 'no request failed');



=== TEST 10: an order that a sale opens
--- drive
http(POST => '/checkout', '{"quantity":3}');
is(counters()->{orders_opened}, 1, 'counted');
http(POST => '/checkout', '{"quantity":1}');
is(counters()->{orders_opened}, 1, 'once');



=== TEST 11: histograms are cumulative, their count is the last bucket
--- drive
http_all(map { [POST => '/checkout', '{}'] } 1 .. 20);
my $text = page();
for my $name (qw( batch_size batch_duration_seconds )) {
    my @le = $text =~ /^autostock_${name}_bucket\{.*le="(.*?)"\} /mg;
    my @n = $text =~ /^autostock_${name}_bucket\{.*\} (\d+)$/mg;
    my ($count) = $text =~ /^autostock_${name}_count\{.*\} (\d+)$/m;
    my ($sum) = $text =~ /^autostock_${name}_sum\{.*\} ([0-9.]+)$/m;
    is($le[-1], '+Inf', "$name ends with +Inf");
    pop @le;
    is("@le", join(' ', sort { $a <=> $b } @le), 'bounds rise');
    is("@n", join(' ', sort { $a <=> $b } @n), 'numbers never fall');
    is($n[-1], $count, 'count');
    cmp_ok($count, '>', 0, 'not empty');
    cmp_ok($sum, '>', 0, 'sum');
}



=== TEST 12: durability as the server says
--- drive
http(GET => '/product/donut');
my ($state) = page() =~ /^autostock_durable\{.*state="(\w+)"\} 1$/m;
is($state, report()->{databases}{shop}{durable}, 'both say the same');
like($state, qr/^(?:yes|no)$/, 'and it is known');
is(scalar(() = page() =~ /^autostock_durable\{.*\} 1$/mg), 1, 'one of three');



=== TEST 13: several databases
--- http_config eval
main::database('other', pool_size => 7)
--- drive
my $text = page();
is(wrong_lines($text), '', 'well-formed');
like($text, qr/^autostock_config_pool_size\{database="other"\} 7$/m, 'pool');
http(POST => '/checkout', '{}');
is(report()->{databases}{other}{counters}{sales}, 0, 'counted apart');
is(report()->{databases}{shop}{counters}{sales}, 1, 'by name');



=== TEST 14: summed over worker processes, whoever is asked
--- drive
http_all(map { [GET => '/product/donut'] } 1 .. 50);
my %sums = map { counters()->{lookups} => 1 } 1 .. 20;
is(join(' ', keys %sums), 50, 'one sum');



=== TEST 15: killed workers: counters stay, gauges go
--- no_books
--- allow_log: exited on signal 9
--- no_error_log
[emerg]
--- drive
busy_workers();
my $before = counters()->{lookups};
cmp_ok(gauges()->{connections}, '>=', 1, 'connections before');
my %old = map { $_ => 1 } workers_of(master_pid());
kill KILL => keys %old;
ok(wait_for { my @new = grep { !$old{$_} } workers_of(master_pid());
    @new == 2 && (report() // {})->{workers} }, 'new workers');
is(report()->{workers}, 2, 'two of them');
is(counters()->{lookups}, $before, 'counters as before');
ok(wait_for { gauges()->{connections} == sessions() },
    'connections of the living only');
http(GET => '/product/donut');
is(counters()->{lookups}, $before + 1, 'counting goes on');



=== TEST 16: ten reloads: counters stay, seats are used again
--- drive
http(GET => '/product/donut');
for my $n (1 .. 10) {
    my %old = map { $_ => 1 } workers_of(master_pid());
    reload();
    wait_for { !grep { $old{$_} } workers_of(master_pid()) } 8;
    is(counters()->{lookups}, $n, "reload $n");
    http(GET => '/product/donut');
}
ok(wait_for(sub { report()->{workers} == 2 }), 'two workers are left');
is(counters()->{lookups}, 11, 'all counted');



=== TEST 17: the zone keeps its start over a reload
--- drive
my $started = report()->{started};
sleep 1 while time <= $started;
reload();
is(report()->{started}, $started, 'the same');



=== TEST 18: an old worker is counted until it dies
--- allow_log: exited on signal 9
--- no_error_log
[emerg]
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
wait_for { gauges()->{in_flight} == 1 };
my %old = map { $_ => 1 } workers_of(master_pid());
reload();
ok(wait_for { (grep { $old{$_} } workers_of(master_pid())) == 1 },
    'one old worker waits for the lock');
ok(wait_for { report()->{workers} == 3 }, 'three workers');
is(gauges()->{in_flight}, 1, 'its request is counted');
kill KILL => grep { $old{$_} } workers_of(master_pid());
ok(wait_for { report()->{workers} == 2 }, 'two workers');
is(gauges()->{in_flight}, 0, 'and no request');
http_close($client);
$lock->run('ROLLBACK');



=== TEST 19: when the database refused the last request
--- drive
http(POST => '/checkout', '{}');
my $sold = gauges()->{last_commit_seconds};
db->run('RENAME TABLE stock_movement TO stock_movement_away');
is(http(POST => '/checkout', '{}')->{code}, 503, 'refused');
db->run('RENAME TABLE stock_movement_away TO stock_movement');
is(gauges()->{last_commit_seconds}, $sold, 'no transaction');
cmp_ok(gauges()->{last_unavailable_seconds}, '>=', $sold, 'but a failure');
like(page(), qr/^autostock_last_unavailable_seconds\{database="shop"\} \d{10}$/m,
    'in the text, too');
--- error_log
error 1146
