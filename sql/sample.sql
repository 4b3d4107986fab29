-- autostock: the sample shop, with one factory and one product with a stock of
-- 3.  May be run again.  The ids are constant, so that documents can name them.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, sql_big_selects = 1 /*M!100101 , max_statement_time = 0 */;
SET SESSION TRANSACTION READ WRITE;

INSERT INTO factory (factory_id, identifier, name, manager_email, API)
SELECT X'5ff9da54c9b811eca8490a5824c89b02', 'FF-500293', '부산도너츠 공장',
    'factory@shop.example', ''
FROM DUAL WHERE NOT EXISTS
    (SELECT 1 FROM factory WHERE identifier = 'FF-500293');

INSERT INTO advertisement (ad_id, status, manager_email)
SELECT X'5ffd3e64c9b811eca8490a5824c89b02', TRUE, 'ad@shop.example'
FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM advertisement
    WHERE ad_id = X'5ffd3e64c9b811eca8490a5824c89b02');

INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT X'213175b4c9bf11eca8490a5824c89b02', 'CP-502101', '부산도너츠', 19900, 3,
    X'5ff9da54c9b811eca8490a5824c89b02', X'5ffd3e64c9b811eca8490a5824c89b02'
FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM product WHERE sku = 'CP-502101');
