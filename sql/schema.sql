-- autostock: the schema, for a new database and for the shop's own.
--
--     mariadb shop < sql/schema.sql
--
-- Runs unchanged on MariaDB 10.11+ and MySQL 8.0.16+ (CHECK is ignored
-- before) and may be run again: what is there stays, what is missing is
-- added, a product without an opening movement gets one.  MariaDB lacks
-- UUID_TO_BIN and BIN_TO_UUID; sql/mariadb-uuid.sql adds them.

-- What the statements below need of the session, whatever the server's
-- defaults are.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, completion_type = 0, foreign_key_checks = 1,
    unique_checks = 1, sql_safe_updates = 0, sql_big_selects = 1,
    sql_select_limit = 18446744073709551615
    /*M!100201 , check_constraint_checks = 1, max_statement_time = 0 */
    /*M!100307 , alter_algorithm = DEFAULT */;

-- What is read below is not locked against those who sell meanwhile.  With a
-- binary log that needs its row format: where it is STATEMENT, the session's
-- is changed, which takes SUPER, or BINLOG ADMIN (MariaDB), or
-- SESSION_VARIABLES_ADMIN (MySQL); docs/upgrading.md.

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

-- sku: two SKUs are one product where the column's collation takes them for
-- one.  utf8mb4_bin compares code points, so that case, accents and emoji
-- tell products apart; trailing spaces do not (both servers pad it).  Others
-- do not: utf8mb4_general_ci takes all emoji for one.  A table that is there
-- keeps its own (docs/directives.md, sku_match).

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

-- What autostock adds to product.  Neither server has the other's
-- IF NOT EXISTS for columns and constraints; both can ask the catalogue.

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
DEALLOCATE PREPARE autostock_ddl;

-- The ledger.  Invariant: product.stock = SUM(quantity) of its movements.
--
-- movement_id      UUID version 7 (RFC 9562), so that inserts are local.  A
--                  sale's is its sale_id.
-- idempotency_key  what must not happen twice: of an opening the product's
--                  id, of a restock the order's id, of a sale the first 16
--                  bytes of SHA-256(scope, NUL, Idempotency-Key).  Unique by
--                  stock_movement_key.
-- fingerprint      first 8 bytes of SHA-256 over the keyed request (sku as
--                  asked, NUL, quantity in decimal): another body under the
--                  same key is found out.  Of an opening: not NULL where the
--                  product was deleted, and its movements make 0
--                  (sql/trigger.sql).
--
-- No foreign key to product: it would lock the stock row before the ledger
-- row is written and deadlock two writers.

CREATE TABLE IF NOT EXISTS stock_movement (
    movement_id      BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    kind             ENUM('opening', 'sale', 'restock', 'adjustment') NOT NULL,
    quantity         INT         NOT NULL,
    idempotency_key  BINARY(16)  NULL,
    fingerprint      BINARY(8)   NULL,
    order_id         BINARY(16)  NULL,
    created_at       DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (movement_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The ledger's unique key over idempotency_key, as a table: a row for every
-- movement that has one, written and deleted in the transaction that writes
-- or deletes the other.  A UNIQUE in the ledger itself would hold an entry for
-- every NULL too, a quarter of what the others cost the database
-- (docs/benchmark.md).  product_id lets a sharded database keep the row beside
-- its movement.

CREATE TABLE IF NOT EXISTS stock_movement_key (
    idempotency_key  BINARY(16)  NOT NULL,
    movement_id      BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    PRIMARY KEY (idempotency_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A ledger of before this table was had that UNIQUE: its keys go over.

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

-- Orders to the factory: outbox and life cycle in one row.  All times UTC.
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
    CONSTRAINT restock_order_quantity_range
        CHECK (quantity BETWEEN 1 AND 1000000),
    CONSTRAINT restock_order_received_range
        CHECK (received BETWEEN 0 AND quantity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Products that were there before their ledger: one opening movement each.
-- Its key comes first; with it, nobody else writes it.

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
