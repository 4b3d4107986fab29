-- The ledger of version 0.1.0, for tests of its upgrade: t/system/85-schema.t,
-- bench/upgrade.

DROP VIEW IF EXISTS stock_sale;
DROP TABLE stock_movement, stock_movement_key;

CREATE TABLE stock_movement (
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

CREATE TABLE stock_movement_key (
    idempotency_key  BINARY(16)  NOT NULL,
    movement_id      BINARY(16)  NOT NULL,
    product_id       BINARY(16)  NOT NULL,
    PRIMARY KEY (idempotency_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
