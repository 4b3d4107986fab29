-- autostock: the schema, for a new database and for the shop's own.
--
--     mariadb shop < sql/schema.sql
--
-- Runs unchanged on MariaDB 10.11+ and MySQL 8.0.16+ (older versions of MySQL
-- ignore CHECK), and may be run again: it keeps what exists, adds what is
-- missing, and writes an opening movement for each product without one.
-- MariaDB lacks UUID_TO_BIN and BIN_TO_UUID; sql/mariadb-uuid.sql adds them.

-- The session settings that the statements below need, for every default of the
-- server.  lock_wait_timeout: an ALTER waits for each open transaction that has
-- read the table, and all sales wait behind it.  After 3 seconds the script
-- fails with error 1205; it can be run again.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, completion_type = 0, foreign_key_checks = 1,
    unique_checks = 1, sql_safe_updates = 0, sql_big_selects = 1,
    sql_select_limit = 18446744073709551615, lock_wait_timeout = 3
    /*M!100201 , check_constraint_checks = 1, max_statement_time = 0 */
    /*M!100307 , alter_algorithm = DEFAULT */;

-- The statements below do not lock the rows that they read, so that sales
-- continue.  With a binary log, this requires the row format: if the format is
-- STATEMENT, the session's is changed, which requires SUPER, BINLOG ADMIN
-- (MariaDB) or SESSION_VARIABLES_ADMIN (MySQL); see docs/upgrading.md.

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
SET @autostock_ddl = IF(@@log_bin AND @@binlog_format = 'STATEMENT',
    'SET SESSION binlog_format = ROW', 'DO 0');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

CREATE TABLE IF NOT EXISTS factory (
    factory_id     BINARY(16)   NOT NULL,
    identifier     VARCHAR(200) NOT NULL,
    name           VARCHAR(200) NOT NULL,
    manager_email  VARCHAR(200) NOT NULL,
    API            VARCHAR(200) NOT NULL,
    PRIMARY KEY (factory_id),
    CONSTRAINT uc_factory_name UNIQUE (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS advertisement (
    ad_id          BINARY(16)   NOT NULL,
    status         BOOLEAN      NOT NULL,
    manager_email  VARCHAR(200) NOT NULL,
    PRIMARY KEY (ad_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- sku: the collation of this column determines which spellings name the same
-- product.  utf8mb4_bin compares code points: case, accents and emoji
-- distinguish products, trailing spaces do not (both servers pad).  Other
-- collations treat more as equal: utf8mb4_general_ci all emoji.  An existing
-- table keeps its own collation (docs/directives.md, sku_match).

CREATE TABLE IF NOT EXISTS product (
    product_id     BINARY(16)   NOT NULL,
    sku            VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
                                NOT NULL,
    name           VARCHAR(200) NOT NULL,
    price          INT          NOT NULL,
    stock          INT          NOT NULL,
    factory_id     BINARY(16)   NOT NULL,
    ad_id          BINARY(16)   NOT NULL,
    PRIMARY KEY (product_id),
    CONSTRAINT uc_product_sku UNIQUE (sku),
    CONSTRAINT uc_product_name UNIQUE (name),
    CONSTRAINT fk_product_factory_id FOREIGN KEY (factory_id)
        REFERENCES factory (factory_id),
    CONSTRAINT fk_product_ad_id FOREIGN KEY (ad_id)
        REFERENCES advertisement (ad_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The columns and constraints that autostock adds to product.  The two servers
-- have no common IF NOT EXISTS for these, so the script reads
-- information_schema.

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD COLUMN reorder_point INT NOT NULL DEFAULT 0',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'product' AND COLUMN_NAME = 'reorder_point');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD COLUMN reorder_quantity INT NOT NULL DEFAULT 10',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'product' AND COLUMN_NAME = 'reorder_quantity');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD CONSTRAINT product_stock_not_negative CHECK (stock >= 0)',
    'DO 0')
    FROM information_schema.TABLE_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'product'
        AND CONSTRAINT_NAME = 'product_stock_not_negative');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD CONSTRAINT product_reorder_quantity_range CHECK (reorder_quantity BETWEEN 1 AND 1000000)',
    'DO 0')
    FROM information_schema.TABLE_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'product'
        AND CONSTRAINT_NAME = 'product_reorder_quantity_range');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- held          pieces in open holds; they have left stock
-- reorder_held  1: the reorder point is compared with stock + held; 0: with
--               stock alone

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD COLUMN held INT NOT NULL DEFAULT 0',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'product' AND COLUMN_NAME = 'held');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD COLUMN reorder_held BOOLEAN NOT NULL DEFAULT 1',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'product' AND COLUMN_NAME = 'reorder_held');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE product ADD CONSTRAINT product_held_not_negative CHECK (held >= 0)',
    'DO 0')
    FROM information_schema.TABLE_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'product'
        AND CONSTRAINT_NAME = 'product_held_not_negative');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;
