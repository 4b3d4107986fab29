'use strict';

/*
 * Processes, and their values in /proc.  Every process that this starts ends
 * before the runner does.
 */

const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const { promisify } = require('node:util');

const run = promisify(execFile);
const started = [];

/* Debian's sbin is not on every user's PATH */
process.env.PATH += ':/usr/local/sbin:/usr/sbin:/sbin';

function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

/*
 * Servers continue to run after a runner that was killed.  Each is recorded
 * with its start time, by which the next run distinguishes it from another
 * process that got the same pid.
 */
let book = null;

function startedAt(pid) {
    const stat = readOr(`/proc/${pid}/stat`, '');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function endLeftovers(file) {
    book = file;
    for (const line of readOr(file, '').split('\n').filter(Boolean)) {
        const [pid, at, name] = line.split(' ');
        if (startedAt(pid) === at) {
            console.log(`ending ${name} (${pid}) of a run that was killed`);
            process.kill(Number(pid), 'SIGTERM');
            await waitFor(`the end of ${name}`, 30,
                () => startedAt(pid) !== at);
        }
    }
    fs.rmSync(file, { force: true });
}

/* Calls probe until it returns a true value; fails after the time. */
async function waitFor(what, seconds, probe) {
    const until = Date.now() + seconds * 1000;
    let last;
    while (Date.now() < until) {
        try {
            const value = await probe();
            if (value) {
                return value;
            }
        } catch (error) {
            last = error;
        }
        await sleep(20);
    }
    throw new Error(`${what}: not after ${seconds} s`
        + (last ? ` (${last.message.trim()})` : ''));
}

/*
 * Starts a server in the foreground; its output goes to a file.  ended shows
 * whether it has ended, so that a start that failed is not waited for.
 */
function start(name, command, args, { log, env, signal = 'SIGTERM' } = {}) {
    const out = log ? fs.openSync(log, 'a') : 'ignore';
    const child = spawn(command, args,
        { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
    if (log) {
        fs.closeSync(out);
    }
    if (book && child.pid) {
        fs.appendFileSync(book,
            `${child.pid} ${startedAt(child.pid)} ${name}\n`);
    }
    const server = { name, pid: child.pid, child, signal, ended: false };
    server.gone = new Promise((resolve) => {
        child.on('exit', () => {
            server.ended = true;
            resolve();
        });
        child.on('error', (error) => {
            server.ended = true;
            server.error = error;
            resolve();
        });
    });
    started.push(server);
    return server;
}

async function stop(server) {
    if (!server.ended) {
        server.child.kill(server.signal);
        const late = setTimeout(() => server.child.kill('SIGKILL'), 20000);
        await server.gone;
        clearTimeout(late);
    }
    started.splice(started.indexOf(server), 1);
}

async function stopAll() {
    for (const server of [...started].reverse()) {
        await stop(server);
    }
    if (book) {
        fs.rmSync(book, { force: true });
    }
}

async function waitForServer(server, seconds, probe, log) {
    await waitFor(server.name, seconds, async () => {
        if (server.ended) {
            return true;
        }
        return probe();
    });
    if (server.ended) {
        const said = log && fs.existsSync(log)
            ? fs.readFileSync(log, 'utf8').trim().split('\n').slice(-5)
                .join('\n') : '';
        throw new Error(`${server.name} did not start: `
            + (server.error ? server.error.message : said));
    }
}

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = net.createServer();
        /* below the range of ports for outgoing connections */
        const port = 10000 + Math.floor(Math.random() * 20000);
        probe.on('error', () => resolve(freePort()));
        probe.listen(port, '127.0.0.1', () => probe.close((error) => (
            error ? reject(error) : resolve(port))));
    });
}

function portAnswers(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('connect', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

function readOr(path, otherwise) {
    try {
        return fs.readFileSync(path, 'utf8');
    } catch {
        return otherwise;
    }
}

function childrenOf(pid) {
    const list = readOr(`/proc/${pid}/task/${pid}/children`, '').trim();
    return list === '' ? [] : list.split(' ').map(Number);
}

function familyOf(pid) {
    return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

const TICK = 1e6 / 100;             /* USER_HZ is 100 on every Linux */

/* Processor time of a process and its children, microseconds. */
function cpuOf(pid) {
    return familyOf(pid).reduce((sum, one) => {
        const stat = readOr(`/proc/${one}/stat`, '');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return stat === '' ? sum
            : sum + (Number(fields[11]) + Number(fields[12])) * TICK;
    }, 0);
}

/* Anonymous resident memory, bytes. */
function anonymousOf(pid) {
    const found = /^RssAnon:\s+(\d+) kB/m.exec(
        readOr(`/proc/${pid}/status`, ''));
    return found ? Number(found[1]) * 1024 : 0;
}

function machine() {
    const model = /^model name\s*:\s*(.*)$/m.exec(
        readOr('/proc/cpuinfo', ''));
    return {
        processors: require('node:os').cpus().length,
        model: model ? model[1] : 'unknown',
        memory: require('node:os').totalmem(),
        kernel: require('node:os').release(),
        somaxconn: Number(readOr('/proc/sys/net/core/somaxconn', '0')),
        load: require('node:os').loadavg()[0],
    };
}

module.exports = {
    anonymousOf, childrenOf, cpuOf, endLeftovers, freePort, machine, portAnswers, readOr,
    run, sleep, start, stop, stopAll, waitFor, waitForServer,
};
