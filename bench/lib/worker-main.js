'use strict';

/* bench/worker: its options, rounds and table. */

const fs = require('node:fs');
const path = require('node:path');
const system = require('./system');
const { table, small } = require('./report');
const { median, spread } = require('./statistics');
const { Stack } = require('./stack');
const { WorkerBench } = require('./worker');

const BENCH = path.dirname(__dirname);
const TOP = path.dirname(BENCH);

const USAGE = `usage: bench/worker [--rounds N] [--messages N] [--only NAME]
                    [--output FOLDER]

Measures autostock-worker beside sqs-consumer with axios and beside a bare
loop of PublishBatch: same emulator, factory answering at once, rounds that
take turns.

  --rounds N      default 3
  --messages N    a measurement of autostock-worker (default 10000, at most
                  20000); sqs-consumer gets a third
  --only NAME     consume, relay, idle or latency (repeatable)`;

const WHO = {
    autostock: { worker: true },
    'sqs-consumer': { env: { CONSUMERS: '1', BATCH: 'each' } },
    'sqs-consumer, by tens': { env: { CONSUMERS: '1', BATCH: 'ten' } },
    '8 sqs-consumers, by tens': { env: { CONSUMERS: '8', BATCH: 'ten' } },
};

function parse(words) {
    const options = { rounds: 3, messages: 10000, only: [] };
    for (let i = 0; i < words.length; i++) {
        const [word, value] = [words[i], words[i + 1]];
        if (word === '--only' && value) {
            options.only.push(value);
        } else if (word === '--output' && value) {
            options.output = path.resolve(value);
        } else if (['--rounds', '--messages'].includes(word)
            && /^[1-9]\d{0,4}$/.test(value)
            && Number(value) <= 20000) {
            options[word.slice(2)] = Number(value);
        } else {
            console.error(USAGE);
            process.exit(2);
        }
        i++;
    }
    return options;
}

function wanted(options, name) {
    return !options.only.length || options.only.includes(name);
}

async function measure(options, bench) {
    const results = {};
    const add = (name, result) => {
        (results[name] = results[name] || []).push(result);
        const words = Object.entries(result).filter(
            ([key]) => key !== 'faults' && key !== 'times')
            .map(([key, value]) => `${key} ${small(value)}`).join('  ');
        console.log(`${name.padEnd(26)} ${words}`
            + result.faults.map((fault) => `\n    WRONG: ${fault}`).join(''));
    };
    for (let round = 0; round < options.rounds; round++) {
        if (wanted(options, 'consume')) {
            for (const [name, who] of Object.entries(WHO)) {
                const n = who.worker ? options.messages
                    : Math.ceil(options.messages / 3);
                add(name, await bench.consume(who, n));
            }
        }
        if (wanted(options, 'relay')) {
            add('relay', await bench.relay(options.messages));
            add('bare loop', await bench.bareLoop(options.messages));
        }
    }
    if (wanted(options, 'idle')) {
        add('idle', await bench.idle());
    }
    if (wanted(options, 'latency')) {
        const times = await bench.latency();
        add('latency', { p50_ms: median(times), max_ms: Math.max(...times),
            times, faults: [] });
    }
    return results;
}

function pair(results, a, b, name) {
    return results[a] && results[b] ? spread(results[a].map(
        (one, i) => one[name] / results[b][i][name])) : null;
}

function single(results, a, name, scale = 1) {
    return results[a]
        ? spread(results[a].map((one) => one[name] * scale)) : null;
}

