"""The fault proxy, the load and the checker's helpers as other processes."""

import json
import os
import signal
import socket
import subprocess
import sys

from process import Failure, free_port, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))


def script(name, *args, log):
    """Starts one that ends at the end of its standard input, so when this
    process ends for any reason."""
    with open(log, 'ab') as errors:
        popen = subprocess.Popen(
            [sys.executable, '-B', os.path.join(HERE, name), *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            text=True, start_new_session=True)
    if popen.stdout.readline().strip() != 'ready':
        raise Failure(f'{name} did not start: see {log}')
    return popen


class ProxyLine:
    """A control connection to a proxy, for one thread."""

    def __init__(self, control):
        self.control = control
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(control)
        self.file = self.line.makefile('rw')

    def do(self, what, **more):
        self.file.write(json.dumps(dict(more, do=what)) + '\n')
        self.file.flush()
        answer = json.loads(self.file.readline())
        if not answer.pop('ok'):
            raise Failure(f'proxy: {answer["error"]}')
        return answer

    def rule(self, action, **more):
        return self.do('rule', action=action, **more)['rule']

    def events(self, since=0):
        return self.do('events', since=since)['events']

    def mark(self):
        """The number that the next event will have."""
        return len(self.events())

    def wait_event(self, what, since, timeout=10, **more):
        def seen():
            for event in self.events(since):
                if event['what'] == what and all(
                        event.get(k) == v for k, v in more.items()):
                    return event
            return None
        return wait_until(f'the proxy reports "{what}"', seen, timeout, 0.01)


class Proxy(ProxyLine):
    """A running proxy.py."""

    def __init__(self, folder, to, name='proxy'):
        self.port = free_port()
        self.address = f'127.0.0.1:{self.port}'
        control = os.path.join(folder, name + '.control')
        self.popen = script('proxy.py', '--listen', self.address, '--to', to,
                            '--control', control,
                            log=os.path.join(folder, name + '.log'))
        super().__init__(control)

    def stop(self):
        self.line.close()
        self.popen.kill()
        self.popen.wait()


class Buyers:
    """A running load.py, or another program with its settings."""

    def __init__(self, folder, name='buyers', program='load.py', **config):
        self.log = os.path.join(folder, name + '.jsonl')
        path = os.path.join(folder, name + '.json')
        config['log'] = self.log
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(config, f)
        self.popen = script(program, path,
                            log=os.path.join(folder, name + '.log'))

    def wait(self, timeout):
        """Waits until it has ended by itself."""
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired as e:
            raise Failure(f'the clients take more than {timeout} s') from e

    def stop(self, timeout=60):
        """Ends it after the last answers; returns their numbers by status."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            out, _ = self.popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as e:
            self.popen.kill()
            raise Failure('the clients did not end') from e
        if self.popen.returncode:
            raise Failure('the clients failed: see their log')
        return json.loads(out.strip().split('\n')[-1])
