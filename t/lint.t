#!/usr/bin/perl

# The rules of CONTRIBUTING.md and of the layout that a program can check: the
# form of the files, which folder may include which, and what linters find.

use v5.10.1;
use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use Test::More;

chdir dirname(abs_path($0)) . '/..' or die "chdir: $!";

my @files = grep { -f } split /\n/, `git ls-files 2>/dev/null`;
@files = grep { -f && !m{node_modules|^stack/run/} } split /\n/,
    `find . -path ./.git -prune -o -path ./build -prune -o -type f -printf '%P\n'`
    unless @files;
my @c      = grep { /\.[ch]$/ } @files;
my @code   = grep { /\.(c|h|sh|pl|pm|t|js|mk|awk|sql)$/ || /^stack\/[a-z-]+$/
    || /^bench\/[a-z-]+$/ } @files;
my @module = grep { m{^(?:src/|ngx_)} } @c;
my @daemon = grep { m{^(?:worker|common|stack/factory)/} } @c;

sub slurp {
    open my $in, '<:encoding(UTF-8)', $_[0] or die "$_[0]: $!";
    local $/;
    return <$in>;
}

sub lines_where {
    my ($test, @in) = @_;

    my @found;
    for my $file (@in) {
        my $n = 0;
        for my $line (split /\n/, slurp($file)) {
            $n++;
            push @found, "$file:$n" if $test->($line);
        }
    }
    return @found;
}

sub none {
    my ($what, @found) = @_;
    ok(!@found, $what) or diag join "\n", @found;
}

sub runs {
    my ($what, @command) = @_;
    my $output = do {
        open my $pipe, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command
            or die $!;
        local $/;
        <$pipe> // '';
    };
    ok($? == 0, $what) or diag $output;
}

binmode Test::More->builder->failure_output, ':encoding(UTF-8)';

none('no mark of a merge',
    lines_where(sub { $_[0] =~ /^(?:<{7}|>{7}) / }, @code));
none('no line of C over 80 columns', lines_where(
    sub { length $_[0] > 80 }, @c));
none('no tab in C', lines_where(sub { $_[0] =~ /\t/ }, @c));
none('no blank at the end of a line', lines_where(
    sub { $_[0] =~ /[ \t]$/ }, @code));
none('no file of C over 600 lines',
    grep { (() = slurp($_) =~ /\n/g) > 600 } @c);
