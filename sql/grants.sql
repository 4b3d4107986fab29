-- autostock: the rights of the module's user and of the worker's user.
--
--     mariadb shop < sql/grants.sql          (or: mysql shop < ...)
--
-- Run it as an administrator, in the shop's database, after schema.sql.  It
-- runs on MariaDB 10.11+ and MySQL 8.0.16+, and may be run again.
-- The two users must exist; if nginx and worker are on the database's host:
--
--     CREATE USER autostock@localhost        IDENTIFIED BY '...';
--     CREATE USER autostock_worker@localhost IDENTIFIED BY '...';
--
-- For other hosts replace "localhost", for example
--
--     sed 's/@localhost/@"10.0.0.%"/' sql/grants.sql | mariadb shop
--
-- Each GRANT names a table of the current database.
-- Neither user may read or write another table, alter or drop one, or grant.
-- Neither may delete a row, except that the worker deletes expired keys.
-- grants-operator.sql contains the rights for an operator's commands.
-- No global right is needed: every user may end its own sessions (KILL), read
-- the server's flush settings, and set its session's isolation, time-outs and
-- time zone.

SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

-- The module (nginx) -------------------------------------------------------

-- a look-up reads the product; a sale and a receipt change only its stock; a
-- hold, its confirmation and its release also change its held pieces; they lock
-- its row (FOR UPDATE)
GRANT SELECT, UPDATE (stock, held) ON product TO autostock@localhost;

-- sales and receipts add rows to the ledger and cannot change them afterwards;
-- replays and transactions in doubt are looked up there
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key,
            fingerprint, order_id, sales, sale_list)
    ON stock_movement TO autostock@localhost;
GRANT SELECT, INSERT ON stock_movement_key TO autostock@localhost;

-- a hold is written once; a confirmation and a release change its state
GRANT SELECT, INSERT, UPDATE (state, settled_at, settled_id)
    ON stock_hold TO autostock@localhost;
GRANT SELECT, INSERT ON stock_hold_line TO autostock@localhost;

-- returns are added, and cannot be changed afterwards
GRANT SELECT, INSERT ON stock_return TO autostock@localhost;

-- a sale opens the order; a receipt fulfils it and ends the worker's lease, or
-- fails it, with the reason, if its goods cannot be booked
GRANT SELECT,
    INSERT (order_id, product_id, quantity),
    UPDATE (state, received, fulfilled_at, failed_at, last_error,
            lease_until, lease_owner)
    ON restock_order TO autostock@localhost;
GRANT SELECT, INSERT ON restock_order_trace TO autostock@localhost;

-- Not here, since it fails without the procedure: EXECUTE on autostock_sell,
-- which is optional (procedure.sql)

-- The worker ---------------------------------------------------------------

-- the product of an order, whose row every client that opens an order locks
-- first (FOR UPDATE); the worker puts the pieces of expired holds back into its
-- stock, and changes no stock otherwise
GRANT SELECT, UPDATE (stock, held) ON product TO autostock_worker@localhost;

-- expired holds: their state, and their movements (below)
GRANT SELECT, UPDATE (state, settled_at, settled_id)
    ON stock_hold TO autostock_worker@localhost;
GRANT SELECT ON stock_hold_line TO autostock_worker@localhost;

-- "sales show" shows the returns of a sale
GRANT SELECT ON stock_return TO autostock_worker@localhost;

-- the factory of an order: its identifier, and its API if it has one
GRANT SELECT ON factory TO autostock_worker@localhost;

-- the outbox and the life of an order
GRANT SELECT, INSERT, UPDATE ON restock_order TO autostock_worker@localhost;
GRANT SELECT, INSERT ON restock_order_trace TO autostock_worker@localhost;

-- the movements of expired holds; opening movements if the trigger is missing;
-- the removal of expired keys.  Quantities cannot be changed.
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key, sales),
    UPDATE (idempotency_key, fingerprint)
    ON stock_movement TO autostock_worker@localhost;
GRANT SELECT, INSERT, DELETE ON stock_movement_key
    TO autostock_worker@localhost;

-- the sales, one row each, without and with their returns subtracted: views,
-- which read the tables above with the rights of the current user
GRANT SELECT ON stock_sale TO autostock_worker@localhost;
GRANT SELECT ON stock_sale_net TO autostock_worker@localhost;
