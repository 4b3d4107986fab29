'use strict';

/*
 * Profiles: samples of the whole machine (perf), or the instructions of one
 * nginx process (callgrind), a number that no other load changes.
 */

const fs = require('node:fs');
const path = require('node:path');
const { run, start, stop } = require('./system');

const FUNCTIONS = 40;

/* cpu-clock, since virtual machines seldom have hardware counters */
function sample(folder, step, seconds) {
    fs.mkdirSync(folder, { recursive: true });
    const data = path.join(folder, 'perf.data');
    const recorder = start('perf', 'perf', ['record', '-q', '-F', '999',
        '-e', 'cpu-clock', '-a', '-o', data, '--', 'sleep',
        String(seconds)]);
    return async () => {
        await recorder.gone;
        await stop(recorder);
        const report = async (sort) => (await run('perf', ['report', '-i',
            data, '--stdio', '--sort', sort], { maxBuffer: 2 ** 26 }))
            .stdout.split('\n').filter((line) => /^\s+\d/.test(line));
        const lines = [step.name, '', ...await report('comm,dso'), '',
            ...(await report('comm,dso,symbol')).slice(0, 120)];
        fs.rmSync(data);
        const file = path.join(folder,
            `perf-${step.name.replace(/[:@/]/g, '-')}.txt`);
        fs.writeFileSync(file, lines.join('\n') + '\n');
        return file;
    };
}

/* Resets the counts of the server's process. */
async function zero(pid) {
    await run('callgrind_control', ['-z', String(pid)]);
}

/* "1,234 ( 1.2%)  file:function [object]" */
const LINE = /^\s*([\d,]+)\s*\([^)]*\)\s+(?:.*?:)?(.+?)(?: \[(.*)\])?$/;

/* The counts since then, by object and by function. */
async function counted(pid, data, answers) {
    await run('callgrind_control', ['--dump=bench', String(pid)]);
    const dumped = fs.readdirSync(path.dirname(data)).filter(
        (name) => name.startsWith(path.basename(data) + '.')).sort();
    const file = path.join(path.dirname(data), dumped.pop());
    const { stdout } = await run('callgrind_annotate',
        ['--threshold=100', '--auto=no', file], { maxBuffer: 2 ** 28 });
    const objects = {};
    const functions = [];
    const total = Number(/^([\d,]+).*PROGRAM TOTALS$/m.exec(stdout)[1]
        .replace(/,/g, ''));
    for (const line of stdout.slice(stdout.indexOf('file:function'))
        .split('\n')) {
        const found = LINE.exec(line);
        const n = found && Number(found[1].replace(/,/g, ''));
        /* main() and its callers began before: they have the total */
        if (n && n < total) {
            const object = path.basename(found[3] || 'unknown');
            objects[object] = (objects[object] || 0) + n / answers;
            functions.push([n / answers, found[2], object]);
        }
    }
    return { total: total / answers, objects,
        functions: functions.sort((a, b) => b[0] - a[0])
            .slice(0, FUNCTIONS) };
}

function tell(step, profile, answers, batch) {
    const n = (value) => Math.round(value).toLocaleString('en-US')
        .padStart(8);
    return [`${step.name}: ${n(profile.total).trim()} instructions an answer`
        + ` (${answers} answers${batch ? `, batches of ${batch.toFixed(1)}`
            : ''})`,
    ...Object.entries(profile.objects).sort((a, b) => b[1] - a[1])
        .filter(([, value]) => value >= 1)
        .map(([name, value]) => `${n(value)}  ${name}`), '',
    ...profile.functions.map(([value, name, object]) => `${n(value)}  `
        + `${name}  [${object}]`), ''];
}

module.exports = { counted, sample, tell, zero };
