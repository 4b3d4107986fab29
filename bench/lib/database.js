'use strict';

/*
 * A private MariaDB with durable settings, with the shop's tables, and the sums
 * of its stock and ledger.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const crypto = require('node:crypto');
const ledger = require('./ledger');
const system = require('./system');

const NAME = 'bench';
const USER = 'bench';
const HOT = '213175b4c9bf11eca8490a5824c89b02';   /* sql/sample.sql's id */
const HOT_STOCK = 2000000000;
const PRODUCT_STOCK = 1000000;
const PRODUCTS = 1000;

const DURABLE = ['innodb_flush_log_at_trx_commit', 'innodb_flush_method',
    'innodb_doublewrite', 'log_bin', 'sync_binlog', 'version',
    'innodb_buffer_pool_size', 'innodb_log_file_size'];

/* The products before each measurement of every server. */
const PRODUCT_ROWS = `
UPDATE product SET stock = ${HOT_STOCK} WHERE sku = 'CP-502101';
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5(CONCAT('bench', seq))), CONCAT('BN-', LPAD(seq, 4, '0')),
    CONCAT('도너츠 ', seq), 19900, ${PRODUCT_STOCK}, f.factory_id, a.ad_id
FROM seq_1_to_${PRODUCTS}, factory f, advertisement a;
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5('sold out')), 'SOLD-OUT', '다 팔린 도너츠', 19900, 0,
    f.factory_id, a.ad_id FROM factory f, advertisement a;
CREATE TABLE product_start AS SELECT * FROM product;
`;

/* The INSERT's trigger writes the opening movements. */
const RESET = `
SET SESSION lock_wait_timeout = 10;
TRUNCATE stock_movement;
TRUNCATE stock_movement_key;
TRUNCATE stock_hold;
TRUNCATE stock_hold_line;
TRUNCATE stock_return;
DELETE FROM restock_order;
DELETE FROM product;
INSERT INTO product SELECT * FROM product_start;
`;

const BOOKS = `
SELECT
    (SELECT COALESCE(-SUM(quantity), 0) FROM stock_movement
        WHERE kind IN ('sale', 'hold', 'confirm', 'return')),
    (SELECT SUM(s.stock) - SUM(p.stock)
        FROM product p JOIN product_start s USING (product_id)),
    (SELECT COUNT(*) FROM product WHERE stock < 0),
    (SELECT COUNT(*) FROM product p LEFT JOIN
        (SELECT product_id, SUM(quantity) AS n FROM stock_movement
            GROUP BY product_id) m USING (product_id)
        WHERE p.stock <> COALESCE(m.n, 0)),
    (SELECT COUNT(*) FROM restock_order)`;

class Database {
    constructor(top, folder, sockets) {
        this.top = top;
        this.folder = path.join(folder, 'mariadb');
        this.socket = path.join(sockets, 'db.sock');
        this.log = path.join(folder, 'mariadb.log');
        this.name = NAME;
        this.user = USER;
        this.password = crypto.randomBytes(18).toString('base64url');
        this.passwordFile = path.join(folder, 'db.password');
        this.product = HOT;
    }

    async start() {
        const fresh = !fs.existsSync(path.join(this.folder, 'mysql'));
        const user = process.getuid() === 0 ? ['--user=root'] : [];
        fs.writeFileSync(this.passwordFile, this.password, { mode: 0o600 });
        if (fresh) {
            await system.run('mariadb-install-db', ['--no-defaults', ...user,
                `--datadir=${this.folder}`, '--skip-test-db',
                '--auth-root-authentication-method=normal']);
        }
        const pool = Math.min(1024, Math.floor(os.totalmem() / 4 / 2 ** 20));
        this.server = system.start('mariadbd', 'mariadbd', ['--no-defaults',
            ...user, `--datadir=${this.folder}`, `--socket=${this.socket}`,
            '--skip-networking', '--character-set-server=utf8mb4',
            '--max-connections=1200', '--innodb-flush-log-at-trx-commit=1',
            `--innodb-buffer-pool-size=${pool}M`,
            '--innodb-log-file-size=1G'], { log: this.log });
        await system.waitForServer(this.server, 60,
            () => this.sql('SELECT 1', ''), this.log);
        await this.load();
    }

    async load() {
        const read = (name) => fs.readFileSync(
            path.join(this.top, 'sql', name), 'utf8');
        await this.sql(`DROP DATABASE IF EXISTS ${NAME};
            CREATE DATABASE ${NAME} CHARACTER SET utf8mb4;
            CREATE OR REPLACE USER ${USER}@localhost
                IDENTIFIED BY '${this.password}';
            GRANT ALL ON ${NAME}.* TO ${USER}@localhost;`, '');
        for (const name of ['schema', 'trigger', 'procedure', 'sample']) {
            await this.sql(read(`${name}.sql`));
        }
        await this.sql(PRODUCT_ROWS);
        this.settings = Object.fromEntries(await this.rows(
            `SHOW GLOBAL VARIABLES WHERE Variable_name IN
             (${DURABLE.map((name) => `'${name}'`).join()})`));
    }

    /* The runner's own queries; not on any measured path. */
    sql(text, database = NAME) {
        return new Promise((resolve, reject) => {
            const child = require('node:child_process').execFile('mariadb',
                ['--no-defaults', `--socket=${this.socket}`, '--user=root',
                    '--default-character-set=utf8mb4', '--batch',
                    '--skip-column-names', ...(database ? [database] : [])],
                { maxBuffer: 2 ** 26 }, (error, out, said) => (
                    error ? reject(new Error(said || error.message))
                        : resolve(out || '\n')));
            child.stdin.on('error', () => {});
            child.stdin.end(text);
        });
    }

    async rows(text) {
        return (await this.sql(text)).trim().split('\n')
            .map((line) => line.split('\t'));
    }

    async reset() {
        await this.sql(RESET);
    }

    /*
     * Waits until no transaction is open and no row was written for 0.15 s.
     * INNODB_TRX is a copy that InnoDB renews only if it was not read for
     * 0.1 s.
     */
    async quiet() {
        let before = -1;
        await system.waitFor('the database to be quiet', 60, async () => {
            const [[open, done]] = await this.rows(`SELECT
                (SELECT COUNT(*) FROM information_schema.INNODB_TRX),
                (SELECT SUM(VARIABLE_VALUE)
                    FROM information_schema.GLOBAL_STATUS
                    WHERE VARIABLE_NAME IN ('Com_insert', 'Com_update'))`);
            const still = open === '0' && done === before;
            before = done;
            if (!still) {
                await system.sleep(150);
            }
            return still;
        });
    }

    async books() {
        const [row] = await this.rows(BOOKS);
        const [pieces, gone, negative, unequal, orders] = row.map(Number);
        const { sales, wrong } = await ledger.count(this);
        return { sales, wrong, pieces, gone, negative, unequal, orders };
    }

    /* Bytes of the ledger on disk: its file, which grows by extents. */
    ledgerBytes() {
        return fs.statSync(path.join(this.folder, NAME,
            'stock_movement.ibd')).size;
    }

    async syncs() {
        const [[, value]] = await this.rows(
            "SHOW GLOBAL STATUS LIKE 'Innodb_data_fsyncs'");
        return Number(value);
    }
}

module.exports = { Database, HOT_STOCK, PRODUCTS };
