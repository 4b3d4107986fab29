package Autostock::Stack;

# A private local stack (stack/stack in its own folder): its parts, the records
# of what they did, and faults in them.  All strings are bytes (UTF-8).

use v5.10.1;
use strict;
use warnings;

use Carp qw( croak );
use Digest::SHA ();
use Exporter qw( import );
use File::Temp ();
use HTTP::Tiny ();
use JSON::PP ();
use Test::More ();
use Time::HiRes ();

use Autostock::Http;
use Autostock::Ledger;

our @EXPORT = (qw( stack_up stack_down stack env sql wait_for freeze order orders
    fault factory_faults_clear emulator_fault emulator_faults_clear
    emulator_calls
    aws_sqs queue_depth letters journal asked books_agree log_of
    sign status_of checkout stock set_stock ), @Autostock::Http::EXPORT);

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw( output failure_output todo_output );

my $Http = HTTP::Tiny->new(timeout => 10);
my ($Dir, $Pid, %Env);

# Short waits for the worker, so that the tests are quick; what is tested does
# not depend on their length.
our @Worker = qw( AUTOSTOCK_VISIBILITY=4s AUTOSTOCK_BACKOFF_MIN=200ms
    AUTOSTOCK_BACKOFF_MAX=1s AUTOSTOCK_BREAKER_MIN=200ms
    AUTOSTOCK_BREAKER_MAX=1s AUTOSTOCK_CALLBACK_TIMEOUT=20s
    AUTOSTOCK_WATCHDOG_INTERVAL=500ms AUTOSTOCK_FAILURE_PAUSE_MIN=1s
    AUTOSTOCK_FAILURE_PAUSE_MAX=2s );


# Runs stack/stack; its output, in list context with the exit code.
sub stack {
    my (@command) = @_;

    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec 'stack/stack', @command or die "stack/stack: $!";
    }
    my $output = do { local $/; <$pipe> } // '';
    close $pipe;
    my $code = $? >> 8;

    return ($output, $code) if wantarray;
    croak "stack/stack @command:\n$output" if $code;
    return $output;
}


# Starts all parts but those of "without"; returns when they run.  A step of the
# factory's production takes step_ms, by default 100.
sub stack_up {
    my (%option) = @_;

    my %without = map { $_ => 1 } @{ $option{without} // [] };
    my $base = $ENV{AUTOSTOCK_TEST_WORK} // '/tmp';

    $Dir = File::Temp::tempdir('as-XXXXXX', DIR => $base);
    $Pid = $$;
    $ENV{AUTOSTOCK_STACK_DIR} = $Dir;
    $ENV{AUTOSTOCK_STACK_STEP_MS} = $option{step_ms} // 100;

    for my $part (qw( db emulator factory nginx worker )) {
        next if $without{$part};
        stack('worker', 'provision', '--yes') if $part eq 'worker';
        stack('start', $part, $part eq 'worker' ? start_options() : ());
    }

    return env();
}


sub start_options { return (@Worker, @_) }


# The current output of "stack/stack env", as a hash.
sub env {
    %Env = ();
    for my $line (split /\n/, stack('env')) {
        my ($name, $value) = $line =~ /^(\w+)='(.*)'$/ or next;
        $value =~ s/'\\''/'/g;
        $Env{$name} = $value;
    }
    ($Autostock::Http::Port) = $Env{AUTOSTOCK_URL} =~ /:(\d+)$/;
    return \%Env;
}


sub stack_down {
    return unless $Dir && $Pid == $$;
    stack('down', '--wipe');
    $Dir = undef;
}

END {
    if ($Dir && $Pid == $$) {
        my $status = $?;
        if ($status) {
            print STDERR map { "# $_\n" } map { split /\n/ } grep { length }
                map { my $log = log_of($_); substr $log, -3000 }
                qw( nginx worker );
        }
        stack_down();
        $? = $status;
    }
}


# --- waiting and observing

sub wait_for {
    my ($code, $seconds) = @_;

    my $end = Time::HiRes::time() + ($seconds // 10);
    while (1) {
        my $result = $code->();
        return $result if $result || Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.03);
    }
}


# Sends SIGSTOP and waits until every thread has stopped: the kernel stops one
# after the other.
sub freeze {
    my ($pid) = @_;
    kill STOP => $pid or croak "SIGSTOP $pid: $!";
    wait_for(sub { !grep { thread_state($_) ne 'T' } glob "/proc/$pid/task/*" })
        or croak "process $pid runs on after SIGSTOP";
}


sub thread_state {
    my ($task) = @_;
    open my $in, '<', "$task/stat" or return 'T';
    return <$in> =~ /\) (\S)/s ? $1 : '';
}


sub sql {
    my ($statement) = @_;
    return [map { [split /\t/, $_, -1] } split /\n/,
        stack('sql', $statement)];
}


