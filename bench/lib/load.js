'use strict';

/*
 * The load: wrk (closed loop), openloop (constant arrivals), bare (the
 * database alone).  Each returns one object of numbers.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');
const { packetOptions } = require('./packets');

/* A command's output, and the processor time it took, microseconds. */
function timed(command, args, env) {
    return new Promise((resolve, reject) => {
        const child = spawn('bash', ['-c',
            'TIMEFORMAT="%U %S"; ulimit -n "$(ulimit -Hn)"; time "$@" 2>&1',
            'bash', command, ...args],
        { stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, ...env } });
        let out = '';
        let said = '';
        child.stdout.on('data', (data) => { out += data; });
        child.stderr.on('data', (data) => { said += data; });
        child.on('error', reject);
        child.on('close', (code) => {
            if (code !== 0) {
                reject(new Error(`${path.basename(command)}: ${out}${said}`));
                return;
            }
            const [user, kernel] = said.trim().split('\n').pop().split(' ');
            resolve({ out, cpu: (Number(user) + Number(kernel)) * 1e6 });
        });
    });
}

async function wrk(options, server, step, seconds, seed) {
    const threads = Math.min(options.threads, step.connections);
    const { out, cpu } = await timed('wrk', ['-t', String(threads),
        '-c', String(step.connections), '-d', `${seconds}s`,
        '-s', path.join(options.bench, 'wrk', `${step.load.script}.lua`),
        `http://127.0.0.1:${server.port}/`],
    { ...step.load.env, BENCH_WRK: path.join(options.bench, 'wrk'),
        BENCH_SEED: String(seed) });
    const line = /^BENCH (\{.*\})$/m.exec(out);
    if (!line) {
        throw new Error(`wrk: ${out}`);
    }
    const told = JSON.parse(line[1]);
    return { ...told, client_cpu: cpu,
        per_second: told.requests / told.seconds,
        ok: told.requests - told.status_errors,
        failed: told.connect_errors + told.read_errors + told.write_errors,
        extra: step.connections };
}

const BODY = '{"sku":"CP-502101","quantity":1}';

async function open(options, server, step, seconds) {
    const { out, cpu } = await timed(path.join(options.built, 'openloop'),
        ['--rate', String(step.load.rate), '--seconds', String(seconds),
            '--connections', String(step.connections), '--warmup', '0.5',
            '--header', 'Content-Type: application/json', '--body', BODY,
            `127.0.0.1:${server.port}`, '/checkout'], {});
    const told = JSON.parse(out);
    return { ...told, client_cpu: cpu,
        per_second: told.requests / told.seconds,
        ok: told.sent - told.status_4xx - told.status_5xx,
        status_errors: told.status_4xx + told.status_5xx,
        failed: told.errors + told.unanswered, extra: 0 };
}

async function bare(options, database, step, seconds) {
    const { out, cpu } = await timed(path.join(options.built, 'bare'),
        ['--socket', database.socket, '--user', database.user,
            '--database', database.name, '--product', database.product,
            '--clients', String(step.connections),
            '--batch', String(step.load.batch),
            '--seconds', String(seconds),
            ...(step.load.packet === 'rows' ? ['--rows']
                : step.load.packet ? packetOptions(step.load.packet) : [])],
        { BENCH_PASSWORD: database.password });
    const told = JSON.parse(out);
    return { ...told, client_cpu: cpu, requests: told.sales,
        per_second: told.sales_per_second, ok: told.sales,
        status_errors: 0, failed: 0, extra: 0 };
}

module.exports = { bare, open, wrk };
