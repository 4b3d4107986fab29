package Autostock::Browser;

# A headless Chromium, driven over a pipe by the Chrome DevTools Protocol
# (--remote-debugging-pipe: JSON messages, each with a NUL behind it; Chromium
# reads descriptor 3 and writes descriptor 4).

use v5.10.1;
use strict;
use warnings;

use Carp qw( croak );
use Fcntl ();
use File::Path ();
use File::Temp ();
use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Time::HiRes ();

my $Json = JSON::PP->new->utf8->canonical->allow_nonref;


sub program {
    for my $name (qw( chromium chromium-headless-shell )) {
        for my $dir (split /:/, $ENV{PATH}) {
            return "$dir/$name" if -x "$dir/$name";
        }
    }
    return;
}


# It resolves no host name and connects only to 127.0.0.1.
sub new {
    my ($class) = @_;

    my $self = bless {
        id => 0, buffer => '', requests => [], problems => [], owner => $$,
        home => File::Temp::tempdir('as-browser-XXXXXX',
            DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp'),
    }, $class;

    pipe my $to_read, my $to_write or die "pipe: $!";
    pipe my $from_read, my $from_write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        # first to descriptors other than 3 and 4
        my $in  = fcntl $to_read, Fcntl::F_DUPFD, 10;
        my $out = fcntl $from_write, Fcntl::F_DUPFD, 10;
        POSIX::dup2($in, 3);
        POSIX::dup2($out, 4);
        open STDOUT, '>', "$self->{home}/log";
        open STDERR, '>&', \*STDOUT;
        setpgrp;
        $ENV{HOME} = $self->{home};
        # the sandbox needs user namespaces, which a container may not have,
        # and refuses root; the only page is our own
        exec program(), qw( --headless --no-sandbox --remote-debugging-pipe
            --disable-gpu --disable-dev-shm-usage --no-first-run
            --disable-background-networking --disable-component-update
            --disable-extensions --disable-sync --hide-scrollbars
            --no-proxy-server --force-color-profile=srgb ),
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
            "--user-data-dir=$self->{home}/profile", 'about:blank'
            or POSIX::_exit(127);
    }
    close $to_read;
    close $from_write;
    @$self{qw( pid in out )} = ($pid, $to_write, $from_read);
    $to_write->autoflush(1);

    my $target = $self->send('Target.createTarget', url => 'about:blank');
    $self->{session} = $self->send('Target.attachToTarget',
        targetId => $target->{targetId}, flatten => JSON::PP::true)
        ->{sessionId};
    $self->send("$_.enable") for qw( Page Runtime Network Log );
    $self->language('en-US');
    # what the policy forbids
    $self->send('Page.addScriptToEvaluateOnNewDocument', source =>
        'window.violations = []; addEventListener("securitypolicyviolation",'
        . ' (e) => window.violations.push(e.violatedDirective + " "'
        . ' + e.blockedURI), true)');

    return $self;
}


# Chromium's processes that still run and may write into its folder: its process
# group, and the crash handler, which leaves the group.
sub processes {
    my ($self) = @_;
    return grep { of_group($_, $self->{pid})
        || content("/proc/$_/cmdline") =~ /\Q$self->{home}\E/ }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
}


# Zombies do not count.
sub of_group {
    my ($pid, $group) = @_;
    my ($state, $of) = content("/proc/$pid/stat") =~ /.*\) (\S) \d+ (\d+)/s
        or return;
    return $of == $group && $state !~ /[ZX]/;
}


# Of a file that may be gone.
sub content {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return <$in> // '';
}


# Ends the processes, then removes the folder.  Both are done here since Perl
# destroys objects in no defined order when the test ends.
sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;

    local ($?, $!, $@);
    if ($self->{pid}) {
        my $end = time + 10;
        while (my @left = $self->processes) {
            kill KILL => @left;
            last if time > $end;
            Time::HiRes::sleep(0.02);
        }
        waitpid $self->{pid}, 0;
    }
    File::Path::remove_tree($self->{home});
}


