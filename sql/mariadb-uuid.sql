-- autostock: MySQL's UUID_TO_BIN and BIN_TO_UUID (with one argument) for
-- MariaDB, so that the shop's own scripts run unchanged.  MySQL contains these
-- functions: do not run this file there.  With a binary log it requires SUPER
-- or log_bin_trust_function_creators.
--
--     mariadb shop < sql/mariadb-uuid.sql

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

CREATE OR REPLACE FUNCTION UUID_TO_BIN(uuid CHAR(36))
RETURNS BINARY(16) DETERMINISTIC NO SQL SQL SECURITY INVOKER
RETURN UNHEX(REPLACE(uuid, '-', ''));

CREATE OR REPLACE FUNCTION BIN_TO_UUID(b BINARY(16))
RETURNS CHAR(36) CHARACTER SET ascii DETERMINISTIC NO SQL SQL SECURITY INVOKER
RETURN LOWER(CONCAT_WS('-', SUBSTR(HEX(b), 1, 8), SUBSTR(HEX(b), 9, 4),
    SUBSTR(HEX(b), 13, 4), SUBSTR(HEX(b), 17, 4), SUBSTR(HEX(b), 21)));
