'use strict';

const { CASES, SERVERS } = require('./cases');
const { PACKETS } = require('./packets');

const USAGE = `usage: bench/run [--quick | --full] [options]

Measures autostock and what a user would otherwise run, in alternating rounds,
and checks the books after every measurement.

  (nothing)           the default run: about ten minutes
  --quick             the main ratios only: two minutes
  --full              the whole matrix: two hours
  --case NAME         one case (repeatable): ${Object.keys(CASES).join(', ')}
  --server NAME       with --case (repeatable): ${SERVERS.join(', ')}, bare
                      (default: autostock and plain)
  --connections N     with --case (repeatable; default 256)
  --workers N         with --case: nginx workers (repeatable; default 2)
  --rate N            with --case hot: open loop at N a second (repeatable)
  --batch N           with --server bare: sales a transaction (repeatable)
  --packet NAME       with --server bare: a form of the transaction
                      (repeatable): ${Object.keys(PACKETS).join(', ')},
                      rows (a ledger row for each sale)
  --seconds N         of each measurement
  --rounds N
  --threads N         of wrk (default 2)
  --set "WORDS"       a line of the autostock_database block, for example
                      "pool_size 2" (repeatable)
  --sql TEXT          run on the shop's database before the first measurement,
                      for example to measure the cost of an index, or
                      "DROP PROCEDURE autostock_sell" (repeatable)
  --module FILE       default: build/ngx_http_autostock_module.so
  --node-pool N       connections a Node process (default 8)
  --output FOLDER     default: bench/results/<time>
  --perf              samples of the whole machine, by process and function
                      (perf-*.txt beside the results)
  --instructions      one nginx process under callgrind: instructions an
                      answer; the rates then mean nothing
  --keep              leave the servers running until Ctrl-C

Exits with 1 if an answer or the books were wrong. A target that is not met is
shown in the table and is no error.`;

const LISTS = { '--case': 'cases', '--server': 'servers',
    '--connections': 'connections', '--workers': 'workers', '--rate': 'rates',
    '--batch': 'batches', '--packet': 'packets', '--set': 'set',
    '--sql': 'sql' };
const VALUES = { '--seconds': 'seconds', '--rounds': 'rounds',
    '--threads': 'threads', '--module': 'module', '--output': 'output',
    '--node-pool': 'nodePool' };
const FLAGS = { '--quick': 'quick', '--full': 'full', '--keep': 'keep',
    '--perf': 'perf', '--instructions': 'instructions' };
const WORDS = new Set(['cases', 'servers', 'packets', 'set', 'sql', 'module',
    'output']);

class UsageError extends Error {}

function value(name, option, text) {
    if (text === undefined) {
        throw new UsageError(`${option} wants a value`);
    }
    if (WORDS.has(name)) {
        return text;
    }
    if (!/^[1-9]\d{0,6}$/.test(text)) {
        throw new UsageError(`${option} wants a number from 1,`
            + ` not "${text}"`);
    }
    return Number(text);
}

function known(what, names, all) {
    for (const name of names) {
        if (!all.includes(name)) {
            throw new UsageError(`no ${what} "${name}"; there are: `
                + all.join(', '));
        }
    }
}

function parse(words) {
    const options = { cases: [], servers: [], connections: [], workers: [],
        rates: [], batches: [], packets: [], set: [], sql: [], threads: 2 };
    for (let i = 0; i < words.length; i++) {
        const word = words[i];
        if (word in FLAGS) {
            options[FLAGS[word]] = true;
        } else if (word in VALUES) {
            options[VALUES[word]] = value(VALUES[word], word, words[++i]);
        } else if (word in LISTS) {
            options[LISTS[word]].push(value(LISTS[word], word, words[++i]));
        } else {
            throw new UsageError(`unknown option "${word}"`);
        }
    }
    known('case', options.cases, Object.keys(CASES));
    known('server', options.servers, [...SERVERS, 'bare']);
    known('packet', options.packets, [...Object.keys(PACKETS), 'rows']);
    return options;
}

module.exports = { USAGE, UsageError, parse };
