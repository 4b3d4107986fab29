'use strict';

/* autostock's own numbers, from its status location (Prometheus text). */

const http = require('node:http');

function fetch(port) {
    return new Promise((resolve, reject) => {
        const request = http.get({ host: '127.0.0.1', port,
            path: '/autostock/status', agent: false }, (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (data) => { text += data; });
            response.on('end', () => (response.statusCode === 200
                ? resolve(text)
                : reject(new Error(`status: ${response.statusCode}`))));
        });
        request.on('error', reject);
    });
}

/* Samples by name, summed over all labels but "le". */
function parse(text) {
    const samples = new Map();
    for (const line of text.split('\n')) {
        const found = /^(\w+)(?:\{(.*)\})?\s+(\S+)/.exec(line);
        if (found) {
            const le = /(?:^|,)le="([^"]*)"/.exec(found[2] || '');
            const name = le ? `${found[1]} ${le[1]}` : found[1];
            samples.set(name, (samples.get(name) || 0) + Number(found[3]));
        }
    }
    return samples;
}

async function read(port) {
    return parse(await fetch(port));
}

/* The changes between two readings. */
function difference(before, after) {
    const delta = (name) => (after.get(name) || 0) - (before.get(name) || 0);
    const buckets = [...after.keys()]
        .filter((name) => name.startsWith('autostock_batch_size_bucket '))
        .map((name) => [name.split(' ')[1], delta(name)]);
    const histogram = {};
    let below = 0;
    for (const [le, count] of buckets) {
        histogram[le] = count - below;
        below = count;
    }
    const batches = delta('autostock_batch_size_count');
    return {
        /* a confirmed hold is a sale */
        sales: delta('autostock_sales_total')
            + delta('autostock_confirms_total'),
        replays: delta('autostock_replays_total'),
        batches,
        batch_mean: batches
            ? delta('autostock_batch_size_sum') / batches : null,
        retries: delta('autostock_batch_retries_total'),
        overloads: delta('autostock_overloads_total'),
        histogram,
    };
}

module.exports = { difference, read };
