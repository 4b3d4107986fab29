#!/usr/bin/perl

# The documents against the code: every directive, setting, metric, type of
# problem and package is described, with its default; every link has a target;
# the README's index lists every document.

use v5.10.1;
use strict;
use warnings;
use utf8;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use JSON::PP qw( decode_json );
use Test::More;

chdir dirname(abs_path($0)) . '/..' or die "chdir: $!";

my $build   = $ENV{AUTOSTOCK_BUILD} || 'build';
my @pages   = (glob('*.md'), glob('*/*.md'), glob('*/*/*.md'));
my $readme  = slurp('README.md');
my $manual  = slurp('docs/directives.md');
my $worker  = slurp('docs/worker.md');

sub slurp {
    open my $in, '<:encoding(UTF-8)', $_[0] or die "$_[0]: $!";
    local $/;
    return <$in>;
}

sub none {
    my ($what, @found) = @_;
    ok(!@found, $what) or diag join "\n", @found;
}

# The text without code, since what looks like a link in code is not one.
sub prose {
    my ($text) = @_;
    $text =~ s/^```.*?^```$//msg;
    $text =~ s/^ {4}.*$//mg;
    return $text;
}

# Anchors as the usual renderers make them of headings: the second heading of
# the same text has "-1".
sub anchors {
    my ($text) = @_;
    my (%anchors, %seen);
    $text = prose($text);
    while ($text =~ /^#+ +(.+?) *$/mg) {
        my $anchor = lc $1;
        $anchor =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
        $anchor =~ s/[^\w\- ]//g;
        $anchor =~ tr/ /-/;
        my $times = $seen{$anchor}++;
        $anchors{$times ? "$anchor-$times" : $anchor} = 1;
    }
    return \%anchors;
}

sub dead_links {
    my ($page) = @_;
    my @dead;
    my $text = prose(slurp($page));
    push @dead, "$page: $1 (no such reference)"
        while $text =~ /(?<!\!)\[[^\]]+\]\[([^\]]*)\]/g;
    while ($text =~ /\]\(\s*([^)\s]+)(?:\s+"[^"]*")?\s*\)/g) {
        my ($file, $anchor) = split /#/, $1, 2;
        next if $file =~ m{^[a-z]+:};
        my $path = $file eq '' ? $page : dirname($page) . "/$file";
        if (!-e $path) {
            push @dead, "$page: $1";
        } elsif (defined $anchor && !anchors(slurp($path))->{$anchor}) {
            push @dead, "$page: $1 (no such heading)";
        }
    }
    return @dead;
}

none('every link has a target', map { dead_links($_) } @pages);

