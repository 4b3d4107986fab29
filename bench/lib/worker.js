'use strict';

/* The measurements of the worker, and of the programs it is compared with. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const system = require('./system');

const PRODUCTS = 20000;
const IDLE_SECONDS = 20;
const SAMPLES = 40;                 /* of the latency */
const BATCH = 10;                   /* of a PublishBatch */

const PRODUCT_ROWS = `
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5(CONCAT('worker', seq))), CONCAT('WK-', seq),
    CONCAT('작업 도너츠 ', seq), 19900, 100, f.factory_id, a.ad_id
FROM seq_1_to_${PRODUCTS}, factory f, advertisement a;
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5(CONCAT('latency', seq))), CONCAT('LT-', seq),
    CONCAT('빠른 도너츠 ', seq), 19900, 1, f.factory_id, a.ad_id
FROM seq_1_to_${SAMPLES}, factory f, advertisement a`;

function uuidText(hex) {
    return hex.toLowerCase().replace(
        /^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/* Processor time to the nanosecond, seconds. */
function exactCpu(pid) {
    return fs.readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum
        + Number(system.readOr(`/proc/${pid}/task/${task}/schedstat`, '0')
            .split(' ')[0]) / 1e9, 0);
}

class WorkerBench {
    constructor(options, stack) {
        this.options = options;
        this.stack = stack;
        this.runs = 0;
    }

    async prepare() {
        await this.stack.sql(PRODUCT_ROWS);
        this.topic = await this.stack.silentTopic();
    }

    /* Replaces all orders by n open ones; returns the publisher's lines. */
    async orders(n, state) {
        this.runs++;
        await this.stack.sql(`DELETE FROM restock_order;
            INSERT INTO restock_order (order_id, product_id, state, quantity,
                published_at)
            SELECT UNHEX(MD5(CONCAT('run ${this.runs} ${Date.now()}', sku))),
                product_id, '${state}', 10,
                IF('${state}' = 'published', UTC_TIMESTAMP(6), NULL)
            FROM product WHERE sku LIKE 'WK-%' LIMIT ${n}`);
        const rows = await this.stack.sql(`SELECT HEX(o.order_id),
            HEX(o.product_id), f.identifier, o.quantity FROM restock_order o
            JOIN product p USING (product_id)
            JOIN factory f USING (factory_id)`);
        return rows.map(([order, product, factory, quantity]) => [
            uuidText(order), uuidText(product), factory, quantity,
        ].join(' ')).join('\n') + '\n';
    }

    publish(lines, topic) {
        const { env } = this.stack;
        return new Promise((resolve, reject) => {
            const child = spawn(path.join(this.options.built, 'publish'),
                [env.AWS_ENDPOINT_URL, env.AWS_REGION, topic],
                { env: { ...process.env, ...env },
                    stdio: ['pipe', 'pipe', 'inherit'] });
            let out = '';
            child.stdout.on('data', (data) => { out += data; });
            child.on('error', reject);
            child.on('close', (code) => (code === 0
                ? resolve(JSON.parse(out))
                : reject(new Error('publish failed'))));
            child.stdin.end(lines);
        });
    }

    log(name) {
        return path.join(this.options.folder, `${name}.log`);
    }

    startWorker(settings = {}) {
        const file = path.join(this.options.folder, 'worker.env');
        const lines = Object.entries(settings)
            .map(([name, value]) => `${name}=${value}\n`).join('');
        fs.writeFileSync(file, fs.readFileSync(
            this.stack.env.AUTOSTOCK_WORKER_ENV, 'utf8') + lines,
        { mode: 0o600 });
        return system.start('autostock-worker', this.options.worker,
            ['run', '--env-file', file], { log: this.log('worker') });
    }

    startConsumer(env) {
        const { stack } = this;
        return system.start('sqs-consumer', this.options.node,
            [path.join(this.options.bench, 'consumer', 'consumer.js')],
            { log: this.log('sqs-consumer'), env: { ...stack.env,
                NODE_ENV: 'production', ...env } });
    }

    start(who) {
        return who.worker ? this.startWorker() : this.startConsumer(who.env);
    }

    /* From the first message at the factory to the last one deleted. */
    async consume(who, n) {
        const { stack } = this;
        await stack.emptyQueues();
        await stack.factoryForgets();
        await this.publish(await this.orders(n, 'published'),
            stack.env.TOPIC_ARN);
        await system.waitFor('the queue to be filled', 20,
            async () => await stack.depth() === n);
        const before = await stack.asked();
        const server = this.start(who);
        try {
            const result = await this.watch(server, before, n);
            result.faults = await this.check(who, n, before);
            return result;
        } finally {
            await system.stop(server);
        }
    }

    async watch(server, before, n) {
        const until = Date.now() + 120000;
        let first = null;
        let atFirst = 0;
        let cpu = 0;
        let anonymous = 0;
        while (Date.now() < until && !server.ended) {
            const [asked, depth] = await Promise.all(
                [this.stack.asked(), this.stack.depth()]);
            const now = process.hrtime.bigint();
            anonymous = Math.max(anonymous, system.anonymousOf(server.pid));
            if (first === null && asked > before) {
                first = now;
                atFirst = asked - before;
                /* without the processor time of the start */
                cpu = system.cpuOf(server.pid);
            }
            if (depth === 0 && first !== null) {
                return { per_second: (n - atFirst)
                        / (Number(now - first) / 1e9),
                anonymous, cpu: (system.cpuOf(server.pid) - cpu)
                        / (n - atFirst) };
            }
            await system.sleep(10);
        }
        throw new Error(`${server.name}: ${await this.stack.depth()} of ${n}`
            + ' messages left; its log: '
            + system.readOr(this.log(server.name === 'sqs-consumer'
                ? 'sqs-consumer' : 'worker'), '').slice(-500));
    }

    async check(who, n, before) {
        const faults = [];
        const asked = await this.stack.asked() - before;
        if (asked !== n) {
            faults.push(`the factory got ${asked} requests for ${n}`);
        }
        const dead = await this.stack.depth(this.stack.env.DLQ_URL);
        if (dead > 0) {
            faults.push(`${dead} dead letters`);
        }
        if (who.worker) {
            const [[requested]] = await this.stack.sql(`SELECT COUNT(*)
                FROM restock_order WHERE state = 'requested'`);
            if (Number(requested) !== n) {
                faults.push(`${requested} of ${n} orders are requested`);
            }
        }
        return faults;
    }

    /* The Unix time of the log's first publication after at. */
    firstPublished(at) {
        const text = fs.readFileSync(this.log('worker'));
        const found = /^(\S+Z) info +relay: published as/m.exec(
            text.subarray(at).toString());
        return Date.parse(found[1]) / 1000;
    }

    /*
     * Outbox to SNS: from SNS's first answer, of ten orders at most, to the
     * moment the last order was marked published.
     */
    async relay(n) {
        await this.stack.emptyQueues();
        await this.orders(n, 'pending');
        const at = Buffer.byteLength(system.readOr(this.log('worker'), ''));
        const server = this.startWorker({ TOPIC_ARN: this.topic });
        try {
            await system.waitFor('the relay', 120, async () => {
                const [[left]] = await this.stack.sql(`SELECT COUNT(*)
                    FROM restock_order WHERE state = 'pending'`);
                if (left !== '0') {
                    await system.sleep(200);
                }
                return left === '0' || server.ended;
            });
            const [[count, last]] = await this.stack.sql(`SELECT COUNT(*),
                TIMESTAMPDIFF(MICROSECOND, '1970-01-01', MAX(published_at))
                    / 1e6
                FROM restock_order WHERE state = 'published'`);
            return { per_second: (count - BATCH)
                    / (last - this.firstPublished(at)),
            cpu: system.cpuOf(server.pid) / n, faults: Number(count) === n
                ? [] : [`${count} of ${n} orders were published`] };
        } finally {
            await system.stop(server);
        }
    }

    async bareLoop(n) {
        await this.stack.emptyQueues();
        const result = await this.publish(await this.orders(n, 'published'),
            this.topic);
        return { per_second: result.per_second, faults: [] };
    }

    async idle() {
        await this.stack.emptyQueues();
        await this.stack.sql('DELETE FROM restock_order');
        const server = this.startWorker();
        try {
            await system.sleep(3000);
            const before = exactCpu(server.pid);
            await system.sleep(IDLE_SECONDS * 1000);
            return { percent: 100 * (exactCpu(server.pid) - before)
                    / IDLE_SECONDS,
            anonymous: system.anonymousOf(server.pid), faults: [] };
        } finally {
            await system.stop(server);
        }
    }

    /* From sending the last sale to the factory's receipt of its order. */
    async latency() {
        let arrived = null;
        const factory = http.createServer((request, response) => {
            request.resume();
            request.on('end', () => {
                const at = process.hrtime.bigint();
                response.writeHead(201,
                    { 'Content-Type': 'application/json' });
                response.end('{"data":{"data":{},"id":"bench",'
                    + '"reqestor":"bench"}}');
                if (arrived) {
                    arrived(at);
                }
            });
        });
        const port = await system.freePort();
        await new Promise((resolve) => factory.listen(port, '127.0.0.1',
            resolve));
        await this.stack.emptyQueues();
        await this.stack.sql('DELETE FROM restock_order');
        const server = this.startWorker({ FACTORY_API_URL:
            `http://127.0.0.1:${port}/api/manufactures` });
        const times = [];
        try {
            await system.sleep(2000);
            for (let i = 1; i <= SAMPLES; i++) {
                times.push(await this.sample(i, (then) => {
                    arrived = then;
                }));
                /* not in phase with any timer of the worker */
                await system.sleep(50 + 100 * Math.random());
            }
        } finally {
            await system.stop(server);
            factory.close();
            factory.closeAllConnections?.();
        }
        return times;
    }

    async sample(i, onArrival) {
        const there = new Promise((resolve, reject) => {
            const late = setTimeout(() => reject(new Error(
                `LT-${i}: the factory had no order after 20 s`)), 20000);
            onArrival((at) => {
                clearTimeout(late);
                resolve(at);
            });
        });
        const sent = process.hrtime.bigint();
        await this.stack.post(`${this.stack.env.AUTOSTOCK_URL}/checkout`,
            { 'Content-Type': 'application/json' },
            JSON.stringify({ sku: `LT-${i}`, quantity: 1 }));
        return Number(await there - sent) / 1e6;
    }
}

module.exports = { WorkerBench };
