'use strict';

/* What autostock must reach, and whether it did. */

const { bare, step } = require('./cases');
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

/* most: the smaller the better */
const TARGETS = [
    ['hot product against return 200', HOT, plain('hot'), RATE, 0.45, 0.6],
    ['hot product against Redis DECR through Lua', HOT,
        step('redis', 'hot'), RATE, 1.3, 2],
    ['hot product against Node, same transaction', HOT,
        step('node', 'hot'), RATE, 40, 60],
    ['new Idempotency-Key each, against ignored', one('key-new'),
        one('key-ignored'), RATE, 0.7, 0.85],
    ['10 % of the keys replayed, against none', one('key-replayed'),
        one('key-new'), RATE, 0.5, 0.8],
    ['1,000 products uniform against hot', one('products-1000'), HOT, RATE,
        0.5, 0.8],
    ['look-ups against return 200', one('lookup'), plain('lookup'), RATE,
        0.6, 0.8],
    ['sold-out storm against return 200', one('sold-out'),
        plain('sold-out'), RATE, 0.5, 0.7],
    ['1,024 connections against 256', hot(1024), HOT, RATE, 0.8, 1],
    ['4,096 connections against 256', hot(4096), HOT, RATE, 0.8, 1],
    ['64 connections against return 200', hot(64), plain('hot', 64), RATE,
        0.3, 0.45],
    ['1 connection: p50 against the bare transaction', hot(1), bare(1),
        'p50_us', 1.2, 1.05, 'most'],
    ['hot product beside ledger rollup, against without', one('hot-rollup'),
        HOT, RATE, 0.9, 0.95],
    ['hot product beside reconcile, against without', one('hot-reconcile'),
        HOT, RATE, 0.9, 0.95],
    ['p99 at 256 connections against return 200', HOT, plain('hot'),
        'p99_us', 3, 2, 'most'],
].map(([title, step1, step2, name, least, aim, most]) => ({ title, least,
    aim, most: most === 'most', unit: '',
    value: (results) => (results[step1.name] && results[step2.name]
        ? compare(results[step1.name], results[step2.name], name, RATIO)
        : null) })).concat([
    { title: 'fsyncs per sale, 256 connections', least: 0.05, aim: 0.02,
        most: true, unit: '',
        value: (results) => results[HOT.name]
            && field(results[HOT.name], 'syncs_per_sale') },
    /* requests that do not wait, and as many that do */
    ...[['memory a worker at 4,096, over return 200', 'plain'],
        ['the same, over as many waiting in nginx', 'waiting'],
    ].map(([title, server]) => ({ title, least: 8, aim: 4, most: true,
        unit: ' MB',
        value: (results) => {
            const [a, b] = [hot(4096).name,
                step(server, 'hot', 4096).name];
            return results[a] && results[b]
                ? compare(results[a], results[b], 'anonymous', MEGABYTES)
                : null;
        } })),
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
