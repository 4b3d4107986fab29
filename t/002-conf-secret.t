# Passwords and callback secrets: files that are missing, empty, too open, too
# long, too short.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
no_long_string();
run_tests();

__DATA__

=== TEST 1: a password in a file
--- db
password_file DIR/password;



=== TEST 2: a file of the greatest length
--- db
password_file DIR/longest;



=== TEST 3: a missing file
--- db
password_file DIR/missing;
--- refused
cannot read the secret file "DIR/missing": it must exist and be readable by the user that starts nginx



=== TEST 4: an empty file
--- db
password_file DIR/empty;
--- refused
the secret file "DIR/empty" is empty, it must contain the secret on one line



=== TEST 5: a file of line ends
--- db
password_file DIR/newline;
--- refused
the secret file "DIR/newline" is empty



=== TEST 6: a folder
--- db
password_file DIR/folder;
--- refused
the secret file "DIR/folder" is not a regular file



=== TEST 7: a device
--- db
password_file /dev/zero;
--- refused
the secret file "/dev/zero" is not a regular file



=== TEST 8: too long a file
--- db
password_file DIR/long;
--- refused
the secret file "DIR/long" is longer than 4096 bytes



=== TEST 9: a NUL byte
--- db
password_file DIR/nul;
--- refused
the secret file "DIR/nul" has a NUL byte, it must contain text



=== TEST 10: a file that all users may read
--- db
password_file DIR/open;
--- warned
the secret file "DIR/open" is world-readable, use "chmod 600"



=== TEST 11: password and file
--- db
password secret;
password_file DIR/password;
--- refused
"password_file" in autostock_database "shop" cannot be used with "password", remove one of them



=== TEST 12: file and password
--- db
password_file DIR/password;
password secret;
--- refused
"password" in autostock_database "shop" cannot be used with "password_file", remove one of them



=== TEST 13: two passwords, and neither is shown
--- db
password hunter2;
password hunter2;
--- refused
"password" in autostock_database "shop" is duplicate
--- no_error_log
hunter2



=== TEST 14: two files
--- db
password_file DIR/password;
password_file DIR/password;
--- refused
"password_file" in autostock_database "shop" is duplicate



=== TEST 15: an empty name
--- db
password_file "";
--- refused
"password_file" in autostock_database "shop" must not be empty



=== TEST 16: several callback secrets, in one directive and in two
--- config
autostock_callback_secret_file DIR/least DIR/crlf;
autostock_callback_secret_file DIR/longest;



=== TEST 17: a missing one among them
--- config
autostock_callback_secret_file DIR/least DIR/missing;
--- refused
cannot read the secret file "DIR/missing"



=== TEST 18: too short a secret
--- config
autostock_callback_secret_file DIR/short;
--- refused
the secret in "DIR/short" is shorter than 16 bytes, use "openssl rand -hex 32"



=== TEST 19: an empty name among the files
--- config
autostock_callback_secret_file DIR/least "";
--- refused
"autostock_callback_secret_file" directive must name files, one name is empty



=== TEST 20: no name
--- config
autostock_callback_secret_file;
--- refused
invalid number of arguments in "autostock_callback_secret_file" directive



=== TEST 21: one file twice
--- config
autostock_callback_secret_file DIR/least;
autostock_callback_secret_file DIR/least;
--- refused
the secret in "DIR/least" occurs twice, name each secret once



=== TEST 22: a callback secret that all users may read
--- config
autostock_callback_secret_file DIR/open;
--- warned
the secret file "DIR/open" is world-readable



=== TEST 23: a callback secret with a byte order mark
--- config
autostock_callback_secret_file DIR/bom;
--- warned
the secret file "DIR/bom" begins with a byte order mark



=== TEST 24: a callback secret of two lines
--- config
autostock_callback_secret_file DIR/two;
--- warned
the secret file "DIR/two" has more than one line



=== TEST 25: a password with a byte order mark
--- db
password_file DIR/bom;
--- warned
the secret file "DIR/bom" begins with a byte order mark



=== TEST 26: a password of two lines
--- db
password_file DIR/two;
--- warned
the secret file "DIR/two" has more than one line
