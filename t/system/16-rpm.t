#!/usr/bin/perl

# The RPM packages, built on this machine by packaging/rpm's recipe: what they
# contain, and that rpmlint finds nothing in them that the recipe could mend.

use v5.10.1;
use strict;
use warnings;

use Cwd qw( abs_path );
use File::Temp qw( tempdir );
use Test::More;

plan skip_all => 'no rpmbuild (stack/install package)'
    if system 'command -v rpmbuild >/dev/null';
plan skip_all => 'no work tree of git' if !-e '.git';
plan skip_all => 'another build is tested'
    if abs_path($ENV{AUTOSTOCK_BUILD} || 'build') ne abs_path('build');

my ($version) = `cat common/as_version.h` =~ /"(.+)"/;
my $dir = tempdir('/tmp/as-rpm_XXXX', CLEANUP => 1);

sub lines { return split /\n/, `@_` }

my $said = `t/rpm/build $dir $version 2>&1`;
if (!is($?, 0, 'rpmbuild: each file is in one package, and none is missing')) {
    diag substr $said, -3000;
    done_testing();
    exit;
}

# A package's file: "mode user group path", without documents.
sub contents {
    my ($name) = @_;
    my ($rpm) = glob "$dir/RPMS/*/$name-$version-*.rpm";
    ok($rpm, $name) or return {};
    my $format = '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} '
        . '%{FILENAMES}\n]';
    my %files = map { reverse /^(\S+ \S+ \S+) (.+)$/ }
        lines("rpm -qp --qf '$format' $rpm 2>/dev/null");
    delete @files{grep { m{^/usr/(?:share/(?:doc|licenses)|lib/\.build-id)\b} }
        keys %files};
    return \%files;
}

sub files { return [sort grep { $_[0]{$_} !~ /^d/ } keys %{ $_[0] }] }

my $library = `rpm --eval %_libdir` =~ s/\n//r;
my $root = qr/^(?:-rw-r--r--|[-d]rwxr-xr-x) root root$/;

my $module = contents('nginx-mod-autostock');
is_deeply(files($module), [sort "$library/nginx/modules/"
    . 'ngx_http_autostock_module.so',
    '/usr/share/man/man8/ngx_http_autostock_module.8',
    '/usr/share/nginx/modules/mod-http-autostock.conf'], 'its files');
my $worker = contents('autostock-worker');
is_deeply(files($worker), [qw(
    /etc/autostock/worker.env
    /usr/lib/systemd/system/autostock-worker.service
    /usr/lib/sysusers.d/autostock-worker.conf
    /usr/sbin/autostock-worker
    /usr/share/bash-completion/completions/autostock-worker
    /usr/share/man/man8/autostock-worker.8
)], 'its files');
is(delete $worker->{'/etc/autostock/worker.env'},
    '-rw-r----- root _autostock', 'only the worker reads its settings');
my $common = contents('autostock-common');
is_deeply(files($common), [sort map { "/usr/share/autostock/$_" }
    glob('dashboard/* monitoring/* sql/*.sql nginx.conf.example'),
    map { s/^docs\///r } glob 'docs/schemas/*'], 'its files');
is_deeply(files(contents('autostock')), [], 'it has the others only');

for ([module => $module], [worker => $worker], [common => $common]) {
    my ($name, $files) = @$_;
    is_deeply([grep { $files->{$_} !~ $root } sort keys %$files], [],
        "$name: the rest is root's, everybody may read it");
}

my ($rpm) = glob "$dir/RPMS/*/autostock-worker-*.rpm";
is(join(' ', lines("rpm -qpc $rpm 2>/dev/null")), '/etc/autostock/worker.env',
    'an upgrade keeps the settings');
like(`rpm -qp --scripts $rpm 2>/dev/null`,
    qr/preinstall .*sysusers.*postinstall .*preset autostock-worker\.service/s,
    'user and unit are made known');

SKIP: {
    skip 'no rpmlint (stack/install package)', 1
        if system 'command -v rpmlint >/dev/null';
    # signature, packager: a builder's.  Group: Fedora has none.  The licence's
    # name is SPDX's.  Manual pages: compressed by Fedora's macros.
    my $not_ours = qr/(?:no-signature | no-packager-tag | no-group-tag
        | invalid-license | manpage-not-compressed | unstripped-binary\S*
        | requires-on-release | incoherent-version-in-changelog ) /x;
    # of a package of dependencies; of the settings, which may hold secrets
    my $meant = qr/^autostock\.\S+ [ ] [EW]: [ ] (?:no-binary|no-documentation)
        | (?:non-standard-gid|non-readable) [ ] \/etc\/autostock\/worker\.env
        | no-manual-page-for-binary [ ] autostock-worker$/x;
    is_deeply([grep { /^\S+: [EW]: / && !/: $not_ours/ && !/$meant/ }
        lines("rpmlint $dir/RPMS/*/*.rpm 2>&1")], [],
        'rpmlint has nothing to say of the packages');
}

done_testing();
