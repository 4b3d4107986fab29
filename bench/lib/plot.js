'use strict';

/* SVG plots of a run's summary, by gnuplot. */

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./system');

const LOOK = `set terminal svg size 760,460 background "#ffffff" \\
    font "sans,13"
set grid ytics lc "#dddddd"
set border 3
set tics nomirror
set key outside top center horizontal
set style data linespoints
set datafile missing "-"
`;

/* One block of data per line: its name, then x and y. */
async function draw(folder, name, head, lines) {
    const usable = lines.filter((line) => line.points.length > 1);
    if (usable.length === 0) {
        return null;
    }
    const data = usable.map((line, i) => `$D${i} << END\n${line.points
        .map((point) => point.join(' ')).join('\n')}\nEND\n`).join('');
    const plots = usable.map((line, i) => `$D${i} using 1:2 axes ${
        line.axes || 'x1y1'} lw 2 pt 7 ps 0.6 title "${line.title}"`);
    const file = path.join(folder, `${name}.svg`);
    const script = path.join(folder, `${name}.gnuplot`);
    fs.writeFileSync(script, `${LOOK}set output "${file}"\n${head}\n${data}`
        + `plot ${plots.join(', \\\n    ')}\n`);
    await run('gnuplot', [script]);
    fs.unlinkSync(script);
    return file;
}

function points(rows, x, y) {
    return rows.map((row) => [x(row), y(row)])
        .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b))
        .sort((a, b) => a[0] - b[0]);
}

function overConnections(folder, all) {
    const of = (server) => all.filter((row) => row.server === server
        && row.case === 'hot' && row.load === 'closed' && row.workers === 2);
    const servers = ['plain', 'autostock', 'redis', 'node'];
    const lines = (y) => servers.map((server) => ({ title: server,
        points: points(of(server), (row) => row.connections, y) }));
    const ticks = 'set logscale x 2\nset xlabel "connections"\n'
        + 'set xtics (1, 16, 64, 256, 1024, 4096)\n';
    return Promise.all([
        draw(folder, 'throughput-connections', `${ticks}set yrange [0:*]
set ylabel "answers a second"
set title "One hot product: throughput"`, lines((row) => row.per_second)),
        draw(folder, 'p99-connections', `${ticks}set logscale y
set ylabel "p99, milliseconds"
set title "One hot product: p99 of the closed loop"`,
        lines((row) => row.p99_us / 1000)),
    ]);
}

function overProducts(folder, all) {
    const rows = all.filter((row) => row.server === 'autostock'
        && /^products-\d+$/.test(row.case) && row.connections === 256
        && row.workers === 2);
    const products = (row) => Number(row.case.split('-')[1]);
    return draw(folder, 'throughput-products', `set logscale x 10
set xlabel "products, uniformly requested"
set yrange [0:*]
set ylabel "sales a second"
set y2label "p99, milliseconds"
set y2range [0:*]
set y2tics
set border 11
set title "autostock, 256 connections"`, [
        { title: 'sales a second',
            points: points(rows, products, (row) => row.per_second) },
        { title: 'p99', axes: 'x1y2',
            points: points(rows, products, (row) => row.p99_us / 1000) },
    ]);
}

function overLoad(folder, all) {
    const rows = all.filter((row) => row.server === 'autostock'
        && row.load.startsWith('open'));
    return draw(folder, 'batch-load', `set xlabel "offered sales a second"
set yrange [0:*]
set ylabel "sales a batch, mean"
set y2label "p99 from the due time, milliseconds"
set y2range [0:*]
set y2tics
set border 11
set title "autostock, open loop over 256 connections"`, [
        { title: 'sales a batch',
            points: points(rows, (row) => row.per_second,
                (row) => row.batch_mean) },
        { title: 'p99', axes: 'x1y2',
            points: points(rows, (row) => row.per_second,
                (row) => row.p99_us / 1000) },
    ]);
}

async function plot(folder, all) {
    const files = [...await overConnections(folder, all),
        await overProducts(folder, all), await overLoad(folder, all)];
    return files.filter(Boolean);
}

module.exports = { plot };
