-- autostock: triggers that write the opening movement of a product that is
-- inserted with plain SQL, and set its held pieces.
--
--     mariadb shop < sql/trigger.sql
--
-- With a binary log, CREATE TRIGGER requires SUPER or
-- log_bin_trust_function_creators (error 1419 on managed servers).  If neither
-- is available, omit this file: the worker's watchdog writes the opening
-- movements instead.

-- After the opening, the stock is the sum of the product's movements.  This
-- also holds for a product that is inserted again under the same id (DELETE and
-- INSERT, REPLACE, TRUNCATE and reload), whose ledger and opening exist.
--
--   closing   runs when the product is deleted: lowers its opening by its
--             stock, so that its movements add up to 0, and sets the opening's
--             fingerprint as a mark
--   look      computes the quantity of a new opening, or the addition to an
--             existing one.  It sums the ledger only if the opening exists
--             without the mark (after TRUNCATE, which fires no trigger).
--             It uses SELECT INTO, which locks nothing.
--   key       writes the opening's key
--   movement  writes the opening, unless there is no key
--   held_look computes the pieces in the open holds of the product: those of an
--             existing row (REPLACE, ON DUPLICATE KEY UPDATE); 0 without an
--             opening, since the product is new; otherwise the sum of all open
--             holds
--   held      sets this number and ignores that of the INSERT
--
-- Each trigger is one statement, so that no DELIMITER is needed.  A product
-- that is inserted while this script runs receives no opening, or part of one;
-- the watchdog writes the rest.  If an open transaction has read product, the
-- script waits for it, and all sales wait behind the script.  After 3 seconds
-- the script fails with error 1205; it can be run again.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1, lock_wait_timeout = 3
    /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

DROP TRIGGER IF EXISTS product_closing;
DROP TRIGGER IF EXISTS product_opening_look;
DROP TRIGGER IF EXISTS product_opening_key;
DROP TRIGGER IF EXISTS product_opening_movement;
DROP TRIGGER IF EXISTS product_held_look;
DROP TRIGGER IF EXISTS product_held;

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

CREATE TRIGGER product_held BEFORE INSERT ON product FOR EACH ROW
SET NEW.held = @autostock_held;

CREATE TRIGGER product_held_look BEFORE INSERT ON product FOR EACH ROW
PRECEDES product_held
SELECT COALESCE(
    (SELECT p.held FROM product p WHERE p.product_id = NEW.product_id),
    IF((SELECT COUNT(*) FROM stock_movement_key k
        WHERE k.idempotency_key = NEW.product_id) = 0,
        0,
        (SELECT COALESCE(SUM(l.quantity), 0)
         FROM stock_hold h JOIN stock_hold_line l ON l.hold_id = h.hold_id
         WHERE h.state = 'held' AND l.product_id = NEW.product_id)))
INTO @autostock_held;
