package Autostock::Db;

# The database of one test file: made from sql/*.sql under a name of its own,
# so that files run in parallel, and dropped at the end.  Everything is bytes
# (UTF-8), as in the test files.

use v5.10.1;
use strict;
use warnings;

use Carp qw( croak );
use DBI ();

use Autostock::Ledger;


# env: AUTOSTOCK_TEST_DB_SOCKET or _PORT (127.0.0.1), _USER, _PASSWORD, _NAME
# (a prefix).
sub from_env {
    my ($class, $suffix) = @_;

    my $env = sub { $ENV{"AUTOSTOCK_TEST_DB_$_[0]"} };

    return $class->new(
        socket   => $env->('SOCKET'),
        port     => $env->('PORT'),
        user     => $env->('USER') // 'root',
        password => $env->('PASSWORD') // '',
        name     => ($env->('NAME') // 'autostock_t') . "_$suffix",
    );
}


sub new {
    my ($class, %self) = @_;

    croak "neither socket nor port of a database (AUTOSTOCK_TEST_DB_SOCKET)"
        unless $self{socket} || $self{port};

    $self{owner} = $$;

    return bless \%self, $class;
}


sub connect {
    my ($self, %attr) = @_;

    my $where = $self->{socket}
        ? "mariadb_socket=$self->{socket}"
        : "host=127.0.0.1;port=$self->{port}";

    return DBI->connect("DBI:MariaDB:$where", $self->{user},
        $self->{password}, {
            RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1,
            AutoCommit => 1, %attr,
        });
}


# A new session in the database, for example to hold locks.
sub session {
    my ($self) = @_;

    my $dbh = $self->connect;
    $dbh->do("USE `$self->{name}`");
    return bless { dbh => $dbh }, 'Autostock::Db::Session';
}


sub main {
    my ($self) = @_;

    undef $self->{session}
        if $self->{session} && !$self->{session}{dbh}->ping;

    return $self->{session} //= $self->session;
}


sub create {
    my ($self) = @_;

    my $dbh = $self->connect;
    $dbh->do("DROP DATABASE IF EXISTS `$self->{name}`");
    $dbh->do("CREATE DATABASE `$self->{name}` CHARACTER SET utf8mb4");
    $self->{created} = 1;

    # MySQL has these functions
    my $mariadb = $self->rows('SELECT VERSION()')->[0][0] =~ /MariaDB/;

    for my $file (qw( schema trigger ), $mariadb ? 'mariadb-uuid' : (),
        'sample')
    {
        $self->run(slurp("sql/$file.sql"));
    }

    $self->procedure if $mariadb && $ENV{AUTOSTOCK_PROCEDURE};
}


# Creates the optional procedure, by which sales of one product are one CALL;
# edit may change its text in $_.
sub procedure {
    my ($self, $edit) = @_;

    # the body has ";", so that the client's DELIMITER is another one
    my ($settings, $create) = slurp('sql/procedure.sql')
        =~ m{(.*)^DELIMITER //$(.*?)^END//$}ms or die 'sql/procedure.sql';

    $self->run($settings);
    local $_ = $create;
    $edit->() if $edit;
    $self->main->{dbh}->do($_ . 'END');
}


# Restores the sample shop: one product, a stock of 3, no orders.
sub reset {
    my ($self) = @_;

    $self->run('DELETE FROM stock_movement; DELETE FROM stock_movement_key;'
        . ' DELETE FROM stock_hold; DELETE FROM stock_hold_line;'
        . ' DELETE FROM stock_return;'
        . ' DELETE FROM restock_order_trace;'
        . ' DELETE FROM restock_order; DELETE FROM product;');
    $self->run(slurp("sql/sample.sql"));
}


sub drop {
    my ($self) = @_;

    return unless $self->{created} && $self->{owner} == $$;

    undef $self->{session};
    eval { $self->connect->do("DROP DATABASE IF EXISTS `$self->{name}`") };
}


sub run   { my $self = shift; return $self->main->run(@_) }
sub rows  { my $self = shift; return $self->main->rows(@_) }
sub table { my $self = shift; return $self->main->table(@_) }
sub value { my $self = shift; return $self->main->value(@_) }


# Checks the invariants; returns a text for each that is violated.
sub findings {
    my ($self) = @_;

    my @findings;

    # a consistent snapshot: sales and goods may be booked meanwhile
    $self->run('START TRANSACTION WITH CONSISTENT SNAPSHOT');

    push @findings, "stock is not the sum of the movements: $_" for
        split /\n/, $self->table(<<'_EOC_');
SELECT p.sku, p.stock, COALESCE(SUM(m.quantity), 0) AS total
FROM product p LEFT JOIN stock_movement m ON m.product_id = p.product_id
GROUP BY p.product_id HAVING p.stock <> total
_EOC_

    push @findings, "goods booked otherwise than the order says: $_" for
        split /\n/, $self->table(<<'_EOC_');
SELECT HEX(o.order_id), o.state, o.received, COUNT(m.movement_id) AS n,
       COALESCE(SUM(m.quantity), 0) AS booked
FROM restock_order o LEFT JOIN stock_movement m ON m.order_id = o.order_id
GROUP BY o.order_id
HAVING booked <> o.received OR n > 1 OR (o.state = 'fulfilled') <> (n = 1)
_EOC_

    push @findings, "a sale that takes nothing or gives: $_" for
        split /\n/, $self->table(<<'_EOC_');
SELECT HEX(movement_id), kind, quantity FROM stock_movement
WHERE (kind = 'sale' AND (quantity > 0 OR (quantity = 0) <> (sales = 0)))
   OR (kind = 'restock' AND (quantity < 0 OR order_id IS NULL))
_EOC_

    push @findings, Autostock::Ledger::findings(Autostock::Ledger::books(
        map { @{ $self->rows($_) } } Autostock::Ledger::queries()));

    my @view = split /\n/, $self->table(<<'_EOC_');
SELECT LOWER(HEX(sale_id)), LOWER(HEX(transaction_id)),
       LOWER(HEX(product_id)), quantity
FROM stock_sale
_EOC_
    my @sales = map { join ' ', @$_{qw( sale_id transaction_id product_id
        quantity )} } grep { defined $_->{sale_id} } $self->sales;
    push @findings, 'the view stock_sale has other sales than the ledger'
        if join("\n", sort @view) ne join("\n", sort @sales);

    $self->run('COMMIT');

    return @findings;
}


# Every sale of the ledger (Autostock::Ledger), also those that were holds.
sub sales {
    my ($self) = @_;

    my $rows = $self->rows(Autostock::Ledger::ROWS);
    my %state = map { ($_->[0] => $_->[1]) }
        @{ $self->rows(Autostock::Ledger::HOLDS) };

    return Autostock::Ledger::sales($rows),
        grep { ($state{ $_->{sale_id} // '' } // '') eq 'confirmed' }
        Autostock::Ledger::sales($rows, 'hold');
}


sub slurp {
    my ($path) = @_;

    open my $in, '<', $path or croak "cannot open $path: $!";
    local $/;
    return scalar <$in>;
}


package Autostock::Db::Session;

use strict;
use warnings;


# Statements separated by ";" at the end of a line.
sub run {
    my ($self, $text) = @_;

    $text =~ s/^\s*--.*\n//mg;

    for my $sql (split /;[ \t]*(?:\n|\z)|;(?= (?:DELETE|INSERT|UPDATE)\b)/,
        $text)
    {
        next unless $sql =~ /\S/;
        utf8::decode($sql);
        $self->{dbh}->do($sql);
    }
}


# Rows as arrays of bytes; NULL is the text "NULL".
sub rows {
    my ($self, $sql) = @_;

    utf8::decode($sql);
    my $rows = $self->{dbh}->selectall_arrayref($sql);

    for my $row (@$rows) {
        for my $value (@$row) {
            $value = 'NULL' unless defined $value;
            utf8::encode($value) if utf8::is_utf8($value);
        }
    }

    return $rows;
}


# Rows as lines, columns separated by one blank.
sub table {
    my ($self, $sql) = @_;

    return join '', map { join(' ', @$_) . "\n" } @{ $self->rows($sql) };
}


sub value {
    my ($self, $sql) = @_;

    return $self->rows($sql)->[0][0];
}


sub id {
    my ($self) = @_;

    return $self->value('SELECT CONNECTION_ID()');
}


1;