DEALLOCATE PREPARE autostock_ddl;

-- The ledger: one row per transaction and product.  Invariant: product.stock =
-- SUM(quantity) of its movements.  So stock + held is what was delivered less
-- what was finally sold.
--
-- movement_id      UUID version 7 (RFC 9562), so that new rows are adjacent in
--                  the index.  For sales it is the transaction's id, and its
--                  last two bytes are zero.  A sale's id (sale_id) is the
--                  transaction's id plus the sale's number in the transaction,
--                  0 to 65535, so that the primary key finds the row of a sale.
-- kind             hold     pieces taken for a time (stock_hold); otherwise like
--                           a 'sale'
--                  confirm  holds that became sales: 0, or the pieces of
--                           expired holds, which are taken again
--                  release  pieces of holds that were released or expired
--                  return   pieces of sales that were put back
-- quantity         added to the stock.  For a 'sale' and a 'hold' the negative
--                  sum of their pieces.
-- idempotency_key  identifies a movement that must occur only once: the
--                  product's id for an opening, the order's id for a restock.
--                  stock_movement_key enforces the uniqueness.
-- fingerprint      in an opening: not NULL if the product was deleted and its
--                  movements add up to 0 (sql/trigger.sql)
-- sales            the number of sales or holds of the product in this row.  0,
--                  with quantity 0: the row only prevents the commit of another
--                  attempt of the transaction.  Without meaning in openings,
--                  restocks and adjustments.
-- sale_list        these sales, 5 bytes each, ascending by number: the number
--                  (2 bytes, big endian) and the pieces (3 bytes, big endian, 1
--                  to 1,000,000).  A number occurs at most once, the length is
--                  5 * sales, and the sum of the pieces is -quantity.
--                  NULL: the numbers 0 to sales - 1, with one piece each; with
--                  sales = 1: the number 0, with -quantity pieces.
--
-- A row from before 0.2.0 is a transaction with one sale: sales = 1, sale_list
-- NULL, and movement_id = sale_id, with any last two bytes.  A sale with a key
-- has idempotency_key and fingerprint here, with the content that
-- stock_movement_key has for newer sales.  sale_id = movement_id + number holds
-- for these rows too.
--
-- There is no foreign key to product: it would lock the stock row before the
-- ledger row is written, and two writers would deadlock.

CREATE TABLE IF NOT EXISTS stock_movement (
    movement_id      BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    kind             ENUM('opening', 'sale', 'restock', 'adjustment', 'hold',
                          'confirm', 'release', 'return') NOT NULL,
    quantity         INT         NOT NULL,
    idempotency_key  BINARY(16)  NULL,
    fingerprint      BINARY(8)   NULL,
    order_id         BINARY(16)  NULL,
    created_at       DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    sales            MEDIUMINT UNSIGNED NOT NULL DEFAULT 1,
    sale_list        MEDIUMBLOB  NULL,
    PRIMARY KEY (movement_id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A ledger from before 0.2.0.  New columns at the end are added without copying
-- rows.  An online rebuild changes the primary key: the rows are already in its
-- order, so that nothing is sorted, and sales continue.  The table is locked
-- for a moment only at the start and at the end (docs/upgrading.md shows the
-- time for a large ledger).

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE stock_movement ADD COLUMN sales MEDIUMINT UNSIGNED NOT NULL DEFAULT 1',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement' AND COLUMN_NAME = 'sales');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE stock_movement ADD COLUMN sale_list MEDIUMBLOB NULL',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement' AND COLUMN_NAME = 'sale_list');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(GROUP_CONCAT(COLUMN_NAME) = 'movement_id',
    'ALTER TABLE stock_movement DROP PRIMARY KEY, ADD PRIMARY KEY (movement_id, product_id), ALGORITHM=INPLACE, LOCK=NONE',
    'DO 0')
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement' AND INDEX_NAME = 'PRIMARY');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- New values at the end of an ENUM do not copy rows either.

