-- autostock: the rights of the operator's user, for the commands that change
-- stock and ledger:
--
--     autostock-worker stock add|set
--     autostock-worker orders receive
--     autostock-worker sales return
--     autostock-worker ledger rollup
--     autostock-worker reconcile --adjust
--
-- It is a separate user, so that the worker's service cannot do this: it can
-- return no sale, delete no movement, and change no quantity.  It may raise a
-- stock, as the expiry of a hold does; the commands refuse it nevertheless.  An
-- operator has its password (DB_USERNAME, DB_PASSWORD_FILE in a separate env
-- file).  The other "orders" commands, "holds", and "reconcile" without
-- --adjust, need only the rights of the worker's user (grants.sql).
--
--     CREATE USER autostock_operator@localhost IDENTIFIED BY '...';
--     mariadb shop < sql/grants-operator.sql  (or: mysql shop < ...)

SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

-- stock add and set, and orders receive, lock the row, write the movement,
-- then the stock.  stock and reconcile --adjust also test the right to change a
-- movement's quantity, which the worker's user does not have: it must not adjust
--
-- the pieces of a released hold leave held; reconcile --adjust corrects it
GRANT SELECT, UPDATE (stock, held) ON product TO autostock_operator@localhost;

-- holds release; the roll-up deletes what is settled with its movements
GRANT SELECT, UPDATE (state, settled_at, settled_id), DELETE
    ON stock_hold TO autostock_operator@localhost;
GRANT SELECT, DELETE ON stock_hold_line TO autostock_operator@localhost;

-- sales return; the roll-up deletes returns with their sale's movement
GRANT SELECT, INSERT, DELETE ON stock_return TO autostock_operator@localhost;

-- adjustments; the roll-up deletes old movements and adds their sum to their
-- product's opening, whose time becomes the roll-up's; it writes openings that
-- are missing without the trigger; all with their keys.  It also removes expired
-- keys, which a sale of before 0.2.0 has in the ledger, too
GRANT SELECT,
    INSERT (movement_id, product_id, kind, quantity, idempotency_key,
            order_id, sales),
    UPDATE (quantity, created_at, idempotency_key, fingerprint),
    DELETE
    ON stock_movement TO autostock_operator@localhost;
GRANT SELECT, INSERT, DELETE ON stock_movement_key
    TO autostock_operator@localhost;

-- what was sold, a row per sale, and less returns: views, which read the tables
-- above with the rights of the user that asks
GRANT SELECT ON stock_sale TO autostock_operator@localhost;
GRANT SELECT ON stock_sale_net TO autostock_operator@localhost;

-- orders list, show, cancel, retry; reconcile compares them with the ledger;
-- a change of the stock to the reorder point opens the order
GRANT SELECT, INSERT (order_id, product_id, quantity), UPDATE ON restock_order TO autostock_operator@localhost;
GRANT SELECT, INSERT ON restock_order_trace TO autostock_operator@localhost;
GRANT SELECT ON factory TO autostock_operator@localhost;
