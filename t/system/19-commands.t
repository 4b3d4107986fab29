#!/usr/bin/perl

# Every command and every statement of every document and manual page is run by
# a test: this one, or the one that the table names; or the table says why that
# is impossible.  A command without a row is a failure, and so is a row without
# a command.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Cwd qw( getcwd );
use File::Temp qw( tempdir );
use Test::More;
use Autostock::Documents;
use Autostock::Stack;

my $env = stack_up(without => [qw( emulator factory nginx worker )]);
my $dir = tempdir('as-XXXXXX', CLEANUP => 1,
    DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp');
my $mariadb = "mariadb --no-defaults --socket=$env->{DB_SOCKET}";

# --- what the documents show

# First words of a line that is a command, and of a statement.
my $shell = qr{(?:\./|bench/|build/|stack/|t/)\S+|apt-get|autostock-worker|aws
    |cd|curl|editor|eval|export|for|git|install|jwt-verifier|make|mariadb
    |nginx[ ]-t|openssl|printf|promtool|rm|systemctl|terraform|AUTOSTOCK_BUILD=\S+}x;
my $sql = qr/ALTER|GRANT|REVOKE|SELECT|SET|UPDATE/;

# Blocks that are not commands, by their first line.
my $other = qr{^\s*(?:
    [^\x00-\x7f].*|.*[^\x00-\x7f].*$           # a diagram, a formula
    |pending[ ]->|\w+[ ]-->|src:|cores[ ]/|signature[ ]=|https?://
    |Syntax:|ERROR[ ]|[A-Z_]+=|\[default\]|\$[ ]|nginx[ ]hosts
    |[a-z_]+(?:[ ].*)?[;\{'\\]$|[a-z_]+[ ].*\}$|autostock_\w+[ ]\S+$)}x;

# The commands of a block, each in one piece.
sub commands {
    my ($block) = @_;

    my (@commands, $open);
    for my $line (split /\n/, $block) {
        next if !$open && $line =~ /^\s*(?:#|--|$)/;
        if ($open) {
            $commands[-1] .= "\n$line";
        } else {
            push @commands, $line;
        }
        my $all = $commands[-1] =~ s/(?:^|\s)#\s.*//mgr;
        my $quotes = () = $all =~ /"/g;
        $open = $all =~ /\\\s*\z/ || $quotes % 2
            || ($all =~ /^\s*for / && $all !~ /\bdone\b/)
            || ($all =~ /^\s*\(/ && $all !~ /\)\s*\z/)
            || ($all =~ /<<END/ && $all !~ /^END$/m)
            || ($all =~ /^\s*(?:--.*\n\s*)*$sql / && $all !~ /;\s*\z/);
    }
    s/(?<!\\)\s+#\s.*//mg, s/^\s+|\s+\z//g for @commands;
    return @commands;
}

# [file, command], and the first lines of blocks that are not understood.
my (@all, @unknown);
for my $file (glob('*.md'), glob('*/*.md'), glob('*/*/*.md'), glob('docs/*.8'))
{
    for my $block (blocks($file)) {
        my ($first) = grep { !/^\s*(?:#|--) / && /\S/ } split /\n/, $block;
        if (($first // '') =~ /^\s*\(?(?:umask|$shell|$sql)(?:[ ;]|$)/) {
            push @all, map { [$file, $_] } commands($block);
        } elsif (($first // '# text') !~ $other) {
            push @unknown, "$file: $first";
        }
    }
}

is(join("\n", @unknown), "", 'every block is understood');
cmp_ok(scalar @all, '>', 120, scalar(@all) . ' commands are found');

# --- how each is tested

sub shell {
    my ($command) = @_;
    my $output = `exec 2>&1; cd ${\ getcwd() }; $command`;
    return ($output, $? >> 8);
}

# A command by its first line.
sub named { return "$_[0]: " . $_[1] =~ s/\n.*//sr }

sub works {
    my ($file, $command, $run) = @_;
    my ($output, $code) = shell($run);
    is($code, 0, named($file, $command)) or diag "$run\n$output";
}

# For targets that take long: "make -n" accepts the command.
sub make_knows {
    my ($file, $command) = @_;
    $command =~ s/\s{2,}.*//;
    works($file, $command, $command =~ s/^make/make -n/r . ' > /dev/null');
}

# In the stack's database, and undone.
sub statement {
    my ($file, $command) = @_;
    $command =~ s/'\.\.\.'/'CP-502101'/;
    my ($user) = $command =~ /(?:TO|FROM) (\S+?\@\S+);/;
    my $setup = $user ? "CREATE USER IF NOT EXISTS $user;" : '';
    $setup .= "GRANT UPDATE ON product TO $user;" if $command =~ /^REVOKE/;
    works($file, $command, "$mariadb shop <<'END'\n$setup\n"
        . "SET \@size = \@\@innodb_online_alter_log_max_size;\n$command\n"
        . "SET GLOBAL innodb_online_alter_log_max_size = \@size;\nEND");
}

sub client {
    my ($file, $command) = @_;
    works($file, $command, $command =~ s/^mariadb/$mariadb/r
        =~ s/autostock(\w*)\@localhost/docs$1\@localhost/gr
        =~ s/CREATE USER/CREATE USER IF NOT EXISTS/gr);
}

# With a folder of this test for /etc/autostock.
sub here {
    my ($file, $command) = @_;
    local $ENV{ORDER} = '01a20285-12ee-7621-9a46-fe52ec3c72b7';
    shell("echo 0123456789abcdef > $dir/callback-secret");
    works($file, $command, $command =~ s{/etc/autostock}{$dir}gr);
}

sub in_folder {
    my ($folder) = @_;
    return sub { works(@_, "cd $folder && $_[1]") };
}

my $fresh = 't/fresh/run on a fresh root: make package, stack/fresh';
my $load  = 'load for minutes on a quiet machine';
my $cloud = 'an AWS account; deploy/ is checked by make deploy-check on moto';
my $systemd = "needs systemd as process 1; the unit is in t/system/16-install.t";
my $documents = 't/system/15-documents.t';

# [file, pattern, how]: a sub runs it, a text says where it is run, or why not.
my @rows = (
    [qr/./, qr/^autostock-worker (?!run |COMMAND)/, $documents],
    [qr/./, qr/^autostock-worker run /, 't/system/16-install.t: the unit'],
    [qr/worker\.md/, qr/^autostock-worker COMMAND/, 'a synopsis'],
    [qr/./, qr/^(?:--.*\s+)*SELECT/, $documents],
    [qr/stack\.md/, qr/^(?:stack\/stack[ ](?:up|status|logs|sql|stop|start|down)
        (?!.*--external)|eval|curl)/x, $documents],
    [qr/http\.md/, qr/./, $documents],
    [qr/directives\.md/, qr/^UPDATE/, $documents],
    [qr/recipes\.md/, qr/^jwt-verifier/, 't/system/18-recipes.t'],
    [qr/./, qr/^\.\/demo\.sh/, $fresh],
    [qr/README\.md/, qr/^(?:git[ ]clone|stack\/install|make[ ]package|apt-get
        |install[ ]-d|\(umask|cd[ ]|mariadb|curl[ ])/x, $fresh],
    [qr/README\.md/, qr/^(?:editor|nginx -t)/, $fresh],
    [qr/install\.md/, qr/^(?:rm|nginx -t|apt-get)/, $fresh],
    [qr/install\.md/, qr/^(?:\.\/configure|make)/,
        'make check-nginx: such a build of each nginx'],
    [qr/upgrading\.md/, qr/^(?:for file|apt-get)/, $fresh],
    [qr/./, qr/^systemctl/, $systemd],
    [qr/./, qr/^(?:aws|terraform)/, $cloud],
    [qr/stack\.md/, qr/AWS|provision|TOPIC_ARN|external-aws/, $cloud],
    [qr/stack\.md/, qr/^export|--external-(?:db|factory)/,
        't/system/10-stack.t: other people\'s parts'],
    [qr/CONTRIBUTING/, qr/^stack\/install/, $fresh],
    [qr/./, qr/^\.\/test\.sh/, 'it is what runs this'],
    [qr/./, qr/^bench\//, $load],
    [qr/reliability/, qr/^(?:t\/chaos\/run[ ]--(?!list)|AUTOSTOCK_BUILD=|
        t\/chaos\/lib\/check)/x, 't/chaos: faults for minutes; ./test.sh --only chaos'],
    [qr/reliability/, qr/^t\/chaos\/run --list/, sub { works(@_, $_[1]) }],
    [qr/./, qr/^make/, \&make_knows],
    [qr/./, qr/^(?:ALTER|GRANT|REVOKE|SET|UPDATE)/, \&statement],
    [qr/upgrading/, qr/^mariadb/, \&client],
    [qr/security/, qr/^(?:printf|\(umask)/, \&here],
    [qr/operations/, qr/^promtool/, in_folder('monitoring')],
);

my %used;
for (@all) {
    my ($file, $command) = @$_;
    my ($i) = grep { $file =~ $rows[$_][0] && $command =~ $rows[$_][1] }
        0 .. $#rows;
    if (!defined $i) {
        fail(named("$file: no test runs", $command));
        next;
    }
    $used{$i}++;
    my $how = $rows[$i][2];
    ref $how ? $how->($file, $command) : pass(named($file, $command) . ": $how");
}

is_deeply([map { "@{ $rows[$_] }[0, 1]" } grep { !$used{$_} } 0 .. $#rows], [],
    'every row has a command');

# The tests that the table names are there.
for my $named (map { /\b(t\/[\w\/.-]+\.t)\b/g } grep { !ref }
    map { $_->[2] } @rows)
{
    ok(-e $named, $named);
}

done_testing();
