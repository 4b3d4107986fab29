'use strict';

/* A local stack (stack/stack) of the benchmark's own, and its queues. */

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { run, sleep, waitFor } = require('./system');

/* Production takes an hour a step: no callback disturbs the measurement. */
const STEP_MS = '3600000';

class Stack {
    constructor(top, folder) {
        this.command = path.join(top, 'stack', 'stack');
        this.folder = path.join(folder, 'stack');
        this.agent = new http.Agent({ keepAlive: true });
    }

    call(...words) {
        return run(this.command, words, { maxBuffer: 2 ** 26, env: {
            ...process.env, AUTOSTOCK_STACK_DIR: this.folder,
            AUTOSTOCK_STACK_STEP_MS: STEP_MS } });
    }

    async up() {
        /* left by a killed run */
        this.forgetMemory();
        await this.call('down', '--wipe');
        await this.keepInMemory();
        await this.call('up');
        await this.call('stop', 'worker');
        const { stdout } = await run('bash', ['-c',
            'set -a; eval "$("$0" env)"; env -0', this.command],
        { env: { PATH: process.env.PATH, HOME: process.env.HOME,
            AUTOSTOCK_STACK_DIR: this.folder }, maxBuffer: 2 ** 20 });
        this.env = Object.fromEntries(stdout.split('\0').filter(Boolean)
            .map((one) => [one.slice(0, one.indexOf('=')),
                one.slice(one.indexOf('=') + 1)]));
    }

    /* AWS has no such limit as the emulator's disk: avoid it. */
    async keepInMemory() {
        fs.mkdirSync(this.folder, { recursive: true });
        fs.symlinkSync(fs.mkdtempSync(fs.existsSync('/dev/shm')
            ? '/dev/shm/bench-' : path.join(this.folder, 'memory-')),
        path.join(this.folder, 'emulator'));
    }

    forgetMemory() {
        const link = path.join(this.folder, 'emulator');
        try {
            fs.rmSync(fs.readlinkSync(link), { recursive: true });
        } catch (error) {
            if (error.code !== 'ENOENT') {
                throw error;
            }
        }
    }

    async down() {
        await this.call('stop', 'emulator');
        this.forgetMemory();
        await this.call('down', '--wipe');
    }

    async sql(text) {
        const { stdout } = await this.call('sql', text);
        return stdout.trim().split('\n').filter(Boolean)
            .map((line) => line.split('\t'));
    }

    post(url, headers, body, agent = this.agent) {
        return new Promise((resolve, reject) => {
            const request = http.request(url, { method: 'POST', agent,
                headers: { ...headers,
                    'Content-Length': Buffer.byteLength(body) } },
            (response) => {
                let text = '';
                response.setEncoding('utf8');
                response.on('data', (data) => { text += data; });
                response.on('end', () => (response.statusCode < 300
                    ? resolve(text) : reject(new Error(
                        `${url}: ${response.statusCode} ${text}`))));
            });
            request.on('error', reject);
            request.end(body);
        });
    }

    sqs(operation, body) {
        return this.post(this.env.AWS_ENDPOINT_URL, {
            'Content-Type': 'application/x-amz-json-1.0',
            'X-Amz-Target': `AmazonSQS.${operation}`,
            Authorization: this.authorization('sqs') }, JSON.stringify(body));
    }

    sns(form) {
        return this.post(this.env.AWS_ENDPOINT_URL, {
            'Content-Type': 'application/x-www-form-urlencoded',
            Authorization: this.authorization('sns') },
        new URLSearchParams({ Version: '2010-03-31', ...form }).toString());
    }

    /* The emulator reads region and service, and checks no signature. */
    authorization(service) {
        const { AWS_ACCESS_KEY_ID, AWS_REGION } = this.env;
        return `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/20260101/`
            + `${AWS_REGION}/${service}/aws4_request, SignedHeaders=host,`
            + ' Signature=none';
    }

    /* A topic without subscription. */
    async silentTopic() {
        const answer = await this.sns({ Action: 'CreateTopic',
            Name: 'bench_relay' });
        return /<TopicArn>([^<]+)</.exec(answer)[1];
    }

    async counts(url) {
        const { Attributes: all } = JSON.parse(await this.sqs(
            'GetQueueAttributes', { QueueUrl: url, AttributeNames: [
                'ApproximateNumberOfMessages',
                'ApproximateNumberOfMessagesNotVisible'] }));
        return { visible: Number(all.ApproximateNumberOfMessages),
            taken: Number(all.ApproximateNumberOfMessagesNotVisible) };
    }

    async depth(url = this.env.QUEUE_URL) {
        const { visible, taken } = await this.counts(url);
        return visible + taken;
    }

    /*
     * The emulator does not notice that a consumer has disconnected: its
     * long poll would receive the next messages.  Each receives one of these.
     */
    async endOldPolls() {
        const QueueUrl = this.env.QUEUE_URL;
        await waitFor('the end of old long polls', 25, async () => {
            await this.sqs('SendMessage', { QueueUrl, MessageBody: 'bait' });
            await sleep(50);
            return (await this.counts(QueueUrl)).visible > 0;
        });
    }

    async emptyQueues() {
        await this.endOldPolls();
        for (const url of [this.env.QUEUE_URL, this.env.DLQ_URL]) {
            await this.sqs('PurgeQueue', { QueueUrl: url });
            await waitFor('an empty queue', 10,
                async () => await this.depth(url) === 0);
        }
    }

    async asked() {
        return new Promise((resolve, reject) => {
            http.get(`${this.env.FACTORY_CONTROL_URL}/counts`,
                { agent: this.agent }, (response) => {
                    let text = '';
                    response.on('data', (data) => { text += data; });
                    response.on('end', () => resolve(
                        JSON.parse(text).request || 0));
                }).on('error', reject);
        });
    }

    /* Removes the orders in production, which use its memory. */
    async factoryForgets() {
        await run('curl', ['-sf', '-X', 'DELETE',
            `${this.env.FACTORY_CONTROL_URL}/orders`]);
    }
}

module.exports = { Stack };
