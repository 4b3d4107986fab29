'use strict';

/* The targets that autostock must reach, and whether it did. */

const { bare, half, step } = require('./cases');
const { compare, field } = require('./statistics');

const RATIO = (a, b) => a / b;
const MEGABYTES = (a, b) => (a - b) / 2 ** 20;

const HOT = step('autostock', 'hot');
const RATE = 'per_second';

function one(name) {
    return step('autostock', name);
}

function plain(name, connections = 256) {
    return step('plain', name, connections);
}

function hot(connections) {
    return step('autostock', 'hot', connections);
}

/* most: smaller is better */
const TARGETS = [
    ['hot product against return 200', HOT, plain('hot'), RATE, 0.6, 0.75],
    ['hot product against Redis DECR through Lua', HOT,
        step('redis', 'hot'), RATE, 1.7, 2.2],
    ['hot product against Node, same transaction', HOT,
        step('node', 'hot'), RATE, 60, 100],
    ['64 connections against return 200', hot(64), plain('hot', 64), RATE,
        0.42, 0.55],
    ['16 connections against return 200', hot(16), plain('hot', 16), RATE,
        0.2, 0.3],
    ['new key on every request against return 200', one('key-new'),
        plain('key-new'), RATE, 0.42, 0.5],
    ['10 % of the keys replayed, against none', one('key-replayed'),
        one('key-new'), RATE, 0.8, 0.9],
    ['1,000 products uniform against return 200', one('products-1000'),
        plain('products-1000'), RATE, 0.3, 0.4],
    ['carts of three of 1,000 products against return 200', one('carts-3'),
        plain('carts-3'), RATE, 0.12, 0.2],
    ['hold, then confirm, against return 200', one('hold-confirm'),
        plain('hold-confirm'), RATE, 0.2, 0.35],
    ['returns of single pieces against return 200', one('returns'),
        plain('returns'), RATE, 0.15, 0.25],
    ['look-ups against return 200', one('lookup'), plain('lookup'), RATE,
        0.75, 0.85],
    ['sold-out storm against return 200', one('sold-out'),
        plain('sold-out'), RATE, 0.75, 0.85],
    ['1,024 connections against 256', hot(1024), HOT, RATE, 0.95, 1.1],
    ['4,096 connections against 256', hot(4096), HOT, RATE, 0.95, 1.1],
    ['1 connection: p50 against the bare transaction', hot(1),
        bare(1), 'p50_us', 1.15, 1, 'most'],
    ['open loop at half of the closed rate: p99 against return 200',
        half('autostock'), half('plain'), 'p99_us', 4, 2, 'most'],
    ['p99 at 256 connections against return 200', HOT, plain('hot'),
        'p99_us', 1.8, 1.2, 'most'],
    ['hot product beside ledger rollup, against without', one('hot-rollup'),
        HOT, RATE, 0.9, 0.95],
    ['hot product beside reconcile, against without', one('hot-reconcile'),
        HOT, RATE, 0.9, 0.95],
].map(([title, step1, step2, name, least, aim, most]) => ({ title, least,
    aim, most: most === 'most', unit: '',
    value: (results) => (results[step1.name] && results[step2.name]
        ? compare(results[step1.name], results[step2.name], name, RATIO)
        : null) })).concat([
    { title: 'ledger bytes a sale on disk, 256 connections', least: 10,
        aim: 4, most: true, unit: '',
        value: (results) => results[HOT.name]
            && field(results[HOT.name], 'ledger_bytes') },
    { title: 'memory a worker at 4,096, over as many waiting in nginx',
        least: 2, aim: 1, most: true, unit: ' MB',
        value: (results) => {
            const [a, b] = [hot(4096).name,
                step('waiting', 'hot', 4096).name];
            return results[a] && results[b]
                ? compare(results[a], results[b], 'anonymous', MEGABYTES)
                : null;
        } },
]);

function judge(target, results) {
    const measured = target.value(results);
    if (!measured) {
        return { ...target, measured: null, verdict: 'not measured' };
    }
    const reached = (bound) => (target.most ? measured.median <= bound
        : measured.median >= bound);
    return { ...target, measured, verdict: reached(target.aim) ? 'aim met'
        : reached(target.least) ? 'met' : 'NOT MET' };
}

module.exports = {
    judge: (results) => TARGETS.map((target) => judge(target, results)),
};