# The index by task.
my ($index) = $readme =~ /^## Documents\n(.*)/ms;
my %indexed = map { $_ => 1 } ($index // '') =~ /^- \[[^\]]+\]\((.+?)\): \w/mg;
none('the index of the README lists every document with a sentence',
    grep { $_ ne 'README.md' && !$indexed{$_} } @pages, glob('docs/*.8'));
cmp_ok(scalar(split /\n/, $readme), '<', 400, 'the README is short');

# Directives, and the names in a database block.
my %directives;
for my $file ('ngx_http_autostock_module.c', glob 'src/*/*.c') {
    my $code = slurp($file);
    while ($code =~ /\{ ngx_string\("([a-z_]+)"\),\s+NGX_(?:HTTP_(?:MAIN|SRV|LOC)_)?CONF_/g) {
        $directives{$1} = 1;
    }
}
cmp_ok(scalar keys %directives, '>', 20, 'the directives are found');

none('every directive has its heading in docs/directives.md',
    grep { my $d = $_; $manual !~ /^#+ .*\b\Q$d\E\b/m } sort keys %directives);
my ($table_of_directives) = $manual =~ /^## Directives\n(.*?)^### /ms;
none('every directive is in the table of docs/directives.md',
    grep { ($table_of_directives // '') !~ /`\Q$_\E`/ }
    sort keys %directives);

# A manual page as mandoc prints it, without line breaks within an entry's head.
sub rendered {
    my ($page) = @_;
    open my $pipe, '-|', 'mandoc', '-T', 'utf8', '-O', 'width=400', $page
        or die "mandoc: $!";
    binmode $pipe, ':encoding(UTF-8)';
    my $text = do { local $/; <$pipe> };
    $text =~ s/.\x08//g;
    return $text;
}

my $mandoc = grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
my $worker_page = $mandoc ? rendered('docs/autostock-worker.8') : '';

SKIP: {
    skip 'no mandoc', 2 unless $mandoc;
    for my $page (glob 'docs/*.8') {
        my @faults = split /\n/, qx(mandoc -T lint -W warning $page 2>&1);
        none("$page: no fault in its markup",
            grep { !/outdated mandoc.db/ } @faults);
    }
}

# The defaults in the tables of docs/worker.md.
my %default_of;
while ($worker =~ /^\| (`[A-Z][^|]*) \| ([^|]*) \|/mg) {
    my ($names, $values) = ($1, $2);
    my @names  = $names =~ /`([A-Z_]+)`/g;
    my @values = map { /`([^`]*)`/ ? $1 : '' } split /, /, $values;
    for my $i (0 .. $#names) {
        my $name = $names[$i];
        ($name = $names[0]) =~ s/_[A-Z]+$/$names[$i]/ if $name =~ /^_/;
        $default_of{$name} = $values[$i] // '';
    }
}

SKIP: {
    skip 'no autostock-worker is built', 5 unless -x "$build/autostock-worker";

    # only the required settings, so that all others have their defaults
    my %must = (
        DB_SOCKET => '/s', DB_USERNAME => 'u', DB_DATABASE => 'd',
        TOPIC_ARN => 'arn:aws:sns:r:1:t', QUEUE_URL => 'http://q',
        DLQ_URL => 'http://d', FACTORY_API_URL => 'http://f',
        CALLBACK_URL => 'http://c',
        AUTOSTOCK_CALLBACK_SECRET => 'sixteen characters',
        AWS_REGION => 'eu-west-1',
    );
    open my $pipe, '-|', 'env', '-i', "PATH=$ENV{PATH}",
        (map { "$_=$must{$_}" } sort keys %must),
        "$build/autostock-worker", 'check-config', '--output', 'json'
        or die "autostock-worker: $!";
    my $settings = decode_json(do { local $/; <$pipe> });

    none('every setting of the worker is in docs/worker.md',
        grep { $worker !~ /`\Q$_\E`/ && !exists $default_of{$_} }
        sort keys %$settings);
    none('its defaults are those of docs/worker.md',
        map { "$_: $default_of{$_} in docs/worker.md, $settings->{$_} in the worker" }
        grep { exists $default_of{$_} && !exists $must{$_}
               && $default_of{$_} ne $settings->{$_}
               && $_ ne 'AUTOSTOCK_WORKER_NAME' && $_ ne 'AWS_CA_BUNDLE' }
        sort keys %$settings);

    my $env = slurp('contrib/worker.env');
    none('contrib/worker.env has every setting, with its default',
        grep { my $default = $must{$_} || $settings->{$_} =~ m{[(:]|^/}
                   ? '' : $settings->{$_};
               $env !~ /^#$_=\Q$default\E$/m } sort keys %$settings);
    none('and sets none', grep { /^[^#]/ } split /\n/, $env);

    skip 'no mandoc', 1 unless $mandoc;
    none('its manual page shows each setting, and its default if it has one',
        grep { my $name = $_;
               my $default = $must{$name} || $name eq 'AUTOSTOCK_WORKER_NAME'
                   || $name eq 'DB_TLS_CA' ? '' : $settings->{$name} // '';
               $worker_page !~ ($default eq '' || $default =~ /^\(/
                   ? qr/\b$name\b/ : qr/\b$name \(\Q$default\E\)/) }
        sort keys %$settings);
}

# The scripts print the comment at their beginning.
for my $script (qw( demo.sh test.sh stack/fresh )) {
    my ($comment) = slurp($script) =~ /^#!.*\n((?:#.*\n)+)set /;
    $comment =~ s/^# ?//mg;
    open my $pipe, '-|', "./$script", '--help' or die "$script: $!";
    binmode $pipe, ':encoding(UTF-8)';
    is(do { local $/; <$pipe> }, $comment, "$script --help is complete");
}

# The list of packages.
my @packages = map { /^[a-z]+\s+([a-z0-9.+-]+)/ ? $1 : () }
    grep { !/^#/ } split /\n/, slurp('stack/packages');
my $install = slurp('docs/install.md');
none('every package is in docs/install.md',
    grep { $install !~ /`\Q$_\E`/ } @packages);

# The files of /etc/autostock: docs/operations.md lists all of them.
my ($files) = slurp('docs/operations.md') =~ /^## Files\n(.*?)^## /ms;
my %named = map { $_ => 1 } map { slurp($_) =~ m{/etc/autostock/([\w.-]*\w)}g }
    @pages, 'nginx.conf.example', glob('docs/*.8'), glob('contrib/*');
cmp_ok(scalar keys %named, '>', 5, 'the files of /etc/autostock are found');
none('every file of /etc/autostock is in the list of docs/operations.md',
    grep { ($files // '') !~ /^\| `\Q$_\E` \|/m } sort keys %named);

# The types of problems.
my @types = slurp('src/http/ngx_http_autostock_response.c')
    =~ /problem_head\(\s*"([a-z-]+)"/g;
cmp_ok(scalar @types, '>', 10, 'the types of problems are found');
my $http = slurp('docs/http.md');
none('every type of problem is in docs/http.md',
    grep { $http !~ /`\Q$_\E`/ } @types);

# The counters of the module.
my ($table) = slurp('src/status/ngx_http_autostock_metric.c')
    =~ /metric_counters\[\] = \{(.*?)^\};/ms;
my @counters = ($table // '') =~ /\{ "([a-z_]+)",/g;
cmp_ok(scalar @counters, '>', 20, 'the counters are found');
none('every counter is in docs/directives.md',
    grep { $manual !~ /`autostock_\Q$_\E_total`/ } @counters);

# The states of a transaction.
my ($states) = slurp('src/sell/ngx_http_autostock_transaction_state.c')
    =~ /_states\[\] = \{(.*?)^\};/ms;
my %follow = ($states // '') =~ /\{ "([a-z]+)",\s*([^}]*)\}/g;
my @code = map { my $from = $_;
    map { "$from --> " . lc } $follow{$from} =~ /_TO\((\w+)\)/g } keys %follow;
my ($diagram) = slurp('ARCHITECTURE.md') =~ /^stateDiagram-v2\n(.*?)^```/ms;
my @drawn = ($diagram // '') =~ /^ +(\w+ --> \w+)$/mg;
cmp_ok(scalar @code, '>', 20, 'the states of a transaction are found');
is_deeply([sort @drawn], [sort @code],
    'ARCHITECTURE.md draws the table of states');

done_testing();