SET @autostock_ddl = (SELECT IF(COLUMN_TYPE NOT LIKE '%''return''%',
    'ALTER TABLE stock_movement MODIFY COLUMN kind ENUM(''opening'', ''sale'', ''restock'', ''adjustment'', ''hold'', ''confirm'', ''release'', ''return'') NOT NULL',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement' AND COLUMN_NAME = 'kind');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- Holds.  A hold's id is that of its movements (kind 'hold') plus its number,
-- like a sale's; it ends in 8000 (hexadecimal) plus the number.  A change of
-- the state requires the state that was read, so that a hold is settled once.
-- After its confirmation, the hold is a sale with the same id.
--
-- Invariants: product.held = SUM(quantity) of the lines of holds in state
-- 'held'.  For each product, the sum of its 'release' and 'confirm' movements
-- is the sum of its lines of holds in state 'released' or 'expired': each hold
-- that ended without a sale was put back once.  A deleted product receives none
-- of these movements.  After a roll-up, the invariant holds for the movements
-- since the time of the product's opening, and the holds that they settled.
--
-- expires_at   by the server's clock, UTC.  The worker releases expired holds;
--              until then, the hold can be confirmed.
-- settled_id   the transaction that confirmed, released or expired it

CREATE TABLE IF NOT EXISTS stock_hold (
    hold_id          BINARY(16)  NOT NULL,
    state            ENUM('held', 'confirmed', 'released', 'expired')
                                 NOT NULL DEFAULT 'held',
    expires_at       DATETIME(6) NOT NULL,
    settled_at       DATETIME(6) NULL,
    settled_id       BINARY(16)  NULL,
    PRIMARY KEY (hold_id),
    KEY ix_stock_hold_state (state, expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS stock_hold_line (
    hold_id          BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    quantity         INT         NOT NULL,
    PRIMARY KEY (hold_id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Returns of sales, one row per product.  Invariants: for each sale and
-- product, the returned pieces are not more than the sold ones; the sum of a
-- product's 'return' movements is the sum of its rows with restock 1 (after a
-- roll-up, since the time of the product's opening).
--
-- already      the pieces of this sale and product that were returned before.
--              Since it is a part of the key, only one of two returns that read
--              the same sum can be written; the other one reads again.
-- restock      1: the pieces were added to the stock
-- return_id    the same for all products of a return

CREATE TABLE IF NOT EXISTS stock_return (
    sale_id          BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    already          INT         NOT NULL,
    quantity         INT         NOT NULL,
    restock          BOOLEAN     NOT NULL,
    return_id        BINARY(16)  NOT NULL,
    created_at       DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (sale_id, product_id, already),
    KEY ix_stock_return_return (return_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The unique keys of movements that must occur only once: an opening, a
-- restock, and a sale with an Idempotency-Key.  A row is written and deleted in
-- the transaction that writes or deletes the movement.  A UNIQUE in the ledger
-- itself would also contain an entry for every NULL, which would cost the
-- database a quarter of its time for sales without a key (docs/benchmark.md).
--
-- idempotency_key  the product's id for an opening, the order's id for a
--                  restock; for a sale the first 16 bytes of SHA-256(scope, NUL,
--                  Idempotency-Key)
-- movement_id      the ledger's; for a sale, its sale_id
-- product_id       allows a sharded database to store the row beside its
--                  movement; with the sale_id it finds the ledger's row
-- fingerprint      the first 8 bytes of SHA-256 over the keyed request (sku as
--                  requested, NUL, quantity in decimal); it detects another body
--                  under the same key.  NULL for an opening, a restock, and a
--                  sale from before 0.2.0, which has it in the ledger's row.
-- quantity         the sale's pieces; NULL if fingerprint is NULL

CREATE TABLE IF NOT EXISTS stock_movement_key (
    idempotency_key  BINARY(16)  NOT NULL,
    movement_id      BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    fingerprint      BINARY(8)   NULL,
    quantity         INT         NULL,
    PRIMARY KEY (idempotency_key),
    KEY ix_stock_movement_key_movement (movement_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE stock_movement_key ADD COLUMN fingerprint BINARY(8) NULL',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement_key' AND COLUMN_NAME = 'fingerprint');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE stock_movement_key ADD COLUMN quantity INT NULL',
    'DO 0')
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement_key' AND COLUMN_NAME = 'quantity');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- This index finds the key of a sale, and expired keys.  It costs the database
-- about 1.1 us for each keyed sale (docs/benchmark.md).

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE stock_movement_key ADD KEY ix_stock_movement_key_movement (movement_id), ALGORITHM=INPLACE, LOCK=NONE',
    'DO 0')
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'stock_movement_key'
        AND INDEX_NAME = 'ix_stock_movement_key_movement');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- A ledger from before this table existed has that UNIQUE: its keys are copied.

INSERT INTO stock_movement_key (idempotency_key, movement_id, product_id)
SELECT m.idempotency_key, MIN(m.movement_id), MIN(m.product_id)
FROM stock_movement m
LEFT JOIN stock_movement_key k ON k.idempotency_key = m.idempotency_key
WHERE m.idempotency_key IS NOT NULL AND k.idempotency_key IS NULL
GROUP BY m.idempotency_key;

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0, 'DO 0',
    'ALTER TABLE stock_movement DROP KEY uc_stock_movement_idempotency_key')
    FROM information_schema.TABLE_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'stock_movement'
        AND CONSTRAINT_NAME = 'uc_stock_movement_idempotency_key');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;
DEALLOCATE PREPARE autostock_ddl;

-- Orders to the factory: outbox and life cycle in one row.  All times are UTC.
--
--     pending -> published -> requested -> fulfilled | failed | cancelled
--
-- Invariant: at most one open order (pending, published, requested) per
-- product, by the unique key over a generated column.

CREATE TABLE IF NOT EXISTS restock_order (
    order_id         BINARY(16)   NOT NULL,
    product_id       BINARY(16)   NOT NULL,
    state            ENUM('pending', 'published', 'requested', 'fulfilled',
                          'failed', 'cancelled') NOT NULL DEFAULT 'pending',
    quantity         INT          NOT NULL,
    received         INT          NOT NULL DEFAULT 0,
    attempts         INT          NOT NULL DEFAULT 0,
    next_attempt_at  DATETIME(6)  NULL,
    lease_until      DATETIME(6)  NULL,
    lease_owner      VARCHAR(64)  NULL,
    last_error       VARCHAR(500) NULL,
    sns_message_id   VARCHAR(100) NULL,
    pending_at       DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    published_at     DATETIME(6)  NULL,
    requested_at     DATETIME(6)  NULL,
    fulfilled_at     DATETIME(6)  NULL,
    failed_at        DATETIME(6)  NULL,
    cancelled_at     DATETIME(6)  NULL,
    open_product_id  BINARY(16)   GENERATED ALWAYS AS (
        CASE WHEN state IN ('pending', 'published', 'requested')
             THEN product_id END) VIRTUAL,
    PRIMARY KEY (order_id),
    CONSTRAINT uc_restock_order_open_product UNIQUE (open_product_id),
    KEY ix_restock_order_state (state, next_attempt_at),
    KEY ix_restock_order_product (product_id, pending_at),
    KEY ix_restock_order_pending (pending_at),
    CONSTRAINT restock_order_quantity_range
        CHECK (quantity BETWEEN 1 AND 1000000),
    CONSTRAINT restock_order_received_range
        CHECK (received BETWEEN 0 AND quantity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- "orders list" reads pages by this index.

SET @autostock_ddl = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE restock_order ADD KEY ix_restock_order_pending (pending_at), ALGORITHM=INPLACE, LOCK=NONE',
    'DO 0')
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'restock_order'
        AND INDEX_NAME = 'ix_restock_order_pending');
PREPARE autostock_ddl FROM @autostock_ddl;
EXECUTE autostock_ddl;

-- The trace of an order (W3C Trace Context, version 00): that of the request
-- that opened it, or one that the worker started.  It is not a column of
-- restock_order: MariaDB cannot add a column without copying a table that has
-- an index over a generated column, and sales that open orders would wait for
-- the copy.
--
-- product_id  allows a sharded database to store the row beside its order

CREATE TABLE IF NOT EXISTS restock_order_trace (
    order_id         BINARY(16)   NOT NULL,
    product_id       BINARY(16)   NOT NULL,
    traceparent      VARCHAR(55)  CHARACTER SET ascii COLLATE ascii_bin
                                  NOT NULL,
    PRIMARY KEY (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One opening movement for each product that existed before its ledger.  The
-- key is written first: after that, no other session writes the movement.

START TRANSACTION;

INSERT INTO stock_movement_key (idempotency_key, movement_id, product_id)
SELECT p.product_id, UNHEX(CONCAT(
        LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'),
        '7', SUBSTR(SHA2(CONCAT(UUID(), RAND(), HEX(p.product_id)), 256),
                    1, 3),
        '8', SUBSTR(SHA2(CONCAT(RAND(), UUID(), HEX(p.product_id)), 256),
                    1, 15))),
    p.product_id
FROM product p
WHERE NOT EXISTS (SELECT 1 FROM stock_movement_key k
                  WHERE k.idempotency_key = p.product_id);

INSERT INTO stock_movement
    (movement_id, product_id, kind, quantity, idempotency_key)
SELECT k.movement_id, p.product_id, 'opening',
    p.stock - COALESCE(m.total, 0), p.product_id
FROM product p
JOIN stock_movement_key k ON k.idempotency_key = p.product_id
LEFT JOIN stock_movement o ON o.movement_id = k.movement_id
LEFT JOIN (SELECT product_id, SUM(quantity) AS total FROM stock_movement
           GROUP BY product_id) m ON m.product_id = p.product_id
WHERE o.movement_id IS NULL;

COMMIT;

-- One row per sale and product, including those of old ledger rows.  A ledger
-- row of quantity 0 is not a sale, even if its "sales" is 1, as before 0.2.0.
-- A hold is a sale after its confirmation.  The products of a cart have the
-- same sale_id.
--
--   transaction_id  the ledger row's movement_id
--   quantity        the sold pieces, positive; returns do not change it
--   created_at      for a hold: when it was confirmed
--   idempotency_key NULL: the sale has no key, or the key has expired
--
-- To find the sale S, select the transactions S and S with its last two bytes
-- zero (for a hold, whose fourth last digit is 8 to b: 8000), and among them
-- sale_id = S: transaction_id uses the ledger's primary key.  A condition on
-- sale_id or idempotency_key alone reads the whole ledger.
--
-- The view takes about 5 us of the server's time per sale, mostly for the key,
-- and writes no temporary table.  A row of n sales needs 2 n bytes of
-- max_allowed_packet.
--
-- The view runs with the rights of the user that reads it: SELECT on the view
-- and on the three tables.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW stock_sale AS
SELECT s.sale_id, s.transaction_id, s.product_id, s.quantity,
    COALESCE(h.settled_at, s.created_at) AS created_at, k.idempotency_key
FROM (SELECT CAST(UNHEX(CONCAT(LEFT(HEX(m.movement_id), 28),
            LPAD(HEX(CAST(CONV(RIGHT(HEX(m.movement_id), 4), 16, 10)
                    AS UNSIGNED)
                + IF(m.sale_list IS NULL, n.nth - 1,
                    CAST(CONV(HEX(SUBSTR(m.sale_list, n.nth * 5 - 4, 2)),
                        16, 10) AS UNSIGNED))), 4, '0')))
            AS BINARY(16)) AS sale_id,
        m.movement_id AS transaction_id, m.product_id, m.kind,
        IF(m.sale_list IS NULL, -m.quantity DIV CAST(m.sales AS SIGNED),
            CAST(CONV(HEX(SUBSTR(m.sale_list, n.nth * 5 - 2, 3)), 16, 10)
                AS SIGNED)) AS quantity,
        m.created_at
    FROM stock_movement m
    JOIN JSON_TABLE(CONCAT('[', SUBSTR(REPEAT(',0', m.sales), 2), ']'),
        '$[*]' COLUMNS (nth FOR ORDINALITY)) n
    WHERE m.kind IN ('sale', 'hold') AND m.quantity <> 0) s
LEFT JOIN stock_hold h ON h.hold_id = s.sale_id AND s.kind = 'hold'
LEFT JOIN stock_movement_key k ON k.movement_id = s.sale_id
WHERE s.kind = 'sale' OR h.state = 'confirmed';

-- The same sales, less the returned pieces.  Of several returns of a sale, only
-- the last row is joined: it contains the sum of the previous ones.
--
--   sold      the sold pieces
--   returned  the returned ones of them, whether they were put back or not
--   quantity  sold - returned

CREATE OR REPLACE SQL SECURITY INVOKER VIEW stock_sale_net AS
SELECT s.sale_id, s.transaction_id, s.product_id, s.quantity AS sold,
    COALESCE(r.already + r.quantity, 0) AS returned,
    s.quantity - COALESCE(r.already + r.quantity, 0) AS quantity,
    s.created_at
FROM stock_sale s
LEFT JOIN stock_return r
    ON r.sale_id = s.sale_id AND r.product_id = s.product_id
LEFT JOIN stock_return later
    ON later.sale_id = s.sale_id AND later.product_id = s.product_id
    AND later.already > r.already
WHERE later.sale_id IS NULL;
