"""nginx with the module, with the number of hosts that a round uses."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import time

import database
from process import (Failure, alive, children, free_port, reap, send,
                     wait_until)

# A secret for the rounds only: it protects nothing.
SECRET = 'chaos rounds sign with this text'

CONF = '''load_module {module};
{user}
worker_processes {workers};
worker_shutdown_timeout 30s;
pid {folder}/pid;
error_log {folder}/error.log {level};
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    autostock_status_zone autostock:1m;
    autostock_database shop {{
        server {server};
        user {db_user};
        password {password};
        database {db_name};
        {database}
    }}
    autostock shop;
    autostock_timeout {timeout};
    autostock_restock_timeout 3s;
    autostock_callback_secret_file {secret};
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location = /checkout {{ autostock_checkout; }}
        location = /hold {{ autostock_hold; }}
        location = /hold/confirm {{ autostock_confirm; }}
        location = /hold/confirm-late {{
            autostock_confirm;
            autostock_hold_grace 1h;
        }}
        location = /hold/release {{ autostock_release; }}
        location = /return {{ autostock_return; }}
        location ~ (?s)^/product/(?<sku>.+)$ {{
            autostock_sku $sku;
            autostock_product;
            autostock_restock;
        }}
        location = /status {{ autostock_status; }}
        location = /plain {{ return 200 "plain"; }}
    }}
}}
'''

# Short time-outs, so that a fault can last longer than each of them.
DATABASE = ('pool_size {pool}; connect_timeout 500ms; query_timeout {query};'
            ' idle_timeout 10s; lifetime 60s; durability {durability};')


def built():
    """The build's own nginx, where it has one (make asan)."""
    path = f'{database.BUILD}/nginx'
    return path if os.path.isfile(path) else None


class Nginx:
    """One host: a master and its workers."""

    def __init__(self, folder, server, workers=2, pool=2, query='700ms',
                 timeout='2500ms', durability='warn', secret=None, port=None,
                 level='notice', extra='', binary=None, module=None):
        self.folder = folder
        self.port = port or free_port()
        self.url = f'127.0.0.1:{self.port}'
        # The full path, since an upgrade executes the first argument.
        self.binary = shutil.which(
            binary or os.environ.get('CHAOS_NGINX')
            or os.environ.get('TEST_NGINX_BINARY') or built() or 'nginx')
        self.module = module or os.environ.get(
            'CHAOS_MODULE',
            f'{database.BUILD}/ngx_http_autostock_module.so')
        self.pool = pool
        self.workers = workers
        os.makedirs(folder, exist_ok=True)
        if secret is None:
            secret = os.path.join(folder, 'secret')
            with open(secret, 'w', encoding='ascii') as f:
                f.write(f'{SECRET}\n')
            os.chmod(secret, 0o600)
        self.values = {
            'user': 'user root;' if os.geteuid() == 0 else '',
            'workers': workers, 'folder': folder, 'server': server,
            'module': self.module, 'db_user': database.USER,
            'password': database.PASSWORD, 'db_name': database.NAME,
            'timeout': timeout, 'secret': secret, 'port': self.port,
            'level': level,
            'database': DATABASE.format(pool=pool, query=query,
                                        durability=durability) + extra,
        }
        self.conf = os.path.join(folder, 'nginx.conf')
        self.write()

    def write(self, **values):
        self.values.update(values)
        with open(self.conf, 'w', encoding='utf-8') as f:
            f.write(CONF.format(**self.values))

    def command(self, *more):
        return [self.binary, '-p', self.folder, '-c', self.conf,
                '-e', f'{self.folder}/error.log', *more]

    def start(self, wait=True):
        done = subprocess.run(self.command(), capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Failure('nginx: ' + done.stderr[-2000:])
        wait_until('nginx writes its pid', self.master)
        if wait:
            wait_until('nginx answers', self.answers)

    def master(self):
        try:
            with open(f'{self.folder}/pid', encoding='ascii') as f:
                return int(f.read() or 0)
        except (OSError, ValueError):
            return 0

    def worker_pids(self):
        return children(self.master()) if alive(self.master()) else []

    def get(self, path, timeout=5):
        """(status, body), or (None, '') without an answer."""
        line = http.client.HTTPConnection('127.0.0.1', self.port,
                                          timeout=timeout)
        try:
            line.request('GET', path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None, ''
        finally:
            line.close()

    def answers(self):
        return self.get('/plain', 2)[0] == 200

    def status(self):
        code, body = self.get('/status?format=json')
        return json.loads(body) if code == 200 else {}

    def tell(self, number):
        return send(self.master(), number)

    def stop(self, number=signal.SIGTERM, timeout=40):
        """Ends it and waits until every worker has ended, too."""
        master = self.master()
        if not alive(master):
            return
        workers = children(master)
        for pid in workers:
            send(pid, signal.SIGCONT)
        send(master, signal.SIGCONT)
        send(master, number)
        end = time.monotonic() + timeout
        while any(alive(p) for p in [master, *workers]):
            reap()
            if time.monotonic() > end:
                for pid in [master, *workers]:
                    send(pid, signal.SIGKILL)
                raise Failure(f'nginx did not end within {timeout} s')
            time.sleep(0.02)

    def log(self):
        try:
            with open(f'{self.folder}/error.log', encoding='utf-8',
                      errors='replace') as f:
                return f.read()
        except OSError:
            return ''
