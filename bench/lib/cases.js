'use strict';

/*
 * What is measured: cases, and the plans made of them.
 *
 * A step is one measurement of a round: a server under one load.  `answers`
 * is what every answer must be, `share` how many of them are sales.
 */

const KEYS = { BENCH_KEY_HEADER: 'Idempotency-Key' };
/* a header of the same length that no server reads: equal client work */
const NO_KEYS = { BENCH_KEY_HEADER: 'Idempotency-Nay' };
const SOLD_OUT = { BENCH_PATH: '/sold-out', BENCH_SKU: 'SOLD-OUT' };
const LOOK_UP = { BENCH_METHOD: 'GET', BENCH_PATH: '/product/donut' };

const CASES = {
    hot: { title: 'one hot product', script: 'one', env: {} },
    'products-1': { script: 'products', env: { BENCH_PRODUCTS: '1' } },
    'products-10': { script: 'products', env: { BENCH_PRODUCTS: '10' } },
    'products-100': { script: 'products', env: { BENCH_PRODUCTS: '100' } },
    'products-1000': { title: '1,000 products, uniform', script: 'products',
        env: { BENCH_PRODUCTS: '1000' } },
    'carts-3': { title: 'carts of three of 1,000 products', script: 'carts',
        env: { BENCH_PRODUCTS: '1000', BENCH_LINES: '3' } },
    'hold-confirm': { title: 'holds and their confirmations', script: 'holds',
        env: {}, share: 0.5 },
    returns: { title: 'returns of single pieces', script: 'returns',
        env: {}, share: 0.05 },
    zipf: { title: '1,000 products, Zipf', script: 'products',
        env: { BENCH_PRODUCTS: '1000', BENCH_ZIPF: '1' } },
    quantities: { title: 'quantities 1 to 5', script: 'quantities', env: {} },
    'sold-out': { title: 'sold-out storm', script: 'one', env: SOLD_OUT,
        answers: 4, share: 0 },
    lookup: { title: 'look-ups', script: 'one', env: LOOK_UP, share: 0 },
    mix: { title: '90 % look-ups, 10 % checkouts', script: 'mix', env: {},
        share: 0.1 },
    'key-ignored': { title: 'hot, the key header ignored', script: 'keys',
        env: NO_KEYS },
    'key-new': { title: 'hot, a new Idempotency-Key each', script: 'keys',
        env: KEYS },
    'key-replayed': { title: 'hot, 10 % of the keys replayed',
        script: 'keys', env: { ...KEYS, BENCH_REPLAY: '10' } },
    /* while a command of the worker runs on a large ledger */
    'hot-rollup': { title: 'hot, beside ledger rollup', script: 'one',
        env: {}, beside: ['ledger', 'rollup', '--before', '90d', '--yes'] },
    'hot-reconcile': { title: 'hot, beside reconcile', script: 'one',
        env: {}, beside: ['reconcile'] },
};

const SERVERS = ['autostock', 'plain', 'waiting', 'redis', 'node'];
const CONNECTIONS = [1, 16, 64, 256, 1024, 4096];

function name(step) {
    const load = step.load.kind === 'open' ? `@${step.load.rate}` : '';
    const batch = step.load.kind === 'bare' && step.load.batch > 1
        ? `/${step.load.batch}` : '';
    const packet = step.load.packet ? `=${step.load.packet}` : '';
    return `${step.server}:${step.case}${load}${batch}${packet}`
        + `:c${step.connections}:w${step.workers}`;
}

function step(server, caseName, connections = 256, workers = 2, load = {}) {
    const { script, env, beside, answers = 2, share = 1 } = CASES[caseName];
    const one = { server, case: caseName, connections, workers,
        /* the plain server answers every request with 200 */
        answers: server === 'plain' ? 2 : answers, share, beside,
        load: { kind: 'wrk', script, env, ...load } };
    return { ...one, name: name(one) };
}

function open(server, rate, connections = 256, workers = 2) {
    return step(server, 'hot', connections, workers, { kind: 'open', rate });
}

/*
 * At half of the rate that autostock's closed loop had in the same round: such
 * a rate is comparable between machines.
 */
function half(server) {
    return step(server, 'hot', 256, 2, { kind: 'open', rate: 'half' });
}

/* The database alone; connections are its clients. */
function bare(clients, batch = 1, packet = undefined) {
    return step('bare', 'hot', clients, 1, { kind: 'bare', batch, packet });
}

/* The servers to compare are measured one directly after the other. */
function hot(connections, servers) {
    return servers.map((server) => step(server, 'hot', connections));
}

function quick() {
    return [
        ...hot(256, ['plain', 'autostock', 'redis']),
        step('autostock', 'products-1000'),
        step('autostock', 'key-ignored'), step('autostock', 'key-new'),
        step('autostock', 'lookup'), step('plain', 'lookup'),
        step('autostock', 'sold-out'), step('plain', 'sold-out'),
        step('autostock', 'hot', 1, 2), bare(1),
    ];
}

function standard() {
    return [
        ...hot(256, ['plain', 'autostock', 'redis', 'node']),
        half('autostock'), half('plain'),
        ...hot(64, ['plain', 'autostock']),
        ...hot(16, ['plain', 'autostock']),
        bare(1), ...hot(1, ['autostock', 'plain']),
        step('plain', 'key-new'), step('autostock', 'key-new'),
        step('autostock', 'key-replayed'),
        step('plain', 'products-1000'), step('autostock', 'products-1000'),
        step('plain', 'carts-3'), step('autostock', 'carts-3'),
        step('plain', 'hold-confirm'), step('autostock', 'hold-confirm'),
        step('plain', 'returns'), step('autostock', 'returns'),
        step('plain', 'lookup'), step('autostock', 'lookup'),
        step('plain', 'sold-out'), step('autostock', 'sold-out'),
        ...hot(1024, ['autostock']),
        ...hot(4096, ['autostock', 'waiting']),
        step('autostock', 'hot-rollup'), step('autostock', 'hot-reconcile'),
    ];
}

function full() {
    const steps = [...standard(), ...hot(1024, ['plain']),
        ...hot(4096, ['plain']), bare(1), bare(8),
        ...[2000, 10000, 20000, 40000].map((rate) => open('autostock', rate)),
        open('plain', 20000)];
    for (const workers of [1, 2, 4]) {
        for (const connections of CONNECTIONS) {
            steps.push(...Object.keys(CASES).filter(
                (one) => !CASES[one].beside).map(
                (one) => step('autostock', one, connections, workers)));
            steps.push(...['hot', 'lookup', 'sold-out'].map(
                (one) => step('plain', one, connections, workers)));
            steps.push(...['redis', 'node'].map(
                (server) => step(server, 'hot', connections, workers)));
        }
    }
    for (const batch of [1, 8, 32, 64, 128, 256, 512, 1024]) {
        steps.push(bare(1, batch));
    }
    for (const rate of [1000, 5000, 30000, 50000, 60000]) {
        steps.push(open('autostock', rate), open('plain', rate));
    }
    const seen = new Set();
    return steps.filter((one) => !seen.has(one.name) && seen.add(one.name));
}

module.exports = { CASES, CONNECTIONS, SERVERS, bare, full, half, open,
    quick, standard, step };
