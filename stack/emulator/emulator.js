// The SNS and SQS emulator of the local stack: fauxqs through its exported
// buildApp(), listening on 127.0.0.1 only, its state in SQLite so that it
// survives kill -9, with faults that a test asks for while it runs.
//
//   EMULATOR_PORT    port to listen on
//   EMULATOR_DATA    folder of the SQLite file
//   EMULATOR_REGION  region of ARNs and URLs
//
// Faults, per operation ("Publish", "ReceiveMessage", ..., or "*"):
//
//   POST   /_control/faults   {"operation", "fault", "times", "skip", ...},
//                             Content-Type: application/json
//   GET    /_control/faults   lists the faults that are still active
//   DELETE /_control/faults   removes all faults
//   GET    /_control/counts   calls by operation, and faults by kind
//
//   fault   "status"  answers "status" (503) with error "code", and
//                     "retry_after" (seconds) where given
//           "delay"   waits "ms", then does the operation
//           "reset"   resets the connection; does nothing
//           "hang"    never answers; does nothing
//           "lost"    does the operation, then resets the connection
//           "empty"   sends an empty answer at once; does nothing
//   match   the fault applies only to requests that contain this text
//   times   number of calls (1; 0: until deleted), after "skip" other calls
//
// The emulator checks no signature and no queue policy.

import { AsyncLocalStorage } from 'node:async_hooks';

import { buildApp } from './node_modules/fauxqs/dist/app.js';
import { PersistenceManager }
    from './node_modules/fauxqs/dist/persistence.js';
import { SnsStore } from './node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsQueue, SqsStore } from './node_modules/fauxqs/dist/sqs/sqsStore.js';
import { S3Store } from './node_modules/fauxqs/dist/s3/s3Store.js';

const KINDS = new Set(['status', 'delay', 'reset', 'hang', 'lost', 'empty']);

const port = Number(process.env.EMULATOR_PORT);
const region = process.env.EMULATOR_REGION ?? 'ap-northeast-2';

let faults = [];
const counts = { calls: {}, faults: {} };

function openStores(folder) {
    const stores = {
        sqsStore: new SqsStore(),
        snsStore: new SnsStore(),
        s3Store: new S3Store(),
    };
    const persistence = new PersistenceManager(folder);

    // Each message is a transaction.  Written data survives kill -9 without a
    // sync, which would only slow down all requests.
    persistence.db.exec('PRAGMA synchronous = OFF');

    // fauxqs's own statement sets the receive count to NULL, which the table
    // refuses: ChangeMessageVisibility 0 then answered 500 and lost the
    // message.
    const ready = persistence.db.prepare('UPDATE sqs_messages SET '
        + 'receipt_handle = NULL, visibility_deadline = NULL '
        + 'WHERE message_id = ?');
    persistence.updateMessageReady = (id) => ready.run(id);

    // Queue URLs then have the host of the client's request.
    stores.sqsStore.host = '';

    // The loaded data must not be written again: connected afterwards.
    persistence.loadSqsAndSns(stores.sqsStore, stores.snsStore);
    stores.sqsStore.persistence = persistence;
    stores.snsStore.persistence = persistence;
    for (const queue of stores.sqsStore.allQueues()) {
        queue.persistence = persistence;
    }

    return { stores, persistence };
}

// A long poll whose client has disconnected receives no message.  Otherwise the
// message would stay invisible until its time-out, and the receive would count.
function addCallers(app) {
    const caller = new AsyncLocalStorage();
    const dequeue = SqsQueue.prototype.dequeue;

    SqsQueue.prototype.dequeue = function (...args) {
        return caller.getStore()?.destroyed ? [] : dequeue.apply(this, args);
    };

    app.addHook('preHandler', (request, reply, done) => {
        caller.run(request.raw.socket, done);
    });
}

function operationOf(request) {
    const target = request.headers['x-amz-target'];
    if (target) {
        return target.slice(target.indexOf('.') + 1);
    }
    return request.body?.Action ?? '';
}