none('no // comment in the module',
    lines_where(sub { $_[0] =~ m{(?:^|[^:"])//} }, @module));

my $unfinished = join '|', 'TO' . 'DO', 'FIX' . 'ME', 'X' . 'XX', 'HA' . 'CK';
none('nothing marked unfinished',
    lines_where(sub { $_[0] =~ /\b(?:$unfinished)\b/ }, @code));

my (%length, @long);
for (split /\n/, `ctags --languages=C --c-kinds=f --fields=+ne -f - @c`) {
    my ($name, $file) = split /\t/;
    my ($line) = /\tline:(\d+)/;
    my ($end)  = /\tend:(\d+)/;
    next unless $line && $end;
    push @{$length{$file =~ m{^(?:t|bench)/} ? 'test' : 'program'}},
        $end - $line + 1;
    push @long, "$file:$line $name: " . ($end - $line + 1)
        if $end - $line + 1 > 100;
}
none('no function over 100 lines', @long);

my @sorted = sort { $a <=> $b } @{$length{program} // []};
my $median = @sorted ? $sorted[@sorted / 2] : 0;
cmp_ok($median, '<', 25, "median function: $median lines of " . @sorted);

none('only the files of the connection include mysql.h', grep {
    slurp($_) =~ /#\s*include\s*[<"](?:mysql|mariadb|as_greeting)/
        && !m{^src/db/ngx_http_autostock_(?:mysql|connection)}
} @module);
# A folder includes headers of folders below it only: not of those above it, and
# not of others on its own level.
my %level = (
    worker => { cmd => 0, run => 1, aws => 2, db => 2, http => 3, loop => 4,
        base => 5 },
    src    => { http => 0, sell => 1, db => 2, conf => 3, status => 4 },
);
my %room = map { m{^src/(\w+)/(\w+\.h)$} ? ($2 => $1) : () } @c;
none('folders include only those below them', map {
    my $file = $_;
    my ($house, $from) = $file =~ m{^(worker|src)/(\w+)/};
    my $level = $level{$house};
    grep { defined } map {
        my $to = $house eq 'src' ? $room{$_} : (m{^(\w+)/} ? $1 : undef);
        !defined $to || $to eq $from ? undef
            : $level->{$to} > $level->{$from} ? undef : "$file: $_"
    } slurp($file) =~ /^\s*#\s*include\s*"([^"]+)"/mg;
} grep { m{^(?:worker|src)/\w+/} } @c);
none('what all rooms include does not include a room',
    map { my $file = $_; map { "$file: $_" } grep { $room{$_} }
        slurp($file) =~ /^\s*#\s*include\s*"([^"]+)"/mg
    } grep { m{^(?:common/.*|src/\w+\.h$)} } @c);
# A file is named by one noun, and its functions begin with the file's name.
# The module's main file is named as nginx's own modules are: the file ends in
# "_module", its functions do not have that part.
my @named = grep { m{^(?:(?:worker|common|src)/.*|ngx_\w+)\.c$} } @c;
none("functions begin with their file's name", map {
    my ($name, $file) = split /\t/;
    my ($noun) = $file =~ m{(\w+?)(?:_module)?\.c$};
    $noun = "as_$noun" if $file =~ m{^worker/};
    $name =~ /^(?:main$|$noun(?:_|$))/ ? () : "$file: $name";
} split /\n/, `ctags --languages=C --c-kinds=f -f - @named`);

# The symbols that each file of the program exports, and their uses.  ctags
# marks static ones.  A use is a word of an indented line or a macro, outside of
# comments and strings: definitions and prototypes begin in the first column.
my @program = grep { m{^(?:worker|src|common|ngx_)} } @c;
my (%definer, %static, %uses);
for (split /\n/, `ctags --languages=C --c-kinds=fv --fields=+f -f - @program`) {
    my ($name, $file) = split /\t/;
    /\tfile:/ ? $static{$name}++ : ($definer{$name} = $file);
}
delete $definer{$_} for keys %static;
for my $file (@program) {
    my $text = slurp($file);
    $text =~ s{/\*.*?\*/|"(?:\\.|[^"\\\n])*"}{ }gs;
    for my $line ($text =~ /^(?:[ \t]+.*|\s*#\s*define.*)$/mg) {
        $uses{$file}{$_}++ for grep { $definer{$_} } $line =~ /\b\w+\b/g;
    }
}

# Groups of files that call each other: strongly connected components, found by
# Tarjan's algorithm.
sub circles {
    my ($next) = @_;
    my (%index, %low, @stack, %on, @found, $visit);
    my $n = 0;
    $visit = sub {
        my ($file) = @_;
        $index{$file} = $low{$file} = $n++;
        push @stack, $file;
        $on{$file} = 1;
        for my $to (sort keys %{$next->{$file}}) {
            $visit->($to) unless defined $index{$to};
            $low{$file} = $low{$to} if $on{$to} && $low{$to} < $low{$file};
        }
        return if $low{$file} != $index{$file};
        my @circle;
        do { push @circle, pop @stack; delete $on{$circle[-1]} }
            while $circle[-1] ne $file;
        push @found, join ' ', sort @circle if @circle > 1;
    };
    defined $index{$_} or $visit->($_) for sort keys %$next;
    return @found;
}

my %next;
for my $file (@program) {
    next if $file =~ /^ngx_/;    # every file of the module reads its variable
    $next{$file}{$_} = 1 for grep { $_ ne $file && !/^ngx_/ }
        map { $definer{$_} } keys %{$uses{$file}};
}
# The circles that remain; no file may be added.
my @known = map { [ map { "src/$_.c" =~ s{/(\w+\.c)}{/ngx_http_autostock_$1}r }
    split ' ' ] } (
    'sell/aside sell/batch sell/flight sell/flight_waiters',
);
for my $house ('worker', 'src', 'common') {
    my %part = map { $_ => $next{$_} } grep { m{^$house/} } keys %next;
    none("no files of $house/ call each other in a circle", grep {
        my @circle = split ' ';
        !grep { my %in = map { $_ => 1 } @$_; !grep { !$in{$_} } @circle } @known
    } circles(\%part));
}

# The comment of a function that only tests use contains "For tests".
my %used = map { %$_ } values %uses;
my $prototype = qr{/\*(?:(?!\*/).)*?\bFor\ tests\b(?:(?!\*/).)*\*/
    (?:(?!\n\n).)*?\b(\w+)\(}xs;
$used{$_} = 1 for map { slurp($_) =~ /$prototype/g } grep { /\.h$/ } @program;
none('every function of the program is used, and not by tests only',
    map { "$definer{$_}: $_" } grep { !$used{$_} && $_ ne 'main'
        && $definer{$_} !~ /^ngx_/ } sort keys %definer);

none('common/ has no nginx types',
    grep { m{^common/} && slurp($_) =~ /\bngx_/ } @c);
none('the lock files name no registry',
    grep { /package-lock\.json$/ && slurp($_) =~ /"resolved"/ } @files);

runs("bash -n $_", 'bash', '-n', $_)
    for grep { /\.sh$/ || slurp($_) =~ m{^#!/bin/(?:ba)?sh} }
        grep { /\.sh$/ || m{^(?:stack|bench|\.ci|t/fresh|t/fresh/bin)/[a-z-]+$} } @files;

SKIP: {
    skip 'no cppcheck', 2 if system('command -v cppcheck >/dev/null');

    my @cppcheck = ('cppcheck', '-q', '--error-exitcode=1', '--inline-suppr',
        '--enable=warning,portability', '--std=c11',
        '--suppress=missingIncludeSystem', '--suppress=missingInclude',
        '-D__GNUC__=12', '-Icommon', '-Iworker');
    runs('cppcheck: worker, common, factory', @cppcheck,
        grep { /\.c$/ } @daemon);
    runs('cppcheck: module', @cppcheck, '-Isrc',
        (map { s{/$}{}r =~ s{^}{-I}r } glob 'src/*/'),
        # nginx's lists and queues are walked by pointer arithmetic
        '--suppress=nullPointerArithmeticRedundantCheck',
        grep { /\.c$/ } @module);
}

done_testing();