# Orders, the oldest first, as hashes.
sub orders {
    my @names = qw( id state quantity received attempts error );
    my $rows = sql("SELECT BIN_TO_UUID(order_id), state, quantity, received,
        attempts, COALESCE(last_error, '') FROM restock_order
        ORDER BY pending_at, order_id");
    return map { my %row; @row{@names} = @$_; \%row } @$rows;
}


# The newest order.
sub order {
    my @orders = orders();
    return $orders[-1] // { state => 'none', error => '' };
}


sub log_of {
    my ($part) = @_;
    open my $in, '<', "$Dir/log/$part.log" or return '';
    local $/;
    return <$in> // '';
}


# The events of the factory's journal, the oldest first.
sub journal {
    my ($event) = @_;
    open my $in, '<', $Env{FACTORY_JOURNAL} or return;
    return grep { !$event || $_->{event} eq $event }
        map { JSON::PP::decode_json($_) } <$in>;
}


# How often the factory accepted the order (without an id: any order).
sub asked {
    my ($id) = @_;
    return scalar grep { $_->{id}
        && (!$id || $_->{body}{CallbackUrl} =~ /order=\Q$id\E/) }
        journal('request');
}


# Where stock and ledger differ, an order's goods were booked twice, or a row of
# the ledger is wrong; the empty string when they agree.
sub books_agree {
    # a consistent snapshot: goods may be booked meanwhile
    my $found = sql(join ';', 'START TRANSACTION WITH CONSISTENT SNAPSHOT',
        Autostock::Ledger::queries(), 'COMMIT');

    return join "\n", (map { join ' ', @$_ } @{ sql("
        SELECT 'stock', p.sku, p.stock, COALESCE(SUM(m.quantity), 0)
        FROM product p LEFT JOIN stock_movement m
            ON m.product_id = p.product_id
        GROUP BY p.product_id, p.sku, p.stock
        HAVING p.stock <> COALESCE(SUM(m.quantity), 0)
        UNION ALL
        SELECT 'booked twice', BIN_TO_UUID(order_id), COUNT(*), 0
        FROM stock_movement WHERE kind = 'restock'
        GROUP BY order_id HAVING COUNT(*) > 1") }),
        Autostock::Ledger::findings(Autostock::Ledger::books(@$found));
}


# --- the shop

sub checkout {
    my ($quantity, %headers) = @_;
    return http(POST => '/checkout', defined $quantity
        ? qq({"quantity":$quantity}) : undef, %headers);
}

sub stock {
    return http(GET => '/product/donut')->{json}{stock};
}

# Sets the stock with a movement in the ledger.
# Locks the row: a callback may book goods meanwhile.
sub set_stock {
    my ($stock) = @_;
    sql("START TRANSACTION;
        SELECT stock INTO \@was FROM product WHERE sku = 'CP-502101' FOR UPDATE;
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
        SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', $stock - stock
        FROM product WHERE sku = 'CP-502101';
        UPDATE product SET stock = $stock WHERE sku = 'CP-502101';
        COMMIT");
}

sub sign {
    my ($id) = @_;
    open my $in, '<', $Env{AUTOSTOCK_CALLBACK_SECRET_FILE} or die $!;
    chomp(my $secret = <$in>);
    return "order=$id&signature=" . Digest::SHA::hmac_sha256_hex($id, $secret);
}

sub status_of {
    my ($name) = @_;
    my ($value) = http(GET => '/autostock/status')->{body}
        =~ /^\Q$name\E(?:\{[^}]*\})? (\S+)$/m;
    return $value;
}


# --- faults

sub post_json {
    my ($url, $json, %headers) = @_;
    my $answer = $Http->post($url, { content => JSON::PP::encode_json($json),
        headers => { 'Content-Type' => 'application/json', %headers } });
    croak "$url: $answer->{status} $answer->{content}"
        unless $answer->{success};
    return length $answer->{content} && $answer->{content} =~ /^[{\[]/
        ? JSON::PP::decode_json($answer->{content}) : undef;
}

# fault(fault => 'status', status => 500, times => 0): of the factory
sub fault { return post_json("$Env{FACTORY_CONTROL_URL}/faults", {@_}) }

sub factory_faults_clear {
    $Http->delete("$Env{FACTORY_CONTROL_URL}/faults");
}

# emulator_fault(operation => 'Publish', fault => 'lost')
sub emulator_fault {
    return post_json("$Env{AWS_ENDPOINT_URL}/_control/faults", {@_});
}

sub emulator_faults_clear {
    $Http->delete("$Env{AWS_ENDPOINT_URL}/_control/faults");
}


# How often the emulator got a call of the operation.
sub emulator_calls {
    my ($operation) = @_;
    my $counts = $Http->get("$Env{AWS_ENDPOINT_URL}/_control/counts");
    return JSON::PP::decode_json($counts->{content})->{calls}{$operation} // 0;
}


# --- SQS

sub aws_sqs {
    my ($operation, %body) = @_;
    return post_json("$Env{AWS_ENDPOINT_URL}/", \%body,
        'Content-Type' => 'application/x-amz-json-1.0',
        'X-Amz-Target' => "AmazonSQS.$operation");
}

# The number of messages in the queue, including those in flight.
sub queue_depth {
    my ($url) = @_;
    my $attributes = aws_sqs(GetQueueAttributes => QueueUrl => $url,
        AttributeNames => ['All'])->{Attributes};
    return $attributes->{ApproximateNumberOfMessages}
        + $attributes->{ApproximateNumberOfMessagesNotVisible};
}

# Receives and deletes the messages of the dead-letter queue; returns them.
sub letters {
    my @letters;
    while (1) {
        my $got = aws_sqs(ReceiveMessage => QueueUrl => $Env{DLQ_URL},
            MaxNumberOfMessages => 10, WaitTimeSeconds => 0,
            MessageAttributeNames => ['All'], AttributeNames => ['All']);
        my @messages = @{ $got->{Messages} // [] } or last;
        for my $message (@messages) {
            aws_sqs(DeleteMessage => QueueUrl => $Env{DLQ_URL},
                ReceiptHandle => $message->{ReceiptHandle});
            push @letters, $message;
        }
    }
    return @letters;
}


1;
