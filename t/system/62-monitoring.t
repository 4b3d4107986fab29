#!/usr/bin/perl

# monitoring/, checked with Prometheus: the format of all metrics, the unit
# tests of the rules, and a scrape of a whole stack, in which every query of the
# rules and of the dashboard has a result.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Process qw( child free_port listen_at );
use Autostock::Stack;

my $http = HTTP::Tiny->new(timeout => 10);

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return <$in>;
}

sub spurt {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}

sub promtool {
    my (@arguments) = @_;
    open my $pipe, '-|', 'sh', '-c', 'exec promtool "$@" 2>&1', 'sh',
        @arguments or die "promtool: $!";
    my $said = do { local $/; <$pipe> } // '';
    close $pipe;
    ok($? == 0, "promtool @arguments") or diag $said;
}

promtool(qw( check rules monitoring/autostock.rules.yml ));
promtool('test', 'rules', "monitoring/autostock.$_.test.yml")
    for qw( rules slow );

# --- a stack with data for every metric

my $env = stack_up(step_ms => 20);
my $dir = $ENV{AUTOSTOCK_STACK_DIR};

sub expositions {
    return (
        nginx => $http->get($env->{AUTOSTOCK_STATUS_URL})->{content},
        worker => $http->get("http://127.0.0.1:$env->{AUTOSTOCK_METRICS_PORT}"
            . '/metrics')->{content},
        reconcile => slurp("$dir/reconcile.prom"),
    );
}

sub shop_a_little {
    stock();
    checkout($_) for 1, 0, 1000;
}

checkout(3);
ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
    'an order went round');
stack('worker', 'reconcile', '--metrics', "$dir/reconcile.prom");
shop_a_little();

my %exposition = expositions();
for my $name (sort keys %exposition) {
    spurt("$dir/$name.prom", $exposition{$name});
    cmp_ok(length $exposition{$name}, '>', 100, "$name has metrics");
    my $said = `promtool check metrics < $dir/$name.prom 2>&1`;
    ok($? == 0, "promtool check metrics: $name") or diag $said;
}

# --- Prometheus scrapes it, by the example

# The metrics of a database with several servers, as docs/directives.md lists
# them; t/107-replication.t holds the module to them.
sub servers {
    my ($text) = slurp('docs/directives.md');
    my @rows = $text =~ /^\| `(autostock_server_\w+)\{([\w,]+)\}` \|/mg;
    my %labels = (server => 'a:3306', role => 'primary', use => 'lookups');
    my $samples = '';
    while (my ($name, $labels) = splice @rows, 0, 2) {
        my $all = join ',', 'database="shop"', map { qq($_="$labels{$_}") }
            split /,/, $labels;
        $samples .= "$name\{$all} 1\n";
    }
    return $samples;
}

my $servers = servers();
is(scalar(() = $servers =~ /^autostock_server_/mg), 7,
    'the metrics of servers are found');

# The node exporter's part: the file of reconcile.
my $node = free_port();
my $exporter = child(sub {
    my $server = listen_at("127.0.0.1:$node");
    while (my $client = $server->accept) {
        my $line = <$client> // '';
        while (defined $line && $line =~ /\S/) { $line = <$client> }
        print $client "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n",
            $exposition{reconcile}, $servers;
        close $client;
    }
});

my $port = free_port();
my $api = "http://127.0.0.1:$port";

sub configuration {
    my $text = slurp('monitoring/prometheus.yml');
    my ($nginx) = $env->{AUTOSTOCK_URL} =~ /:(\d+)$/;
    my %to = (80 => $nginx, 9508 => $env->{AUTOSTOCK_METRICS_PORT},
        9100 => $node);
    for my $from (sort keys %to) {
        $text =~ s/'127\.0\.0\.1:$from'/'127.0.0.1:$to{$from}'/
            or die "monitoring/prometheus.yml has no target :$from";
    }
    $text =~ s/interval: 15s/interval: 1s/g;
    return $text;
}

