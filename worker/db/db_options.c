/*
 * The options of a connection to the shop's database and its session.  They do
 * not depend on the server's defaults.
 */

#include "db/db_parts.h"


void
as_db_options(const as_settings_t *settings, MYSQL *mysql)
{
    my_bool               on = 1, off = 0;
    unsigned              connect_s, query_s, local = 0, protocol;

    connect_s = (unsigned) ((settings->db_connect_timeout + 999) / 1000);
    query_s = (unsigned) ((settings->db_query_timeout + 999) / 1000);
    protocol = settings->db_socket != NULL ? MYSQL_PROTOCOL_SOCKET
                                           : MYSQL_PROTOCOL_TCP;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &query_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &query_s);
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");

    /* the server may have ignored the character set of the handshake
     * (skip-character-set-client-handshake, init_connect) */
    mysql_options(mysql, MYSQL_INIT_COMMAND, "SET NAMES utf8mb4");

    /* times are UTC; statements do not wait longer than the client; all else
     * that the server's defaults could change is set */
    mysql_options(mysql, MYSQL_INIT_COMMAND,
                  "SET SESSION time_zone = '+00:00', autocommit = 1,"
                  " completion_type = 0, sql_big_selects = 1,"
                  " sql_select_limit = 18446744073709551615,"
                  " sql_safe_updates = 0, foreign_key_checks = 1,"
                  " unique_checks = 1, innodb_lock_wait_timeout = 5,"
                  " lock_wait_timeout = 5,"
                  " sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
                  " /*M!100201 , check_constraint_checks = 1,"
                  " max_statement_time = 0 */");
    mysql_options(mysql, MYSQL_INIT_COMMAND,
                  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED,"
                  " READ WRITE");

    if (settings->db_tls == AS_ON) {
        mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
        if (settings->db_tls_ca != NULL) {
            mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->db_tls_ca);
        }
    }
}
