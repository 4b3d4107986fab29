#!/usr/bin/perl

# "make install" and the package on a machine that has nothing yet: into an
# empty folder, by a user whose new files nobody else may read.

use v5.10.1;
use strict;
use warnings;

use Cwd qw( abs_path );
use File::Find ();
use File::Temp qw( tempdir );
use Test::More;

my $build = abs_path($ENV{AUTOSTOCK_BUILD} || 'build');
my $dir   = tempdir(CLEANUP => 1, DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp');

plan skip_all => 'another build is tested' if $build ne abs_path('build');

sub run {
    my ($command) = @_;
    my $output = `exec 2>&1; $command`;
    is($?, 0, $command) or diag $output;
    return $output;
}

# "MODE PATH" of every file and folder below, and PATH's mode.
sub modes {
    my ($root) = @_;
    my %mode;
    File::Find::find({ no_chdir => 1, wanted => sub {
        my $path = substr $_, length $root;
        $mode{$path} = sprintf '%03o', (lstat)[2] & 07777 if length $path;
    } }, $root);
    return \%mode;
}

my @files = qw(
    /usr/lib/nginx/modules/ngx_http_autostock_module.so
    /usr/local/lib/systemd/system/autostock-worker.service
    /usr/local/sbin/autostock-worker
    /usr/local/share/autostock/nginx.conf.example
    /usr/local/share/autostock/sql/schema.sql
    /usr/local/share/man/man8/autostock-worker.8
    /usr/local/share/man/man8/ngx_http_autostock_module.8
);

subtest 'into an empty folder' => sub {
    run("umask 077; make install DESTDIR=$dir/local");
    my $mode = modes("$dir/local");
    ok($mode->{$_}, $_) for @files;
    is_deeply([grep { $mode->{$_} !~ /^(?:644|755)$/ } sort keys %$mode], [],
        'everybody may read all of it')
        or diag join "\n", map { "$mode->{$_} $_" } sort keys %$mode;
    is($mode->{'/usr/local/sbin/autostock-worker'}, '755', 'the program runs');

    my $unit = `cat $dir/local/usr/local/lib/systemd/system/*.service`;
    like($unit, qr{^ExecStart=/usr/local/sbin/autostock-worker run}m,
        'the unit starts what was installed');
};

subtest 'systemd has nothing to say of the unit' => sub {
    plan skip_all => 'no systemd-analyze'
        if system 'command -v systemd-analyze >/dev/null';
    # what it starts is not where it says
    run("sed 's,^ExecStart=.*,ExecStart=/bin/true,'"
        . " contrib/autostock-worker.service > $dir/autostock-worker.service");
    is(run("systemd-analyze verify --man=no $dir/autostock-worker.service"),
        '', 'no word');
};

subtest 'the version stands in one place' => sub {
    my ($version) = `cat common/as_version.h` =~ /"(.+)"/;
    like(`$dir/local/usr/local/sbin/autostock-worker version`,
        qr/\b\Q$version\E\b/, 'the worker says it');
    like(`cat README.md`, qr/^.*\bVersion \Q$version\E\.$/m, 'the README');
    like(`cat CHANGES`, qr/^Changes with autostock \Q$version\E /m, 'CHANGES');
    is(`grep -rlF '"$version"' common src worker Makefile config *.c`,
        "common/as_version.h\n", 'and no other file of the program');
    like(`touch common/as_version.h; make -n worker`, qr/command_version/,
        'the worker is built again when it changes');
    run('make -j2 all');
};

subtest 'the package' => sub {
    plan skip_all => 'no dpkg-deb' if system 'command -v dpkg-deb >/dev/null';

    run("umask 077; make install PREFIX=/usr DESTDIR=$dir/usr");
    run("umask 077; stack/package $dir/usr 0.0.1 $dir");
    my ($package) = glob "$dir/autostock_0.0.1_*.deb";
    my $list = `dpkg-deb -c $package`;
    is_deeply([grep { !/^(?:-rw-r--r--|[-d]rwxr-xr-x) root\/root / }
        split /\n/, $list], [], 'is root\'s, and everybody may read it');
    like($list, qr{usr/lib/systemd/system/autostock-worker\.service}, 'unit');
    like($list, qr{modules-available/mod-http-autostock\.conf}, 'module');

    run("dpkg-deb -e $package $dir/control");
    run("sh -n $dir/control/$_") for qw( postinst prerm postrm );
    my $control = `cat $dir/control/control`;
    like($control, qr/^Depends: nginx \(>= [\d.]+\), \S+.*\blibcurl/m,
        'depends on nginx and the libraries');
};

done_testing();
