-- autostock: what the module's user and the worker's user may do, no more.
--
--     mariadb shop < sql/grants.sql          (or: mysql shop < ...)
--
-- To be run by an administrator, in the shop's database, after schema.sql.
-- Runs unchanged on MariaDB 10.11+ and MySQL 8.0.16+ and may be run again.
-- The two users must be there; for nginx and worker on the database's host:
--
--     CREATE USER autostock@localhost        IDENTIFIED BY '...';
--     CREATE USER autostock_worker@localhost IDENTIFIED BY '...';
--
-- For other hosts put them in the place of "localhost", for instance
--
--     sed 's/@localhost/@"10.0.0.%"/' sql/grants.sql | mariadb shop
--
-- Each GRANT names a table without its database: it means the current one.
-- Nobody here may read or write another table, alter or drop one, or grant,
-- and none may delete a row, but the worker keys (those past their time); what
-- an operator's commands need is grants-operator.sql.
-- Nothing global is needed: both may end their own sessions (KILL), read the
-- server's flush settings and set their session's isolation, time-outs and
-- time zone without any privilege.

SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

-- The module (nginx) -------------------------------------------------------

-- a look-up shows the product; a sale and a receipt change its stock alone,
-- and lock its row (FOR UPDATE)
GRANT SELECT, UPDATE (stock) ON product TO autostock@localhost;

-- a sale and a receipt add to the ledger, which nobody here can change
-- afterwards; replays and transactions in doubt are looked up in it
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key,
            fingerprint, order_id)
    ON stock_movement TO autostock@localhost;
GRANT SELECT, INSERT ON stock_movement_key TO autostock@localhost;

-- a sale opens the order; a receipt fulfils it and ends the worker's lease, or
-- fails it, with the reason, where its goods cannot be booked
GRANT SELECT,
    INSERT (order_id, product_id, quantity),
    UPDATE (state, received, fulfilled_at, failed_at, last_error,
            lease_until, lease_owner)
    ON restock_order TO autostock@localhost;

-- The worker ---------------------------------------------------------------

-- which product an order is for.  UPDATE is for its lock alone: MySQL lets
-- only who may UPDATE lock a row, and whoever opens an order locks the
-- product's row first.  "autostock-worker run" changes no stock.
GRANT SELECT, UPDATE (reorder_point) ON product
    TO autostock_worker@localhost;

-- to whom an order goes: identifier, and API where it has one of its own
GRANT SELECT ON factory TO autostock_worker@localhost;

-- the outbox and the life of an order
GRANT SELECT, INSERT, UPDATE ON restock_order TO autostock_worker@localhost;

-- opening movements where the trigger is missing; keys past their retention
-- are forgotten.  Quantities cannot be changed.
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key),
    UPDATE (idempotency_key, fingerprint)
    ON stock_movement TO autostock_worker@localhost;
GRANT SELECT, INSERT, DELETE ON stock_movement_key
    TO autostock_worker@localhost;
