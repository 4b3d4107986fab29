-- autostock: a product inserted by plain SQL gets its opening movement.
--
--     mariadb shop < sql/trigger.sql
--
-- Under a binary log this needs SUPER or log_bin_trust_function_creators
-- (error 1419 on managed servers).  Where neither is to be had, leave it
-- out: the worker's watchdog writes the opening movements instead.

-- The opening says that the stock is the sum of the movements, also of a
-- product that is inserted again under its id (DELETE and INSERT, REPLACE,
-- TRUNCATE and reload): its ledger and its opening are still there.
--
--   closing   when the product is deleted, its opening is lowered by its stock,
--             so that its movements make 0, and gets a fingerprint as the mark
--   look      what a new opening must be, or what is to be added to the one
--             that is there; the ledger is summed only where there is an
--             opening without the mark (after TRUNCATE, which fires no
--             trigger).  SELECT INTO, because it locks nothing.
--   key       the opening's key
--   movement  the opening; nothing where there is no key
--
-- One statement each, so that none needs a DELIMITER.  In this order a product
-- inserted before the last is there gets none or half an opening, and the
-- watchdog writes the rest.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

DROP TRIGGER IF EXISTS product_closing;
DROP TRIGGER IF EXISTS product_opening_look;
DROP TRIGGER IF EXISTS product_opening_key;
DROP TRIGGER IF EXISTS product_opening_movement;

CREATE TRIGGER product_opening_movement AFTER INSERT ON product FOR EACH ROW
INSERT INTO stock_movement
    (movement_id, product_id, kind, quantity, idempotency_key)
SELECT k.movement_id, NEW.product_id, 'opening', @autostock_opening,
    NEW.product_id
FROM stock_movement_key k WHERE k.idempotency_key = NEW.product_id
    AND @autostock_opening IS NOT NULL
ON DUPLICATE KEY UPDATE
    stock_movement.quantity = stock_movement.quantity
        + IF(stock_movement.fingerprint IS NULL, @autostock_opening,
             NEW.stock),
    stock_movement.fingerprint = NULL;

CREATE TRIGGER product_opening_key AFTER INSERT ON product FOR EACH ROW
PRECEDES product_opening_movement
INSERT INTO stock_movement_key (idempotency_key, movement_id, product_id)
VALUES (NEW.product_id, UNHEX(CONCAT(
        LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'),
        '7', SUBSTR(SHA2(CONCAT(UUID(), RAND(), HEX(NEW.product_id)), 256),
                    1, 3),
        '8', SUBSTR(SHA2(CONCAT(RAND(), UUID(), HEX(NEW.product_id)), 256),
                    1, 15))),
    NEW.product_id)
ON DUPLICATE KEY UPDATE product_id = NEW.product_id;

CREATE TRIGGER product_opening_look AFTER INSERT ON product FOR EACH ROW
PRECEDES product_opening_key
SELECT NEW.stock - IF(
    (SELECT COUNT(*) FROM stock_movement_key k
     WHERE k.idempotency_key = NEW.product_id) = 0
    OR (SELECT COUNT(*) FROM stock_movement_key k
        JOIN stock_movement m ON m.movement_id = k.movement_id
        WHERE k.idempotency_key = NEW.product_id
            AND m.fingerprint IS NOT NULL) > 0,
    0,
    (SELECT COALESCE(SUM(m.quantity), 0) FROM stock_movement m
     WHERE m.product_id = NEW.product_id))
INTO @autostock_opening;

CREATE TRIGGER product_closing AFTER DELETE ON product FOR EACH ROW
UPDATE stock_movement_key k
JOIN stock_movement m ON m.movement_id = k.movement_id
SET m.quantity = m.quantity - OLD.stock, m.fingerprint = X'0000000000000000'
WHERE k.idempotency_key = OLD.product_id AND m.kind = 'opening';
