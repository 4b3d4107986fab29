# The server's durability settings, and the directive "durability".

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;

our $Server = Autostock::Server->new;
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER sell\@'127.0.0.1' IDENTIFIED BY 'sellpw';\n"
    . "GRANT ALL ON shop.* TO sell\@'127.0.0.1';\n");

sub flush_at {
    $Db->run("SET GLOBAL innodb_flush_log_at_trx_commit = $_[0]");
}

sub block {
    my (%over) = @_;
    my %line = (server => '127.0.0.1:' . $Server->port, user => 'sell',
        password => 'sellpw', database => 'shop', %over);
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

add_block_preprocessor(sub {
    $Db->reset;
    $Db->run('SET GLOBAL innodb_flush_log_at_trx_commit = 1;'
        . "\nSET GLOBAL read_only = 0");
});

run_tests();

__DATA__

=== TEST 1: a durable server sells, in every setting
--- database eval
main::block(durability => 'require')
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 2: not durable, warn: sells, and says so in the log
--- post_setup_server_root
main::flush_at(2);
--- database eval
main::block(durability => 'warn')
--- request
POST /checkout
{}
--- response_body_like
"stock":2
--- error_log
innodb_flush_log_at_trx_commit
--- no_error_log
[alert]
[crit]
[emerg]



=== TEST 3: warn is the default
--- post_setup_server_root
main::flush_at(0);
--- database eval
main::block()
--- request
POST /checkout
{}
--- response_body_like
"stock":2
--- error_log
innodb_flush_log_at_trx_commit
--- no_error_log
[alert]
[crit]
[emerg]



=== TEST 4: not durable, off: sells, and says nothing
--- post_setup_server_root
main::flush_at(2);
--- database eval
main::block(durability => 'off')
--- log_level: warn
--- request
POST /checkout
{}
--- response_body_like
"stock":2
--- no_error_log
innodb_flush_log_at_trx_commit
[error]
[alert]
[crit]
[emerg]



=== TEST 5: not durable, require: does not sell, looks up, and comes back
--- post_setup_server_root
main::flush_at(2);
--- database eval
main::block(durability => 'require')
--- shop
autostock_timeout 1s;
--- errors
--- drive
my $answer = http(POST => '/checkout', '{}');
is($answer->{code}, 503, 'refused');
problem_is($answer->{body}, 503, 'problem');
like(error_log(), qr/innodb_flush_log_at_trx_commit/, 'told');
flush_at(1);
ok(wait_for(sub { http(POST => '/checkout', '{}')->{code} == 200 }, 15),
    'sells again when it is durable, without an action on nginx');



=== TEST 6: a server that became read-only is not sold on
--- database eval
main::block(durability => 'warn')
--- shop
autostock_timeout 1s;
--- errors
--- drive
my @answers;
my $code = sub {
    push @answers, http(POST => '/checkout', '{}');
    return $answers[-1]{code};
};
is($code->(), 200, 'sold');
$::Db->run('SET GLOBAL read_only = 1');
is($code->(), 503, 'refused');
$::Db->run('SET GLOBAL read_only = 0');
ok(wait_for(sub { $code->() == 200 }, 15), 'back');

# a deadline may pass during an attempt: then only the ledger shows the result
my $sold = grep {
    $_->{code} == 200 || $_->{json}{type} =~ /unknown/ && $::Db->value(
        "SELECT COUNT(*) FROM stock_sale WHERE sale_id"
        . " = UNHEX(REPLACE('$_->{json}{sale_id}', '-', ''))")
} @answers;
is($::Db->value('SELECT stock FROM product'), 3 - $sold, 'stock');



=== TEST 7: max_connections reached: told, and back by itself
--- database eval
main::block(connect_timeout => '500ms')
--- shop
autostock_timeout 1s;
--- post_setup_server_root
$main::Db->run('SET GLOBAL max_connections = 10');
@main::Held = map { eval { $main::Db->session } } 1 .. 20;
--- errors
--- drive
is(http(POST => '/checkout', '{}')->{code}, 503, 'refused');
@main::Held = ();
$::Db->run('SET GLOBAL max_connections = 100');
ok(wait_for(sub { http(POST => '/checkout', '{}')->{code} == 200 }, 15), 'back');



=== TEST 8: a table that is not InnoDB: told, and with require not sold from
--- post_setup_server_root
$main::Db->run("ALTER TABLE product DROP FOREIGN KEY fk_product_factory_id,
    DROP FOREIGN KEY fk_product_ad_id");
$main::Db->run('ALTER TABLE product ENGINE=MyISAM');
--- database eval
main::block(durability => 'require')
--- shop
autostock_timeout 1s;
--- errors
--- drive
is(http(GET => '/product/donut')->{code}, 200, 'looks up');
is(http(POST => '/checkout', '{}')->{code}, 503, 'refused');
like(error_log(), qr/\[warn\].*[ ]table[ ]product[ ]is[ ]MyISAM,[ ]not[ ]InnoDB:
    .*,[ ]nothing[ ]is[ ]sold[ ]from[ ]it/x, 'told');
$::Db->run('ALTER TABLE product ENGINE=InnoDB');
ok(wait_for(sub { http(POST => '/checkout', '{}')->{code} == 200 }, 15), 'back');



=== TEST 9: the same, and warn: told at the start
--- post_setup_server_root
$main::Db->run('ALTER TABLE stock_movement ENGINE=Aria');
--- database eval
main::block(durability => 'warn')
--- drive
ok(wait_for(sub { error_log()
    =~ /table stock_movement is Aria, not InnoDB: .* transactions; ALTER/ }), 'told');
is(http(POST => '/checkout', '{}')->{code}, 200, 'sells');
$::Db->run('ALTER TABLE stock_movement ENGINE=InnoDB');
