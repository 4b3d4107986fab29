'use strict';

/*
 * The servers that are measured.  Each starts at its first use, with the given
 * number of worker processes, and runs until the end: while idle it uses no
 * processor time.
 */

const fs = require('node:fs');
const path = require('node:path');
const system = require('./system');

const MODULES = '/usr/lib/nginx/modules';
const NODE_POOL = 8;                /* connections a process: see README */

function fill(text, values) {
    return text.replace(/@(\w+)@/g, (_, name) => {
        if (!(name in values)) {
            throw new Error(`bench/conf: no value for @${name}@`);
        }
        return values[name];
    });
}

function fileLimit() {
    const found = /^Max open files\s+\d+\s+(\d+)/m.exec(
        system.readOr('/proc/self/limits', ''));
    return found ? Number(found[1]) : 1024;
}

class Servers {
    constructor(options, folder, sockets, database) {
        this.options = options;
        this.folder = folder;
        this.sockets = sockets;
        this.database = database;
        this.running = new Map();
    }

    async get(name, workers) {
        const key = `${name}-${workers}`;
        if (!this.running.has(key)) {
            const make = { plain: this.plain,
                waiting: this.waiting, redis: this.redis,
                autostock: this.autostock, node: this.node }[name];
            this.running.set(key, await make.call(this, key, workers));
        }
        return this.running.get(key);
    }

    conf(name) {
        return fs.readFileSync(
            path.join(this.options.bench, 'conf', name), 'utf8');
    }

    async nginx(key, workers, modules, http, server, values) {
        const dir = path.join(this.folder, key);
        fs.mkdirSync(dir, { recursive: true });
        const port = await system.freePort();
        const all = {
            dir, port, workers, files: fileLimit(),
            user: process.getuid() === 0 ? 'user root;' : '',
            modules: modules.map((file) => `load_module ${file};`).join('\n'),
            ...values,
        };
        all.http = http ? fill(this.conf(http), all) : '';
        all.server = fill(this.conf(server), all);
        if (this.options.instructions) {
            /* no process would accept from a second reuseport socket */
            all.modules += '\nmaster_process off;';
            all.workers = 1;
        }
        const file = path.join(dir, 'nginx.conf');
        const log = path.join(dir, 'error.log');
        fs.writeFileSync(file, fill(this.conf('nginx.conf'), all));
        fs.writeFileSync(log, '');
        await system.run('nginx', ['-t', '-q', '-c', file, '-p', dir,
            '-e', log]);
        const data = path.join(dir, 'callgrind');
        /* otherwise the counts of an earlier run would be read */
        for (const old of fs.readdirSync(dir)) {
            if (old.startsWith('callgrind.')) {
                fs.rmSync(path.join(dir, old));
            }
        }
        const wrap = this.options.instructions ? ['valgrind',
            '--tool=callgrind', '-q', `--callgrind-out-file=${data}`] : [];
        const [command, ...args] = [...wrap, 'nginx', '-c', file, '-p', dir,
            '-e', log];
        const started = system.start(key, command, args, { log });
        await system.waitForServer(started, 20,
            () => system.portAnswers(port), log);
        return { key, port, log, process: started, data,
            workers: () => system.childrenOf(started.pid) };
    }

    plain(key, workers) {
        return this.nginx(key, workers, [], null, 'plain.conf', {});
    }

    waiting(key, workers) {
        return this.nginx(key, workers, [], 'waiting-http.conf',
            'waiting.conf', {});
    }

    async redis(key, workers) {
        if (!this.redisServer) {
            const socket = path.join(this.sockets, 'redis.sock');
            const log = path.join(this.folder, 'redis.log');
            this.redisSocket = socket;
            this.redisServer = system.start('redis', 'redis-server',
                ['--port', '0', '--unixsocket', socket, '--save', '',
                    '--appendonly', 'no', '--maxclients', '10000',
                    '--dir', this.folder], { log });
            await system.waitForServer(this.redisServer, 10,
                () => fs.existsSync(socket), log);
        }
        const server = await this.nginx(key, workers,
            ['ndk_http_module.so', 'ngx_http_lua_module.so'].map(
                (file) => path.join(MODULES, file)),
            'redis-http.conf', 'redis.conf', { redis: this.redisSocket });
        return { ...server, store: this.redisServer };
    }

    async redisCommand(...words) {
        const { stdout } = await system.run('redis-cli',
            ['-s', this.redisSocket, ...words]);
        return stdout.trim();
    }

    async autostock(key, workers) {
        const server = await this.nginx(key, workers, [this.options.module],
            'autostock-http.conf', 'autostock.conf', {
                socket: this.database.socket, dbuser: this.database.user,
                password_file: this.database.passwordFile,
                database: this.database.name,
                settings: this.options.set.map((one) => `${one};`)
                    .join('\n    '),
            });
        return { ...server, store: this.database.server };
    }

    async node(key, workers) {
        const port = await system.freePort();
        const log = path.join(this.folder, `${key}.log`);
        const started = system.start(key, process.execPath,
            [path.join(this.options.bench, 'node', 'server.js')], { log,
                env: { SOCKET: this.database.socket,
                    USER: this.database.user,
                    PASSWORD: this.database.password,
                    DATABASE: this.database.name, PORT: String(port),
                    PROCESSES: String(workers), NODE_ENV: 'production',
                    POOL: String(this.options.nodePool || NODE_POOL) } });
        await system.waitForServer(started, 20,
            () => system.portAnswers(port), log);
        return { key, port, log, process: started,
            store: this.database.server,
            workers: () => system.childrenOf(started.pid) };
    }
}

module.exports = { Servers };