function targets(results) {
    return [
        ['messages a second against sqs-consumer',
            pair(results, 'autostock', 'sqs-consumer', 'per_second'),
            5, 10, ''],
        ['anonymous memory under that load',
            single(results, 'autostock', 'anonymous', 1 / 2 ** 20),
            -10, -6, ' MB'],
        ["sqs-consumer's processor time a message against autostock's",
            pair(results, 'sqs-consumer', 'autostock', 'cpu'), 8, 15, ''],
        ['sale to factory, p50', single(results, 'latency', 'p50_ms'),
            -150, -50, ' ms'],
        ['orders relayed a second against a bare loop',
            pair(results, 'relay', 'bare loop', 'per_second'), 0.6, 0.85, ''],
        ['idle: processor', single(results, 'idle', 'percent'),
            -0.2, -0.05, ' %'],
    ].map(([title, measured, least, aim, unit]) => {
        const reached = (bound) => (bound < 0
            ? measured.median <= -bound : measured.median >= bound);
        return { title, measured, least, aim, unit,
            verdict: !measured ? 'not measured' : reached(aim) ? 'aim met'
                : reached(least) ? 'met' : 'NOT MET' };
    });
}

function targetLines(all) {
    const bound = (value, unit) => (value < 0 ? `≤ ${-value}` : `≥ ${value}`)
        + unit;
    return table([['target', 'measured', 'min', 'max', 'at least', 'aim', ''],
        ...all.map((one) => [one.title,
            ...['median', 'min', 'max'].map((name) => (one.measured
                ? small(one.measured[name]) + one.unit : '-')),
            bound(one.least, one.unit), bound(one.aim, one.unit),
            one.verdict])]);
}

function resultLines(results) {
    const cell = (rounds, name, scale = 1) => (rounds[0][name] === undefined
        ? '-' : small(median(rounds.map((one) => one[name])) * scale));
    return table([['', 'per s', 'cpu µs', 'MB', 'idle %', 'p50 ms'],
        ...Object.entries(results).map(([name, rounds]) => [name,
            cell(rounds, 'per_second'), cell(rounds, 'cpu'),
            cell(rounds, 'anonymous', 1 / 2 ** 20), cell(rounds, 'percent'),
            cell(rounds, 'p50_ms')])]);
}

function tell(options, results) {
    const all = targets(results);
    const faults = Object.values(results).flat()
        .reduce((sum, one) => sum + one.faults.length, 0);
    const lines = [...resultLines(results), '', ...targetLines(all), '',
        faults ? `${faults} WRONG` : 'every message once, none dead'];
    fs.mkdirSync(options.output, { recursive: true });
    fs.writeFileSync(path.join(options.output, 'worker.json'),
        JSON.stringify({ time: new Date().toISOString(),
            machine: system.machine(), ...options, targets: all,
            rounds: results }, null, 1));
    fs.writeFileSync(path.join(options.output, 'worker.txt'),
        lines.join('\n') + '\n');
    console.log(['', ...lines,
        `written to ${path.relative(process.cwd(), options.output)}`]
        .join('\n'));
    return faults ? 1 : 0;
}

async function main() {
    const words = process.argv.slice(2);
    if (words.includes('--help') || words.includes('-h')) {
        console.log(USAGE);
        return;
    }
    const options = parse(words);
    options.bench = BENCH;
    options.folder = path.join(BENCH, 'run-data');
    options.built = path.join(options.folder, 'bin');
    options.node = process.execPath;
    options.worker = path.join(process.env.BUILD || path.join(TOP, 'build'),
        'autostock-worker');
    options.output = options.output || path.join(BENCH, 'results',
        'worker-' + new Date().toISOString().replace(/[:.]/g, '-'));
    const stack = new Stack(TOP, options.folder);
    const end = async (code) => {
        await system.stopAll();
        await stack.down().catch(() => {});
        process.exit(code);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        process.on(signal, () => end(130));
    }
    try {
        await system.endLeftovers(path.join(options.folder, 'worker.pids'));
        await stack.up();
        const bench = new WorkerBench(options, stack);
        await bench.prepare();
        await end(tell(options, await measure(options, bench)));
    } catch (error) {
        console.error(`bench/worker: ${error.stderr || error.message}`);
        await end(1);
    }
}

main();