function takeFault(operation, body) {
    for (const fault of faults) {
        if (fault.operation !== '*' && fault.operation !== operation) {
            continue;
        }
        if (fault.match && !JSON.stringify(body).includes(fault.match)) {
            continue;
        }
        if (fault.skip > 0) {
            fault.skip--;
            continue;
        }
        if (fault.times > 0 && --fault.times === 0) {
            faults = faults.filter((other) => other !== fault);
        }
        counts.faults[fault.fault] = (counts.faults[fault.fault] ?? 0) + 1;
        return fault;
    }
    return null;
}

function answerError(request, reply, fault) {
    const code = fault.code ?? 'ServiceUnavailable';

    reply.code(fault.status);
    if (fault.retry_after !== undefined) {
        reply.header('retry-after', String(fault.retry_after));
    }
    if (request.headers['x-amz-target']) {
        reply.header('content-type', 'application/x-amz-json-1.0');
        return reply.send({
            __type: `com.amazonaws.sqs#${code}`, message: 'injected',
        });
    }
    reply.header('content-type', 'text/xml');
    return reply.send('<ErrorResponse><Error><Type>Receiver</Type>'
        + `<Code>${code}</Code><Message>injected</Message></Error>`
        + '<RequestId>injected</RequestId></ErrorResponse>');
}

function addFaults(app) {
    app.addHook('preHandler', async (request, reply) => {
        if (request.method !== 'POST' || request.url !== '/') {
            return undefined;
        }

        const operation = operationOf(request);
        counts.calls[operation] = (counts.calls[operation] ?? 0) + 1;

        const fault = takeFault(operation, request.body);
        switch (fault?.fault) {
        case 'status':
            return answerError(request, reply, fault);
        case 'delay':
            await new Promise((done) => setTimeout(done, fault.ms));
            return undefined;
        case 'reset':
            reply.hijack();
            request.raw.socket.resetAndDestroy();
            return reply;
        case 'hang':
            reply.hijack();
            return reply;
        case 'empty':
            reply.header('content-type', 'application/x-amz-json-1.0');
            return reply.send({});
        case 'lost':
            request.loseAnswer = true;
            return undefined;
        default:
            return undefined;
        }
    });

    app.addHook('onSend', async (request, reply, payload) => {
        if (request.loseAnswer) {
            request.raw.socket.resetAndDestroy();
        }
        return payload;
    });
}

function readFault(body) {
    if (!Buffer.isBuffer(body)) {
        throw new Error('Content-Type must be application/json');
    }

    const asked = JSON.parse(body.toString());
    const fault = {
        operation: '*', status: 503, ms: 1000, times: 1, skip: 0, ...asked,
    };

    if (!KINDS.has(fault.fault)) {
        throw new Error(`"fault" must be one of ${[...KINDS].join(', ')}, `
            + `found ${JSON.stringify(fault.fault)}`);
    }
    for (const name of ['status', 'ms', 'times', 'skip']) {
        if (!Number.isInteger(fault[name]) || fault[name] < 0) {
            throw new Error(`"${name}" must be a whole number, found `
                + JSON.stringify(fault[name]));
        }
    }
    return fault;
}

function addControl(app) {
    app.get('/_control/faults', async () => faults);
    app.get('/_control/counts', async () => counts);

    app.post('/_control/faults', async (request, reply) => {
        try {
            faults.push(readFault(request.body));
        } catch (error) {
            reply.code(400);
            return { error: error.message };
        }
        return faults;
    });

    app.delete('/_control/faults', async () => {
        faults = [];
        return faults;
    });
}

const { stores, persistence } = openStores(process.env.EMULATOR_DATA);
const app = buildApp({ logger: false, defaultRegion: region, stores });

addCallers(app);
addFaults(app);
addControl(app);

for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
        await app.close();
        persistence.close();
        process.exit(0);
    });
}

try {
    await app.listen({ host: '127.0.0.1', port });
} catch (error) {
    console.error(`emulator: ${error.message}`);
    process.exit(1);
}
console.log(`emulator: 127.0.0.1:${port}, region ${region}`);
