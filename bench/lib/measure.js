'use strict';

/*
 * One measurement: resets the stock, runs the load, reads counters before and
 * after, and checks stock and ledger.
 */

const fs = require('node:fs');
const path = require('node:path');
const load = require('./load');
const profile = require('./profile');
const status = require('./status');
const system = require('./system');
const { Beside } = require('./beside');
const { HOT_STOCK } = require('./database');

const STOCKLESS = ['plain', 'waiting'];
const WARM_UP = 1;                  /* seconds, before a step's first round */

class Measure {
    constructor(options, database, servers) {
        this.options = options;
        this.database = database;
        this.servers = servers;
        this.seed = Date.now() % 100000000;
        this.warm = new Set();
        this.beside = new Beside(options.worker, database);
    }

    async generate(server, step, seconds) {
        this.seed++;
        if (step.load.kind === 'bare') {
            return load.bare(this.options, this.database, step, seconds);
        }
        return load[step.load.kind](this.options, server, step, seconds,
            this.seed);
    }

    async reset(step) {
        if (step.server === 'redis') {
            await this.servers.redisCommand('set', 'stock', HOT_STOCK);
        } else if (!STOCKLESS.includes(step.server)) {
            await this.database.quiet();
            await this.database.reset();
        }
    }

    /* Starts the command that is to run during the load. */
    async begin(step) {
        if (step.beside) {
            await this.beside.fill();
            await this.database.quiet();
            this.beside.start(step.beside);
        }
    }

    async before(server, step) {
        return {
            server: server ? system.cpuOf(server.process.pid) : 0,
            store: this.storeCpu(server, step),
            syncs: await this.database.syncs(),
            ledger: this.database.ledgerBytes(),
            status: step.server === 'autostock'
                ? await status.read(server.port) : null,
        };
    }

    storeCpu(server, step) {
        if (step.load.kind === 'bare') {
            return system.cpuOf(this.database.server.pid);
        }
        return server.store ? system.cpuOf(server.store.pid) : 0;
    }

    async run(step) {
        const server = step.load.kind === 'bare' ? null
            : await this.servers.get(step.server, step.workers);
        if (!this.warm.has(step.name) && step.load.kind === 'wrk') {
            await this.generate(server, step, WARM_UP);
            this.warm.add(step.name);
        }
        await this.reset(step);
        await this.begin(step);
        const said = server ? fs.statSync(server.log).size : 0;
        const before = await this.before(server, step);

        let anonymous = 0;
        const sampling = setTimeout(() => {
            anonymous = server ? Math.max(0, ...server.workers()
                .map(system.anonymousOf)) : 0;
        }, this.options.seconds * 700);
        const profiled = await this.profile(server, step);
        const result = await this.generate(server, step,
            this.options.seconds);
        clearTimeout(sampling);

        const besideFaults = [];
        if (step.beside) {
            result.beside = await this.beside.stop(besideFaults);
        }
        await this.database.quiet();
        result.anonymous = anonymous;
        await this.after(server, step, before, result);
        result.ledger_grown = this.database.ledgerBytes() - before.ledger;
        await profiled(result);
        result.faults = [...besideFaults, ...await this.check(step, result)];
        if (server && fs.statSync(server.log).size > said) {
            result.faults.push('its log has: ' + fs.readFileSync(server.log,
                'utf8').slice(said).trim().split('\n')[0].slice(0, 200));
        }
        return result;
    }

    /* Starts the selected profiler; the returned function ends it. */
    async profile(server, step) {
        if (this.options.perf) {
            return profile.sample(this.options.output, step,
                this.options.seconds);
        }
        if (!this.options.instructions || !server || !server.data) {
            return async () => {};
        }
        const { pid } = server.process;
        await profile.zero(pid);
        return async (result) => {
            const counted = await profile.counted(pid, server.data,
                result.requests);
            const lines = profile.tell(step, counted, result.requests,
                result.autostock && result.autostock.batch_mean);
            result.instructions = counted.total;
            fs.mkdirSync(this.options.output, { recursive: true });
            fs.appendFileSync(path.join(this.options.output,
                'instructions.txt'), lines.join('\n'));
            console.log(lines.slice(0, 30).join('\n'));
        };
    }

    /* The processor times, divided by the load's number of answers. */
    async after(server, step, before, result) {
        const answers = Math.max(1, result.sent || result.requests);
        const now = server ? system.cpuOf(server.process.pid) : 0;
        result.cpu_server = (now - before.server) / answers;
        result.cpu_store = (this.storeCpu(server, step) - before.store)
            / answers;
        result.cpu_client = result.client_cpu / answers;
        result.syncs = await this.database.syncs() - before.syncs;
        if (before.status) {
            result.autostock = status.difference(before.status,
                await status.read(server.port));
        }
    }

    /* Returns the faults of the answers, the stock and the ledger. */
    async check(step, result) {
        const faults = [];
        const expected = step.answers === 4 ? result.requests : 0;
        if (result.status_errors !== expected) {
            faults.push(`${result.status_errors} answers of 400 and above,`
                + ` expected ${expected}`);
        }
        if (result.failed > 0) {
            faults.push(`${result.failed} requests failed or unanswered`);
        }
        if (STOCKLESS.includes(step.server)) {
            return faults;
        }
        /* requests in flight at the end were sold, but not counted */
        const sold = step.answers === 4 ? 0 : step.share * result.ok;
        const part = step.share > 0 && step.share < 1
            ? result.extra + this.options.threads : 0;
        const from = sold - part;
        const to = sold + part + (step.share === 1 ? result.extra : 0);
        if (step.server === 'redis') {
            const left = Number(await this.servers.redisCommand('get',
                'stock'));
            this.within(faults, 'sales', HOT_STOCK - left, from, to);
            return faults;
        }
        await this.checkBooks(step, result, from, to, faults);
        return faults;
    }

    async checkBooks(step, result, from, to, faults) {
        const books = await this.database.books();
        const replays = result.autostock ? result.autostock.replays : 0;
        result.sales = books.sales;
        result.syncs_per_sale = books.sales
            ? result.syncs / books.sales : null;
        result.ledger_bytes = books.sales
            ? result.ledger_grown / books.sales : null;
        this.within(faults, 'sales of the ledger and replays',
            books.sales + replays, from, to);
        if (books.gone !== books.pieces) {
            faults.push(`${books.gone} pieces left the stock,`
                + ` ${books.pieces} in the ledger`);
        }
        if (books.negative > 0 || books.unequal > 0) {
            faults.push(`${books.negative} products with a stock below 0,`
                + ` ${books.unequal} with another sum in the ledger`);
        }
        if (books.wrong > 0) {
            faults.push(`${books.wrong} ledger rows are inconsistent`);
        }
        if (result.autostock) {
            this.within(faults, 'sales of the ledger, by the status location',
                books.sales, result.autostock.sales,
                result.autostock.sales + result.extra);
        }
    }

    within(faults, what, found, from, to) {
        if (found < Math.floor(from) || found > Math.ceil(to)) {
            faults.push(`${what}: ${found}, expected ${Math.floor(from)}`
                + ` to ${Math.ceil(to)}`);
        }
    }
}

module.exports = { Measure };