sub ask {
    my ($path, %arguments) = @_;
    my $query = $http->www_form_urlencode(\%arguments);
    my $answer = $http->get("$api/api/v1/$path?$query");
    my $json = eval { JSON::PP->new->utf8->decode($answer->{content}) };
    return $json && $json->{status} eq 'success' ? $json->{data} : undef;
}

spurt("$dir/prometheus.yml", configuration());
spurt("$dir/autostock.rules.yml", slurp('monitoring/autostock.rules.yml'));
promtool('check', 'config', "$dir/prometheus.yml");

my $prometheus = child(sub {
    open STDOUT, '>', "$dir/prometheus.log";
    open STDERR, '>&', \*STDOUT;
    exec 'prometheus', "--config.file=$dir/prometheus.yml",
        "--storage.tsdb.path=$dir/prometheus",
        "--web.listen-address=127.0.0.1:$port";
    die "prometheus: $!";
});

ok(wait_for(sub { $http->get("$api/-/ready")->{success} }, 30),
    'Prometheus is ready') or BAIL_OUT(slurp("$dir/prometheus.log"));

my %health;
ok(wait_for(sub {
    my $targets = ask('targets')->{activeTargets};
    %health = map { $_->{labels}{job} => $_->{health} } @$targets;
    3 == grep { $_ eq 'up' } values %health }, 20), 'all targets are up')
    or diag explain \%health;

# --- every query has a result

my @rules;
ok(wait_for(sub {
    @rules = map { @{ $_->{rules} } } @{ ask('rules')->{groups} };
    @rules && !grep { $_->{health} ne 'ok' } @rules }, 20),
    'every rule can be evaluated')
    or diag join "\n", map { "$_->{name}: $_->{health} "
        . ($_->{lastError} // '') } grep { $_->{health} ne 'ok' } @rules;

my $dashboard = JSON::PP->new->utf8->decode(
    slurp('monitoring/grafana-dashboard.json'));
my @panels = map { ($_, @{ $_->{panels} // [] }) } @{ $dashboard->{panels} };
my @queries = map { my $panel = $_;
    map { [$panel->{title}, $_->{expr}] } @{ $panel->{targets} // [] } }
    @panels;
cmp_ok(scalar @queries, '>', 30, 'the queries of the dashboard are found');
my %ids;
$ids{$_->{id}}++ for @panels;
is(join(' ', grep { $ids{$_} > 1 } keys %ids), '', 'each panel has its own id');

sub names_in {
    my ($query) = @_;
    $query =~ s/"[^"]*"//g;
    return $query =~ /\b(autostock[a-z0-9_:]+|up)\b/g;
}

my %known;
my $look = sub { %known = map { $_ => 1 } @{ ask('label/__name__/values') } };
my @asked = map { names_in($_->[1]) } @queries,
    map { ['', $_->{query}] } @rules;
cmp_ok(scalar @asked, '>', 100, 'the names of metrics are found');
my @strangers;
wait_for(sub { shop_a_little(); $look->(); my %seen;
    @strangers = grep { !$known{$_} && !$seen{$_}++ } @asked; !@strangers }, 20);
is("@strangers", '', 'every metric of rules and dashboard exists');

sub series {
    my ($expr) = @_;
    $expr =~ s/\$__rate_interval/1m/g;
    $expr =~ s/\$database/.*/g;
    my $data = ask('query', query => $expr);
    return $data ? scalar @{ $data->{result} } : 'error';
}

my @empty;
wait_for(sub {
    shop_a_little();
    @empty = grep { series($_->[1]) !~ /^[1-9]/ } @queries;
    !@empty }, 30);
is(join("\n", map { "$_->[0]: $_->[1]" } @empty), '',
    'every query of the dashboard has a result');

# --- and an alert begins

sub alerts {
    return map { $_->{labels}{alertname} => $_->{state} }
        @{ ask('alerts')->{alerts} };
}

my %now = alerts();
is($now{AutostockWorkerGone}, undef, 'the worker is there');
stack('stop', 'worker');
ok(wait_for(sub { my %then = alerts(); $then{AutostockWorkerGone} }, 20),
    'without it, an alert is pending');

done_testing();
