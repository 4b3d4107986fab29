'use strict';

/* Writes the results as tables for readers, and as JSON and CSV. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { CASES } = require('./cases');
const { field, median } = require('./statistics');

const PROCESSORS = os.cpus().length;
const COLUMNS = ['name', 'server', 'case', 'load', 'connections', 'workers',
    'rounds', 'per_second', 'per_second_min', 'per_second_max', 'p50_us',
    'p99_us', 'p999_us', 'cpu_server_us', 'cpu_store_us', 'cpu_client_us',
    'full_at', 'syncs_per_sale', 'batch_mean', 'anonymous_bytes', 'faults'];

function number(value, digits = 0) {
    return Number.isFinite(value) ? value.toLocaleString('en-US',
        { minimumFractionDigits: digits, maximumFractionDigits: digits })
        : '-';
}

function small(value) {
    return Number.isFinite(value) ? Number(value.toPrecision(3)).toString()
        : '-';
}

/* Aligns the first column to the left, numbers to the right. */
function table(rows) {
    const widths = rows[0].map((_, i) => Math.max(
        ...rows.map((row) => [...String(row[i])].length)));
    return rows.map((row) => row.map((cell, i) => (i === 0
        ? String(cell).padEnd(widths[i])
        : String(cell).padStart(widths[i]))).join('  ').trimEnd());
}

function summary(step, rounds) {
    const of = (name) => (field(rounds, name) || { median: NaN }).median;
    const rate = field(rounds, 'per_second');
    const batches = rounds.filter(
        (one) => one.autostock && one.autostock.batches)
        .map((one) => one.autostock.batch_mean);
    return {
        name: step.name, server: step.server, case: step.case,
        load: step.load.kind === 'open' ? `open ${step.load.rate}/s`
            : step.load.kind === 'bare' ? `batch ${step.load.batch}`
                + (step.load.packet ? ` ${step.load.packet}` : '')
                : 'closed',
        connections: step.connections, workers: step.workers,
        rounds: rounds.length, per_second: rate.median,
        per_second_min: rate.min, per_second_max: rate.max,
        p50_us: of('p50_us'), p99_us: of('p99_us'), p999_us: of('p999_us'),
        cpu_server_us: of('cpu_server'), cpu_store_us: of('cpu_store'),
        cpu_client_us: of('cpu_client'),
        /* answers per second that would use all processors: the number that
           other load on the machine changes least */
        full_at: PROCESSORS * 1e6 / (of('cpu_server') + of('cpu_store')
            + of('cpu_client')),
        syncs_per_sale: of('syncs_per_sale'),
        batch_mean: batches.length ? median(batches) : NaN,
        anonymous_bytes: of('anonymous'),
        faults: rounds.reduce((sum, one) => sum + one.faults.length, 0),
    };
}

function summaries(plan, results) {
    return plan.filter((step) => results[step.name])
        .map((step) => summary(step, results[step.name]));
}

function resultLines(all) {
    const title = (row) => (row.load === 'closed' ? '' : `${row.load}, `)
        + (CASES[row.case].title || row.case);
    return table([['server: case', 'conn', 'wkr', 'per s', 'min', 'max',
        'p50 ms', 'p99 ms', 'cpu µs',
        'db µs', 'load µs', 'full at', 'sync/sale',
        'batch', 'MB/wkr', 'books'],
    ...all.map((row) => [`${row.server}: ${title(row)}`,
        number(row.connections), row.workers, number(row.per_second),
        number(row.per_second_min), number(row.per_second_max),
        number(row.p50_us / 1000, 2), number(row.p99_us / 1000, 2),
        number(row.cpu_server_us, 1), number(row.cpu_store_us, 1),
        number(row.cpu_client_us, 1), number(row.full_at),
        small(row.syncs_per_sale),
        number(row.batch_mean, 1), number(row.anonymous_bytes / 2 ** 20, 1),
        row.faults ? `${row.faults} WRONG` : 'right'])]);
}

function targetLines(targets) {
    return table([['target', 'measured', 'min', 'max', 'at least', 'aim', ''],
        ...targets.map((one) => {
            const sign = one.most ? '≤ ' : '≥ ';
            const value = (name) => (one.measured
                ? small(one.measured[name]) + one.unit : '-');
            return [one.title, value('median'), value('min'), value('max'),
                sign + one.least + one.unit, sign + one.aim + one.unit,
                one.verdict];
        })]);
}

/* Batch sizes of the hot product, as shares of the batches. */
function histogramLines(plan, results) {
    const step = plan.find((one) => one.server === 'autostock'
        && one.case === 'hot' && one.connections === 256
        && one.load.kind === 'wrk' && results[one.name]);
    if (!step) {
        return [];
    }
    const sizes = {};
    let all = 0;
    for (const { autostock } of results[step.name]) {
        for (const [le, count] of Object.entries(autostock.histogram)) {
            sizes[le] = (sizes[le] || 0) + count;
            all += count;
        }
    }
    return ['', `batch sizes of ${step.name} (up to: share of batches)`,
        ...Object.entries(sizes).filter(([, count]) => count > 0)
            .map(([le, count]) => `${le.padStart(8)}  `
                + `${number(100 * count / all, 1).padStart(5)} %  `
                + '#'.repeat(Math.round(50 * count / all)))];
}

function faultLines(plan, results) {
    return plan.flatMap((step) => (results[step.name] || []).flatMap(
        (round, i) => round.faults.map(
            (fault) => `WRONG ${step.name}, round ${i + 1}: ${fault}`)));
}

function csv(all) {
    const cell = (value) => (typeof value === 'number'
        ? (Number.isFinite(value) ? String(Math.round(value * 1e4) / 1e4)
            : '') : `"${value}"`);
    return [COLUMNS.join(), ...all.map((row) => COLUMNS.map(
        (name) => cell(row[name])).join())].join('\n') + '\n';
}

function write(folder, context, plan, results, targets) {
    const all = summaries(plan, results);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'results.json'), JSON.stringify(
        { ...context, targets, summary: all, rounds: results }, null, 1));
    fs.writeFileSync(path.join(folder, 'results.csv'), csv(all));
    return all;
}

module.exports = { faultLines, histogramLines, resultLines, small, summaries,
    table, targetLines, write };
