'use strict';

/*
 * Runs one of the worker's long commands on a large ledger during the load.
 */

const { spawn } = require('node:child_process');

/* Old movements in pairs, like sales, whose quantities sum up to 0. */
const MOVEMENTS = 600000;
const FILL = `
INSERT INTO stock_movement (movement_id, product_id, kind, quantity, created_at)
SELECT UNHEX(CONCAT(LPAD(HEX((UNIX_TIMESTAMP() - 86400 * 100) * 1000 + seq),
        12, '0'), '70008000', LPAD(HEX(seq), 8, '0'), '0000')),
    p.product_id, 'adjustment', IF(seq % 2, 1, -1),
    UTC_TIMESTAMP() - INTERVAL 100 DAY
FROM seq_1_to_${MOVEMENTS}, product p WHERE p.sku = 'CP-502101'`;

class Beside {
    constructor(worker, database) {
        this.worker = worker;
        this.database = database;
    }

    async fill() {
        await this.database.sql(FILL);
    }

    /* Runs the command again and again until stop(). */
    start(words) {
        const database = this.database;
        this.runs = 0;
        this.stopped = false;
        this.failed = '';
        const run = () => {
            let said = '';
            this.child = spawn(this.worker, words, {
                stdio: ['ignore', 'ignore', 'pipe'],
                env: { ...process.env, DB_SOCKET: database.socket,
                    DB_USERNAME: database.user,
                    DB_PASSWORD: database.password,
                    DB_DATABASE: database.name } });
            this.child.stderr.on('data', (data) => { said += data; });
            this.gone = new Promise((resolve) => {
                this.child.on('error', (error) => {
                    this.failed = String(error);
                    resolve();
                });
                this.child.on('close', (code) => {
                    this.runs++;
                    if (!this.stopped && code === 0) {
                        run();
                    } else if (!this.stopped) {
                        this.failed = `exit ${code}: ${said}`;
                    }
                    resolve();
                });
            });
        };
        run();
    }

    /* Returns the runs and the movements they folded; adds faults. */
    async stop(faults) {
        this.stopped = true;
        this.child.kill('SIGKILL');
        await this.gone;
        const [[left]] = await this.database.rows(`SELECT COUNT(*)
            FROM stock_movement WHERE kind = 'adjustment'`);
        if (this.failed) {
            faults.push(`the parallel command: ${this.failed}`);
        }
        if (Number(left) === 0) {
            faults.push('the parallel command had nothing left to do');
        }
        return { runs: this.runs, movements: MOVEMENTS - Number(left) };
    }
}

module.exports = { Beside };
