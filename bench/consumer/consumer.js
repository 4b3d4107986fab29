/*
 * The consumer as a Node developer would write it: sqs-consumer, axios with
 * kept connections.  No database, no lease: for each message it calls the
 * factory, then deletes the message.
 *
 *     QUEUE_URL FACTORY_API_URL CALLBACK_URL, AWS_... in the environment
 *     CONSUMERS   how many of them share the process (1)
 *     BATCH       how many messages each handles at once: each (one) or ten
 */

import http from 'node:http';
import { SQSClient } from '@aws-sdk/client-sqs';
import axios from 'axios';
import { Consumer } from 'sqs-consumer';

const env = process.env;

const factory = axios.create({
    timeout: 10000,
    maxRedirects: 0,
    httpAgent: new http.Agent({ keepAlive: true }),
});

const sqs = new SQSClient({});

/* An SNS envelope in the body, or raw delivery. */
function attributesOf(message) {
    if (message.MessageAttributes) {
        return (name) => message.MessageAttributes[name]?.StringValue;
    }
    const attributes = JSON.parse(message.Body).MessageAttributes;
    return (name) => attributes[name]?.Value;
}

async function handle(message) {
    const value = attributesOf(message);
    await factory.post(env.FACTORY_API_URL, {
        MessageGroupId: 'stock-arrival-group',
        MessageAttributeProductId: value('MessageAttributeProductId'),
        MessageAttributeProductCnt: value('MessageAttributeProductCnt'),
        MessageAttributeFactoryId: value('MessageAttributeFactoryId'),
        MessageAttributeRequester: value('MessageAttributeRequester'),
        CallbackUrl: env.CALLBACK_URL,
    });
    return message;
}

const handler = env.BATCH === 'ten'
    ? { handleMessageBatch: (messages) => Promise.all(messages.map(handle)) }
    : { handleMessage: handle };

for (let i = 0; i < Number(env.CONSUMERS ?? 1); i++) {
    const app = Consumer.create({
        queueUrl: env.QUEUE_URL, sqs, batchSize: 10,
        messageAttributeNames: ['All'], ...handler,
    });
    for (const event of ['error', 'processing_error', 'timeout_error']) {
        app.on(event, (error) => console.error(event, error.message));
    }
    app.start();
}
