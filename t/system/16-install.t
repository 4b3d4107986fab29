#!/usr/bin/perl

# "make install" and the packages on a machine without autostock: into an empty
# folder, by a user with the umask 077.

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
    /etc/autostock/worker.env
    /usr/lib/nginx/modules/ngx_http_autostock_module.so
    /usr/local/lib/systemd/system/autostock-worker.service
    /usr/local/lib/sysusers.d/autostock-worker.conf
    /usr/local/sbin/autostock-worker
    /usr/local/share/bash-completion/completions/autostock-worker
    /usr/local/share/autostock/dashboard/app.css
    /usr/local/share/autostock/dashboard/app.js
    /usr/local/share/autostock/dashboard/index.html
    /usr/local/share/autostock/monitoring/autostock.rules.yml
    /usr/local/share/autostock/monitoring/grafana-dashboard.json
    /usr/local/share/autostock/nginx.conf.example
    /usr/local/share/autostock/schemas/orders-list.json
    /usr/local/share/autostock/sql/schema.sql
    /usr/local/share/man/man8/autostock-worker.8
    /usr/local/share/man/man8/ngx_http_autostock_module.8
);

subtest 'into an empty folder' => sub {
    run("umask 077; make install DESTDIR=$dir/local");
    my $mode = modes("$dir/local");
    ok($mode->{$_}, $_) for @files;
    is(delete $mode->{'/etc/autostock/worker.env'}, '640',
        'the settings are not readable by all users');
    is_deeply([grep { $mode->{$_} !~ /^(?:644|755)$/ } sort keys %$mode], [],
        'all users may read the other files')
        or diag join "\n", map { "$mode->{$_} $_" } sort keys %$mode;
    is($mode->{'/usr/local/sbin/autostock-worker'}, '755', 'the program runs');

    my $unit = `cat $dir/local/usr/local/lib/systemd/system/*.service`;
    like($unit, qr{^ExecStart=/usr/local/sbin/autostock-worker run}m,
        'the unit starts what was installed');

    run("echo '# mine' > $dir/local/etc/autostock/worker.env");
    run("make install DESTDIR=$dir/local");
    is(`cat $dir/local/etc/autostock/worker.env`, "# mine\n",
        'settings that are there stay');
};

