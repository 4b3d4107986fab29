'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const cases = require('./cases');
const report = require('./report');
const system = require('./system');
const { Database } = require('./database');
const { Measure } = require('./measure');
const { USAGE, UsageError, parse } = require('./options');
const { PROCEDURES } = require('./packets');
const { Servers } = require('./servers');
const { judge } = require('./targets');
const { plot } = require('./plot');

const BENCH = path.dirname(__dirname);
const TOP = path.dirname(BENCH);

/* seconds, rounds */
const QUICK = [3, 2];
const STANDARD = [3, 5];
const FULL = [5, 3];

/* of the database alone: more only wait for the row's lock */
const BARE_CLIENTS = 8;

/* The steps of one case on one server. */
function steps(options, name, server, connections, workers) {
    const or = (list, otherwise) => (list.length ? list : otherwise);
    if (server === 'bare') {
        return or(options.batches, [1]).flatMap((batch) => or(
            options.packets, [undefined]).map((packet) => cases.bare(
            Math.min(connections, BARE_CLIENTS), batch, packet)));
    }
    if (name === 'hot' && options.rates.length) {
        return options.rates.map((rate) => cases.open(server, rate,
            connections, workers));
    }
    return supports(server, name)
        ? [cases.step(server, name, connections, workers)] : [];
}

function chosen(options) {
    const or = (list, otherwise) => (list.length ? list : otherwise);
    return or(options.workers, [2]).flatMap(
        (workers) => or(options.connections, [256]).flatMap(
            (connections) => options.cases.flatMap(
                (name) => or(options.servers, ['autostock', 'plain']).flatMap(
                    (server) => steps(options, name, server, connections,
                        workers)))));
}

/*
 * Redis has one counter; the plain server has fixed answers; the worker's
 * commands use autostock's ledger.
 */
function supports(server, name) {
    if (cases.CASES[name].beside) {
        return server === 'autostock';
    }
    if (server === 'redis') {
        return name === 'hot';
    }
    if (server === 'node') {
        return !['lookup', 'sold-out', 'mix'].includes(name);
    }
    return true;
}

function planOf(options) {
    const [plan, [seconds, rounds]] = options.cases.length
        ? [chosen(options), QUICK]
        : options.full ? [cases.full(), FULL]
            : options.quick ? [cases.quick(), QUICK]
                : [cases.standard(), STANDARD];
    options.seconds = options.seconds || seconds;
    options.rounds = options.rounds || rounds;
    return plan;
}

/* A rate that follows from what this round has measured. */
function resolved(step, results) {
    if (step.load.rate !== 'half') {
        return step;
    }
    const closed = results[cases.step('autostock', 'hot').name];
    const rate = Math.round(closed[closed.length - 1].per_second / 2);
    return { ...step, load: { ...step.load, rate } };
}

async function rounds(options, measure, plan) {
    const results = {};
    for (let round = 1; round <= options.rounds; round++) {
        for (const step of plan) {
            const began = Date.now();
            const result = await measure.run(resolved(step, results));
            (results[step.name] = results[step.name] || []).push(result);
            console.log(`${round}/${options.rounds} `
                + `${step.name.padEnd(34)} `
                + `${Math.round(result.per_second).toString().padStart(7)}/s`
                + `  p50 ${(result.p50_us / 1000).toFixed(2)} ms`
                + `  p99 ${(result.p99_us / 1000).toFixed(2)} ms`
                + (result.autostock && result.autostock.batches
                    ? `  batch ${result.autostock.batch_mean.toFixed(1)}` : '')
                + `  (${((Date.now() - began) / 1000).toFixed(1)} s)`
                + result.faults.map((fault) => `\n    WRONG: ${fault}`)
                    .join(''));
        }
    }
    return results;
}

