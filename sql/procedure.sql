-- autostock: the procedure autostock_sell, optional.  With it, MariaDB
-- processes a transaction of sales of one product in one statement with one
-- answer, instead of five statements with five answers, which saves processor
-- time if few sales share a transaction (docs/benchmark.md).  The module calls
-- it if its user may execute it, and otherwise sends the statements.  It does
-- not use it on MySQL, whose answer to CALL does not contain the stock.
--
--     mariadb shop < sql/procedure.sql
--     mariadb shop -e \
--         "GRANT EXECUTE ON PROCEDURE autostock_sell TO autostock@localhost"
--
-- Run it as an administrator with CREATE ROUTINE and ALTER ROUTINE; it requires
-- neither SUPER nor log_bin_trust_function_creators.  With a binary log, the
-- statements in the procedure are logged, not the CALL.  It can be run again,
-- also while nginx sells, and keeps the rights that were granted.  DROP
-- PROCEDURE autostock_sell undoes it, and deletes these rights.  The same right
-- lets autostock_worker@localhost see the procedure, for "autostock-worker
-- doctor".  It runs with the rights of its caller, so that the user needs those
-- of grants.sql as well.

-- The comment is the version: the module calls only a version that it knows.
--
--   id       of the transaction, and of its ledger row
--   pieces   of all sales
--   sales    their number
--   list     their numbers and quantities (sale_list in schema.sql)
--   low      0: fails if the stock would fall to the reorder point; 1: fails
--            if the stock does not suffice, or if no restock order is open
--
-- It fails with error 1690, and leaves the transaction open, if the product is
-- missing, its SKU is another one, or low's condition is not met.  An error of
-- COMMIT becomes 1180, unless it is 1205 or 1213: only after 1180 the
-- transaction may have taken effect.  last_insert_id is the new stock, which the
-- answer contains because the module's session tracks this variable.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

DELIMITER //

CREATE OR REPLACE PROCEDURE autostock_sell(
    id BINARY(16), product BINARY(16),
    sku VARCHAR(200) CHARACTER SET utf8mb4, pieces BIGINT, sales INT UNSIGNED,
    list MEDIUMBLOB, low TINYINT)
MODIFIES SQL DATA
SQL SECURITY INVOKER
COMMENT 'autostock 1'
BEGIN
    START TRANSACTION;

    INSERT INTO stock_movement
        (movement_id, product_id, kind, quantity, sales, sale_list)
    VALUES (id, product, 'sale', -pieces, sales, list);

    -- otherwise the number is out of range, in any SQL mode
    UPDATE product p SET p.stock = LAST_INSERT_ID(p.stock
        - IF(p.sku = sku COLLATE utf8mb4_bin
             AND p.stock > IF(low, pieces - 1, p.reorder_point + pieces),
             pieces, ~0 + p.stock + 1))
    WHERE p.product_id = product;

    IF ROW_COUNT() <> 1 THEN
        SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1690;
    END IF;

    -- its own statement, so that the table is opened only if it is needed
    IF low THEN
        IF NOT EXISTS (SELECT 1 FROM restock_order o
                       WHERE o.open_product_id = product)
        THEN
            SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1690;
        END IF;
    END IF;

    SET last_insert_id = LAST_INSERT_ID();

    BEGIN
        DECLARE EXIT HANDLER FOR SQLEXCEPTION
            RESIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1180;
        -- a conflict or a lock wait: certainly rolled back
        DECLARE EXIT HANDLER FOR 1205, 1213
            RESIGNAL;
        COMMIT;
    END;
END//

DELIMITER ;