# What bash would offer for the last word.
sub completions {
    my (@words) = @_;
    my $script = '. contrib/autostock-worker.bash-completion;'
        . ' COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
        . ' _autostock_worker "$0" "${COMP_WORDS[COMP_CWORD]}"'
        . ' "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[*]}"';
    open my $pipe, '-|', 'bash', '-c', $script, "$build/autostock-worker",
        'autostock-worker', @words or die "bash: $!";
    return (<$pipe> // '') =~ s/\n//r;
}

subtest 'completion for bash' => sub {
    like(completions(''), qr/^run provision .*\bversion$/, 'the commands');
    is(completions('orde'), 'orders', 'begun');
    is(completions('dlq', ''), 'list show redrive drop', 'their parts');
    is(completions('--env-file', '/x', 'dlq', 'l'), 'list', 'after an option');
    is(completions('orders', 'list', '--old'), '--older-than', 'options');
    is(completions('stock', ''), 'list add set', 'parts with arguments');
    is(completions('top', '--color', ''), 'auto never always', 'a value');
    is(completions('top', '--on'), '--once', 'of top');
    is(completions('stock', 'list', '--lo'), '--low', 'their options');
    is(completions('holds', 'list', '--no-p'), '--no-pager', 'of lists');
    is(completions('holds', 'list', '--state', 'd'), 'due', 'words of a list');
    is(completions('orders', 'list', '--state', 'f'), 'fulfilled failed',
        'the values of an option');
    is(completions('doctor', '--output', ''), 'text json', 'of another');
    is(completions('version', ''), '', 'nothing more');
    like(completions('--env-file', 'contrib/w'), qr/^contrib\/worker\.env$/,
        'files');
};

subtest 'systemd-analyze verify reports nothing' => sub {
    plan skip_all => 'no systemd-analyze'
        if system 'command -v systemd-analyze >/dev/null';
    # the program is not installed at the path in the unit
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
    is(`dpkg-parsechangelog -l packaging/debian/changelog -S Version`,
        "$version-1\n", 'the packages');
    like(`cat packaging/rpm/autostock.spec`, qr/^Version: +\Q$version\E$/m,
        'the RPM packages');
    is(`grep -rlF '"$version"' common src worker Makefile config *.c`,
        "common/as_version.h\n", 'and no other file of the program');
    like(`touch common/as_version.h; make -n worker`, qr/command_version/,
        'the worker is built again when it changes');
    run('make -j2 all');
};

my %packages = (
    'libnginx-mod-http-autostock' => [
        'usr/lib/nginx/modules/ngx_http_autostock_module.so',
        'usr/share/man/man8/ngx_http_autostock_module.8.gz',
        'usr/share/nginx/modules-available/mod-http-autostock.conf',
    ],
    'autostock-worker' => [qw(
        etc/autostock/worker.env
        usr/lib/systemd/system/autostock-worker.service
        usr/lib/sysusers.d/autostock-worker.conf
        usr/sbin/autostock-worker
        usr/share/bash-completion/completions/autostock-worker
        usr/share/man/man8/autostock-worker.8.gz
    )],
    'autostock-common' => [
        (map { "usr/share/autostock/$_" } sort glob('dashboard/*'),
            glob('monitoring/*'), 'nginx.conf.example', glob('sql/*.sql'),
            map { s/^docs\///r } glob('docs/schemas/*')),
    ],
    autostock => [],
);

subtest 'the packages' => sub {
    plan skip_all => 'no dh_nginx' if system 'command -v dh_nginx >/dev/null';

    my ($version) = `cat common/as_version.h` =~ /"(.+)"/;
    # as a benchmark leaves files in the work tree
    my $ignored = tempdir('ignored.XXXX', CLEANUP => 1, DIR => 'bench');
    run("echo '*' > $ignored/.gitignore; touch $ignored/x.a");
    run("umask 077; MAKEFLAGS=BUILD=x stack/package $dir/package $version");
    my $source = `tar -tf $dir/package/autostock_$version.orig.tar.gz`;
    like($source, qr{/stack/package$}m, 'the source package has the files');
    like($source, qr{/bench/run$}m, 'also one beside what is ignored');
    unlike($source, qr{/\Q$ignored\E}, 'but none that git ignores')
        if -e '.git';
    for my $name (sort keys %packages) {
        my ($deb) = glob "$dir/package/${name}_$version-1_*.deb";
        ok($deb, $name) or next;
        my $list = `dpkg-deb -c $deb`;
        is_deeply([grep { !/^(?:-rw-r--r--|[-d]rwxr-xr-x) root\/root /
            && !/^-rw-r----- .* \.\/etc\/autostock\/worker\.env$/ }
            split /\n/, $list], [], 'owned by root, readable by all users');
        my @files = grep { m{^(?!usr/share/(?:doc|lintian)/).*[^/]$} }
            $list =~ m{ \./(\S+)$}mg;
        is_deeply([sort @files], $packages{$name}, 'its files');
        run("mkdir -p $dir/control && dpkg-deb -e $deb $dir/control/$name");
        run("sh -n $_") for glob "$dir/control/$name/p*";
    }

    my $depends = `cat $dir/control/libnginx-mod-http-autostock/control`;
    like($depends, qr/^Depends: nginx-abi-[\d.]+-\d+, .*\blibmariadb3/m,
        'the module depends on the nginx it was built for, and its libraries');
    is(`cat $dir/control/autostock-worker/conffiles`,
        "/etc/autostock/worker.env\n", 'the settings are a conffile');
    like(`cat $dir/control/autostock-worker/postinst`,
        qr/deb-systemd-helper enable/, 'the unit is enabled');
};

subtest 'lintian reports no error and no warning' => sub {
    plan skip_all => 'no lintian (stack/install package)'
        if system 'command -v lintian >/dev/null';
    my ($changes) = glob "$dir/package/*.changes";
    run("lintian --allow-root --fail-on error,warning $changes");
};

subtest 'rpmlint reports nothing of the RPM packages' => sub {
    plan skip_all => 'no rpmlint (stack/install package)'
        if system 'command -v rpmlint >/dev/null';
    like(run('rpmlint -r packaging/rpm/autostock.rpmlintrc'
        . ' packaging/rpm/autostock.spec'), qr/ 0 errors, 0 warnings/,
        'no error, no warning');
};

done_testing();
