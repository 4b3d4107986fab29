-- autostock: the rights of the operator's user, for the commands that change
-- stock and ledger:
--
--     autostock-worker stock add|set
--     autostock-worker orders receive
--     autostock-worker sales return
--     autostock-worker ledger rollup
--     autostock-worker reconcile --adjust
--
-- It is a separate user, so that the worker's service cannot return a sale,
-- delete a movement or change a quantity.  The worker's user may write a stock,
-- for expired holds; the commands above refuse that user nevertheless.  An
-- operator has the password of this user (DB_USERNAME, DB_PASSWORD_FILE in a
-- separate env file).  The other "orders" commands, "holds", and "reconcile"
-- without --adjust need only the rights of the worker's user (grants.sql).
--
--     CREATE USER autostock_operator@localhost IDENTIFIED BY '...';
--     mariadb shop < sql/grants-operator.sql  (or: mysql shop < ...)

SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

-- stock add and set, and orders receive, lock the row, write the movement, then
-- the stock.  stock and reconcile --adjust also test the right to change a
-- movement's quantity, which the worker's user does not have, so that it cannot
-- adjust
--
-- a release takes the pieces of the hold out of held; reconcile --adjust
-- corrects held
GRANT SELECT, UPDATE (stock, held) ON product TO autostock_operator@localhost;

-- holds release; the roll-up deletes settled holds with their movements
GRANT SELECT, UPDATE (state, settled_at, settled_id), DELETE
    ON stock_hold TO autostock_operator@localhost;
GRANT SELECT, DELETE ON stock_hold_line TO autostock_operator@localhost;

-- sales return; the roll-up deletes returns with their sale's movement
GRANT SELECT, INSERT, DELETE ON stock_return TO autostock_operator@localhost;

-- adjustments.  The roll-up deletes old movements, adds their sum to their
-- product's opening, and sets the opening's time to its own date; it writes
-- openings that are missing without the trigger; all with their keys.  It also
-- removes expired keys; a sale from before 0.2.0 has its key in the ledger too
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key,
            order_id, sales),
    UPDATE (quantity, created_at, idempotency_key, fingerprint),
    DELETE
    ON stock_movement TO autostock_operator@localhost;
GRANT SELECT, INSERT, DELETE ON stock_movement_key
    TO autostock_operator@localhost;

-- the sales, one row each, without and with their returns subtracted: views,
-- which read the tables above with the rights of the current user
GRANT SELECT ON stock_sale TO autostock_operator@localhost;
GRANT SELECT ON stock_sale_net TO autostock_operator@localhost;

-- orders list, show, cancel, retry; reconcile compares orders with the ledger;
-- a command that brings the stock to the reorder point opens an order
GRANT SELECT, INSERT (order_id, product_id, quantity), UPDATE ON restock_order TO autostock_operator@localhost;
GRANT SELECT, INSERT ON restock_order_trace TO autostock_operator@localhost;
GRANT SELECT ON factory TO autostock_operator@localhost;
