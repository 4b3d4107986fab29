-- autostock: a product inserted by plain SQL gets its opening movement.
--
--     mariadb shop < sql/trigger.sql
--
-- Under a binary log this needs SUPER or log_bin_trust_function_creators
-- (error 1419 on managed servers).  Where neither is to be had, leave it
-- out: the worker's watchdog writes the opening movements instead.

-- Two, so that neither needs a DELIMITER: the opening's key, then the opening,
-- which writes nothing where there is no key.  In this order of statements a
-- product inserted in between gets neither, and the watchdog writes both.

DROP TRIGGER IF EXISTS product_opening_key;
DROP TRIGGER IF EXISTS product_opening_movement;

CREATE TRIGGER product_opening_movement AFTER INSERT ON product FOR EACH ROW
INSERT INTO stock_movement
    (movement_id, product_id, kind, quantity, idempotency_key)
SELECT k.movement_id, NEW.product_id, 'opening', NEW.stock, NEW.product_id
FROM stock_movement_key k WHERE k.idempotency_key = NEW.product_id;

CREATE TRIGGER product_opening_key AFTER INSERT ON product FOR EACH ROW
PRECEDES product_opening_movement
INSERT INTO stock_movement_key (idempotency_key, movement_id, product_id)
VALUES (NEW.product_id, UNHEX(CONCAT(
        LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'),
        '7', SUBSTR(SHA2(CONCAT(UUID(), RAND(), HEX(NEW.product_id)), 256),
                    1, 3),
        '8', SUBSTR(SHA2(CONCAT(RAND(), UUID(), HEX(NEW.product_id)), 256),
                    1, 15))),
    NEW.product_id);