function describe(options, database) {
    const machine = system.machine();
    console.log(`${machine.processors} processors (${machine.model}),`
        + ` ${Math.round(machine.memory / 2 ** 30)} GB, Linux`
        + ` ${machine.kernel}, load ${machine.load.toFixed(2)},`
        + ` somaxconn ${machine.somaxconn}`);
    console.log('database, as it says: ' + Object.entries(database.settings)
        .map(([name, value]) => `${name}=${value}`).join(' '));
    if (database.settings.innodb_flush_log_at_trx_commit !== '1') {
        throw new Error('the database is not durable');
    }
    return { time: new Date().toISOString(), machine,
        database: database.settings, seconds: options.seconds,
        rounds: options.rounds, threads: options.threads,
        set: options.set };
}

async function tell(options, context, plan, results) {
    const targets = judge(results);
    const all = report.write(options.output, context, plan, results, targets);
    const lines = [...report.resultLines(all),
        ...report.histogramLines(plan, results)];
    if (!options.cases.length) {
        lines.push('', ...report.targetLines(targets));
    }
    const faults = report.faultLines(plan, results);
    lines.push('', ...faults, faults.length ? `${faults.length} WRONG`
        : 'all answers as expected, stock and ledger agree');
    fs.writeFileSync(path.join(options.output, 'results.txt'),
        lines.join('\n') + '\n');
    console.log(['', ...lines].join('\n'));
    await plot(options.output, all);
    console.log(`written to ${path.relative(process.cwd(), options.output)}`);
    return faults.length ? 1 : 0;
}

/* Checks the requirements before the first server is started. */
async function need(options) {
    const commands = [...(options.perf ? [['perf', 'linux-perf']] : []),
        ...(options.instructions ? [['callgrind_control', 'valgrind']] : [])];
    for (const [command, name] of commands) {
        await system.run('sh', ['-c', `command -v ${command}`]).catch(() => {
            throw new Error(`${command} is missing: install Debian's ${name}`);
        });
    }
    if (!fs.existsSync(options.module)) {
        throw new Error(`there is no ${options.module}: run make`);
    }
}

async function measureAll(options, folder, sockets) {
    await need(options);
    const database = new Database(TOP, folder, sockets);
    await database.start();
    if (options.packets.length) {
        await database.sql(PROCEDURES);
    }
    for (const text of options.sql) {
        await database.sql(text);
        console.log(`changed by --sql: ${text}`);
    }
    const context = describe(options, database);
    const plan = planOf(options);
    const servers = new Servers(options, folder, sockets, database);
    const measure = new Measure(options, database, servers);
    const results = await rounds(options, measure, plan);
    const code = await tell(options, { ...context, seconds: options.seconds,
        rounds: options.rounds }, plan, results);
    if (options.keep) {
        console.log('servers: ' + [...servers.running.values()].map(
            (one) => `${one.key} 127.0.0.1:${one.port}`).join(', ')
            + `; database ${database.socket}; Ctrl-C ends them`);
        await new Promise(() => {});
    }
    return code;
}

async function main() {
    const words = process.argv.slice(2);
    if (words.includes('--help') || words.includes('-h')) {
        console.log(USAGE);
        return 0;
    }
    const options = parse(words);
    options.bench = BENCH;
    const build = process.env.BUILD || path.join(TOP, 'build');
    options.module = path.resolve(options.module
        || path.join(build, 'ngx_http_autostock_module.so'));
    options.worker = path.resolve(build, 'autostock-worker');
    options.output = path.resolve(options.output || path.join(BENCH,
        'results', new Date().toISOString().replace(/[:.]/g, '-')));
    const folder = path.join(BENCH, 'run-data');
    options.built = path.join(folder, 'bin');
    fs.mkdirSync(folder, { recursive: true });
    await system.endLeftovers(path.join(folder, 'pids'));
    /* socket paths have 107 bytes at most */
    const sockets = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
    const end = async (code) => {
        await system.stopAll();
        fs.rmSync(sockets, { recursive: true, force: true });
        process.exit(code);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        process.on(signal, () => end(130));
    }
    try {
        await end(await measureAll(options, folder, sockets));
    } catch (error) {
        console.error(`bench: ${error.message}`);
        await end(1);
    }
    return 1;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error instanceof UsageError
        ? `bench/run: ${error.message}\n\n${USAGE}` : error);
    process.exit(error instanceof UsageError ? 2 : 1);
});