# A command; its result.
sub send {
    my ($self, $method, %params) = @_;

    my $id = ++$self->{id};
    print {$self->{in}} $Json->encode({ id => $id, method => $method,
        params => \%params, $self->{session}
        ? (sessionId => $self->{session}) : () }), "\0";

    my $end = time + 20;
    while (time < $end) {
        my $message = $self->receive(1) or next;
        next unless ($message->{id} // 0) == $id;
        croak "$method: $message->{error}{message}" if $message->{error};
        return $message->{result};
    }
    croak "Chromium does not answer $method";
}


# The next message within the timeout, in seconds; events are recorded.
sub receive {
    my ($self, $seconds) = @_;

    while ($self->{buffer} !~ /\0/) {
        vec(my $set = '', fileno $self->{out}, 1) = 1;
        return unless select $set, undef, undef, $seconds;
        sysread $self->{out}, $self->{buffer}, 1 << 20,
            length $self->{buffer} or croak 'Chromium has ended: '
            . $self->log;
    }
    $self->{buffer} =~ s/\A([^\0]*)\0//;
    my $message = $Json->decode($1);
    $self->note($message->{method}, $message->{params}) if $message->{method};
    return $message;
}


sub log {
    my ($self) = @_;
    open my $in, '<', "$self->{home}/log" or return '';
    local $/;
    return substr <$in> // '', -2000;
}


sub note {
    my ($self, $event, $params) = @_;

    if ($event eq 'Network.requestWillBeSent') {
        push @{$self->{requests}}, $params->{request}{url};
    } elsif ($event eq 'Runtime.exceptionThrown') {
        push @{$self->{problems}}, $params->{exceptionDetails}{exception}
            {description} // $params->{exceptionDetails}{text};
    } elsif ($event eq 'Log.entryAdded') {
        push @{$self->{problems}}, $params->{entry}{text}
            if $params->{entry}{source} ne 'network';
    }
}


# Sets Accept-Language.
sub language {
    my ($self, $language) = @_;
    $self->send('Emulation.setUserAgentOverride', userAgent => 'autostock',
        acceptLanguage => $language);
}


sub open_page {
    my ($self, $url) = @_;
    $self->send('Page.navigate', url => $url);
    $self->wait('document.readyState === "complete" && location.href !=='
        . ' "about:blank"');
}


# The value of an expression, which may be a promise.
sub js {
    my ($self, $expression) = @_;
    my $answer = $self->send('Runtime.evaluate', expression => $expression,
        returnByValue => JSON::PP::true, awaitPromise => JSON::PP::true);
    croak "$expression: " . ($answer->{exceptionDetails}{exception}
        {description} // 'failed') if $answer->{exceptionDetails};
    return $answer->{result}{value};
}


# Waits until the expression is true; returns its last value.
sub wait {
    my ($self, $expression, $seconds) = @_;
    my $end = Time::HiRes::time() + ($seconds // 10);
    while (1) {
        my $value = $self->js($expression);
        return $value if $value || Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.05);
    }
}


# The text of the first element, each run of white space as one blank.
sub text {
    my ($self, $selector) = @_;
    my $name = $Json->encode($selector);
    utf8::decode($name);
    return $self->js("document.querySelector($name)?.innerText"
        . '.replace(/\s+/g, " ").trim() ?? null');
}


# Presses a key: Tab, Enter, a character.
sub key {
    my ($self, $key, $modifiers) = @_;
    my %code = (Tab => 9, Enter => 13);
    my @what = (key => $key, code => $key, modifiers => $modifiers // 0,
        windowsVirtualKeyCode => $code{$key} // ord uc $key);
    $self->send('Input.dispatchKeyEvent', type => 'keyDown', @what,
        $key eq 'Enter' ? (text => "\r") : ());
    $self->send('Input.dispatchKeyEvent', type => 'keyUp', @what);
}

sub type { $_[0]->send('Input.insertText', text => $_[1]) }


sub size {
    my ($self, $width, $height) = @_;
    $self->send('Emulation.setDeviceMetricsOverride', width => $width,
        height => $height, deviceScaleFactor => 1,
        mobile => $width < 600 ? JSON::PP::true : JSON::PP::false);
}


# The preferred colour scheme of the system: "dark" or "light".
sub scheme {
    my ($self, $scheme) = @_;
    $self->send('Emulation.setEmulatedMedia', features => [
        { name => 'prefers-color-scheme', value => $scheme }]);
}


# The whole page as a PNG.
sub shot {
    my ($self, $file) = @_;
    my $shot = $self->send('Page.captureScreenshot', format => 'png',
        captureBeyondViewport => JSON::PP::true);
    open my $out, '>:raw', $file or croak "$file: $!";
    print $out MIME::Base64::decode_base64($shot->{data});
    close $out or croak "$file: $!";
}


# The URLs that were requested; the distinct errors and warnings of the page.
sub requests { @{$_[0]{requests}} }

sub problems {
    my ($self) = @_;
    my %seen;
    return grep { !$seen{$_}++ } @{$self->{problems}},
        @{$self->js('window.violations') // []};
}


1;
